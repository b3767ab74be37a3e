/** Why values are missing. */
export const gapCauses = [
	"server_unreachable",
	"server_overflow",
	"agent_down",
	"journal_bound",
	"journal_replaced",
	"store_restored",
	"store_damaged",
	"conflict",
	"clock",
	"sequence",
	"reconfigured",
	"unknown",
] as const;

export type GapCause = (typeof gapCauses)[number];

/** A hole in the data: these tags of this device, from and to in source time, and why. */
export interface Gap {
	readonly device: string;
	/** Empty means every tag of the device. */
	readonly tags: readonly string[];
	readonly fromMs: number;
	readonly toMs: number;
	readonly cause: GapCause;
	readonly backfilled: boolean;
}

/** The text of a `Data/Gap` sample. */
export function encodeGap(gap: Gap): string {
	return JSON.stringify(gap);
}

/** The gap in a `Data/Gap` sample, or undefined when the text is something else. */
export function decodeGap(text: string): Gap | undefined {
	let raw: Partial<Record<keyof Gap, unknown>>;
	try {
		raw = JSON.parse(text);
	} catch {
		return undefined;
	}
	if (typeof raw !== "object" || raw === null) return undefined;
	const { device, tags, fromMs, toMs, cause, backfilled } = raw;
	if (typeof device !== "string" || typeof fromMs !== "number" || typeof toMs !== "number") return undefined;
	if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string")) return undefined;
	const known = gapCauses.find((name) => name === cause) ?? "unknown";
	return { device, tags, fromMs, toMs, cause: known, backfilled: backfilled === true };
}
