/** The STATE message of a host application: these two and nothing else [tck-id-host-topic-phid-birth-payload]. */
export interface HostState {
	readonly online: boolean;
	readonly timestampMs: number;
}

const stateBytesMax = 4096;

/** There are edge nodes that refuse a STATE with a further key. */
export function encodeHostState({ online, timestampMs }: HostState): string {
	return JSON.stringify({ online, timestamp: timestampMs });
}

/** The state in a STATE payload, or undefined when it is something else (for instance the text of version 2.2). */
export function decodeHostState(payload: Uint8Array): HostState | undefined {
	if (payload.length > stateBytesMax) return undefined;
	try {
		const raw: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
		if (typeof raw !== "object" || raw === null) return undefined;
		const { online, timestamp } = raw as Record<string, unknown>;
		if (typeof online !== "boolean" || typeof timestamp !== "number") return undefined;
		return { online, timestampMs: timestamp };
	} catch {
		return undefined;
	}
}
