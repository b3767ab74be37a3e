// When the limits of a window that goes on applying are told again: at whole multiples of six hours of source time. Whoever
// reads a stretch of time finds the limits at its beginning by looking back no farther than that.

export const limitsEveryMs = 6 * 3_600_000;

/** After so long a silence nobody reads in the middle of it; a clock that jumped by years must not make a point for each day. */
const timesMost = 40;

/** The first of the times after `ms`, or one that is `steps` of them away from it. */
export function nextLimitsMs(ms: number, steps = 1): number {
	return (Math.floor(ms / limitsEveryMs) + steps) * limitsEveryMs;
}

/** The times from `nextMs`, which is one of them, up to `toMs`; of very many the last. */
export function limitTimes(nextMs: number, toMs: number): number[] {
	const count = Math.floor((toMs - nextMs) / limitsEveryMs) + 1;
	const told = Math.max(0, Math.min(timesMost, count));
	return Array.from({ length: told }, (_, index) => nextMs + (count - told + index) * limitsEveryMs);
}
