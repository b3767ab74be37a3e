/** Figures of a minute of a series; minutes without samples have no row. */
export const minuteFigures = [
	"samples",
	/** Not Good, or without a finite number. */
	"notGood",
	/** NaN when no sample is Good. */
	"min",
	"max",
	"firstMs",
	"lastMs",
	/** NaN when the last sample is not Good. */
	"last",
	/** Value × ms from the first to the last sample, each Good value for as long as it held. */
	"integral",
	/** Of that time, what a Good value covered. */
	"coveredMs",
] as const;
const firstMsAt = minuteFigures.indexOf("firstMs");

type ForEach<Names extends readonly string[], T> = { readonly [Name in keyof Names]: T };

/** Minutes of one series, a column for each figure. */
export class RollupMinutes {
	count = 0;
	#columns = minuteFigures.map(() => new Float64Array(256));

	/** In the order of `minuteFigures`; the first `count` of each mean something. */
	get columns(): ForEach<typeof minuteFigures, Float64Array> {
		return this.#columns as unknown as ForEach<typeof minuteFigures, Float64Array>;
	}

	/** Adds rows of columns in the order of `minuteFigures` to the end. */
	add(columns: readonly Float64Array[], from: number, to: number): void {
		const count = this.count + to - from;
		if (count > (this.#columns[0] as Float64Array).length)
			this.#columns = this.#columns.map((column) => {
				const grown = new Float64Array(Math.max(count, 2 * column.length));
				grown.set(column);
				return grown;
			});
		for (const [index, column] of this.#columns.entries())
			column.set((columns[index] as Float64Array).subarray(from, to), this.count);
		this.count = count;
	}

	/** Puts them in order of time. */
	sort(): void {
		const firstMs = this.#columns[firstMsAt] as Float64Array;
		let isSorted = true;
		for (let index = 1; index < this.count; index++)
			isSorted &&= (firstMs[index - 1] as number) <= (firstMs[index] as number);
		if (isSorted) return;
		const order = Uint32Array.from({ length: this.count }, (_, index) => index).sort(
			(a, b) => (firstMs[a] as number) - (firstMs[b] as number),
		);
		this.#columns = this.#columns.map((column) => Float64Array.from(order, (at) => column[at] as number));
	}
}
