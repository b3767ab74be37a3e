/**
 * The STATE message of a host application [tck-id-host-topic-phid-birth-payload]. `instance` is ours: it names
 * the data directory behind the host, so that two collectors with one host id notice each other.
 */
export interface HostState {
	readonly online: boolean;
	readonly timestampMs: number;
	readonly instance?: string;
}

const stateBytesMax = 4096;

export function encodeHostState(state: HostState): string {
	const { online, timestampMs: timestamp, instance } = state;
	return JSON.stringify(instance === undefined ? { online, timestamp } : { online, timestamp, instance });
}

/** The state in a STATE payload, or undefined when it is something else (for instance the text of version 2.2). */
export function decodeHostState(payload: Uint8Array): HostState | undefined {
	if (payload.length > stateBytesMax) return undefined;
	try {
		const raw: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
		if (typeof raw !== "object" || raw === null) return undefined;
		const { online, timestamp, instance } = raw as Record<string, unknown>;
		if (typeof online !== "boolean" || typeof timestamp !== "number") return undefined;
		return { online, timestampMs: timestamp, ...(typeof instance === "string" ? { instance } : {}) };
	} catch {
		return undefined;
	}
}
