import { rollupMinuteMs } from "./parts/rollup.ts";

/** Files that one question reads together. */
const togetherMax = 64;

/** Whole minutes that rollups tell of, in files that follow each other; `endMs` is not included. */
export interface RollupStretch {
	readonly files: readonly string[];
	readonly fromMs: number;
	readonly endMs: number;
}

interface WithRollup {
	readonly rollup: string | undefined;
	readonly minMs: number;
	readonly maxMs: number;
}

/**
 * The stretches of a period, in order of time, of whose minutes all samples are in one part that has a rollup. `others`
 * counts what else has samples between two times, both included. Pure.
 */
export function rollupStretches(
	{ parts, others }: { parts: readonly WithRollup[]; others: (minMs: number, maxMs: number) => number },
	{ fromMs, toMs }: { fromMs: number; toMs: number },
): RollupStretch[] {
	const stretches: RollupStretch[] = [];
	for (const { rollup, minMs, maxMs } of parts.toSorted((a, b) => a.minMs - b.minMs)) {
		const firstMs = Math.floor(minMs / rollupMinuteMs) * rollupMinuteMs;
		const lastMs = Math.ceil((maxMs + 1) / rollupMinuteMs) * rollupMinuteMs;
		if (rollup === undefined || others(firstMs, lastMs - 1) > 0) continue;
		const begin = Math.max(Math.ceil(fromMs / rollupMinuteMs) * rollupMinuteMs, firstMs);
		const endMs = Math.min(Math.floor((toMs + 1) / rollupMinuteMs) * rollupMinuteMs, lastMs);
		if (begin >= endMs) continue;
		const before = stretches.at(-1);
		// Days that follow each other are read together.
		if (before !== undefined && before.endMs === begin && before.files.length < togetherMax)
			stretches[stretches.length - 1] = { files: [...before.files, rollup], fromMs: before.fromMs, endMs };
		else stretches.push({ files: [rollup], fromMs: begin, endMs });
	}
	return stretches;
}
