/** Milliseconds since 1970 UTC. */
export type EpochMs = number;

/** OPC UA counts time in ticks of 100 ns; one millisecond has this many. */
export const ticksPerMs = 10_000;

/**
 * A time to 100 ns is kept as two numbers, because ticks since 1970 do not fit a double:
 * whole milliseconds, and the rest in ticks (0 to 9,999).
 */
export interface PreciseTime {
	readonly ms: EpochMs;
	readonly restTicks: number;
}

/** Nanoseconds since 1970, exact; for edges of the product only, never per sample on a hot path. */
export function toNanoseconds(time: PreciseTime): bigint {
	return BigInt(time.ms) * 1_000_000n + BigInt(time.restTicks) * 100n;
}
