import { rollupMinuteMs } from "./parts/rollup.ts";

/** Whole minutes that a rollup tells of; `endMs` is not included. */
export interface RollupStretch {
	readonly file: string;
	readonly fromMs: number;
	readonly endMs: number;
}

interface WithRollup {
	readonly rollup: string | undefined;
	readonly minMs: number;
	readonly maxMs: number;
}

/**
 * The stretches of a period, in order of time, whose samples are all in one part that has a rollup. `others` counts what
 * else has samples between two times. Pure.
 */
export function rollupStretches(
	{ parts, others }: { parts: readonly WithRollup[]; others: (minMs: number, maxMs: number) => number },
	{ fromMs, toMs }: { fromMs: number; toMs: number },
): RollupStretch[] {
	return parts
		.flatMap(({ rollup, minMs, maxMs }) => {
			if (rollup === undefined || others(minMs, maxMs) > 0) return [];
			const begin = Math.ceil(Math.max(fromMs, minMs) / rollupMinuteMs) * rollupMinuteMs;
			const endMs = Math.floor((Math.min(toMs, maxMs) + 1) / rollupMinuteMs) * rollupMinuteMs;
			return begin < endMs ? [{ file: rollup, fromMs: begin, endMs }] : [];
		})
		.sort((a, b) => a.fromMs - b.fromMs);
}
