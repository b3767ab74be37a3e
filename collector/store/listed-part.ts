/** A sealed part that the store lists; its times are those of its samples, both ends included. */
export interface ListedPart {
	readonly file: string;
	readonly fromPos: number;
	/** Not included. */
	readonly toPos: number;
	readonly minMs: number;
	readonly maxMs: number;
	readonly rollup: string | undefined;
}

/**
 * Files in order of time, and whether one after the other they give these series in order of source time and position: each
 * part is written in that order by series, so one series of parts that do not overlap needs no sorting. Pure.
 */
export function filesInOrder(
	parts: readonly ListedPart[],
	series: readonly number[],
): { files: string[]; isOrdered: boolean } {
	const sorted = parts.toSorted((a, b) => a.minMs - b.minMs);
	const overlap = sorted.some(
		({ minMs }, index) => index > 0 && minMs <= (sorted[index - 1] as ListedPart).maxMs,
	);
	return { files: sorted.map(({ file }) => file), isOrdered: series.length === 1 && !overlap };
}
