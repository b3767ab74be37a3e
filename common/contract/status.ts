// OPC UA StatusCode (32 bits) against Sparkplug's three quality codes.
//
// | OPC UA                                             | Sparkplug `Quality` |
// | -------------------------------------------------- | ------------------- |
// | Good, with any information bits                    | none (means 192)    |
// | Bad or Uncertain because the connection is lost    | 500 (stale)         |
// | every other Bad or Uncertain                       | 0 (bad)             |
//
// Sparkplug has no "uncertain" [tck-id-payloads-propertyset-quality-value-value]; an Uncertain value must not
// pass as good with a host that knows nothing else. The full status always travels beside it.

/** The property that carries the full 32-bit status of a metric that is not Good. */
export const statusProperty = "StatusCode";
/** The Sparkplug property [tck-id-payloads-propertyset-quality-value-type]. */
export const qualityProperty = "Quality";

export const qualityBad = 0;
export const qualityGood = 192;
export const qualityStale = 500;

export const statusCodes = {
	Good: 0x00000000,
	BadNoCommunication: 0x80310000,
	BadWaitingForInitialData: 0x80320000,
	BadNodeIdUnknown: 0x80340000,
	BadTypeMismatch: 0x80740000,
	BadNoData: 0x809b0000,
	BadServerNotConnected: 0x800d0000,
	/** What a foreign edge node's `Quality` 0 becomes when it says nothing more. */
	Bad: 0x80000000,
} as const;

/** Part 4 §7.39: severity is the two highest bits; 11 is reserved and treated as Bad. */
export type Severity = "good" | "uncertain" | "bad";

export function severity(status: number): Severity {
	const bits = status >>> 30;
	return bits === 0 ? "good" : bits === 1 ? "uncertain" : "bad";
}

export function isGood(status: number): boolean {
	return status >>> 30 === 0;
}

/** Part 4 §7.39: a data value whose queue lost older values (InfoType DataValue with the Overflow bit). */
export function hasOverflow(status: number): boolean {
	// Both bits of the info type count: 11 is reserved (Part 4 §7.39).
	return (status & 0xc80) === 0x480;
}

// Sub-codes (upper 16 bits) that say "the connection behind this value is gone".
const connectionLost: ReadonlySet<number> = new Set([
	0x8005, 0x800a, 0x800d, 0x8026, 0x8031, 0x808a, 0x80ac, 0x80ad, 0x80ae, 0x408f,
]);

/** The Sparkplug quality code of a status; 192 stands for "send no property". */
export function qualityOf(status: number): typeof qualityBad | typeof qualityGood | typeof qualityStale {
	if (isGood(status)) return qualityGood;
	return connectionLost.has(status >>> 16) ? qualityStale : qualityBad;
}

/** The status of a value from an edge node that sends only Sparkplug's quality. */
export function statusOfQuality(quality: number): number {
	if (quality === qualityGood) return statusCodes.Good;
	return quality === qualityStale ? statusCodes.BadNoCommunication : statusCodes.Bad;
}
