import { bucketPiecesMost } from "../samples-port.ts";
import { RollupMinutes } from "./parts/rollup-minutes.ts";
import type { SealedRows } from "./parts/sealed-rows.ts";
import type { RollupStretch } from "./rollup-stretches.ts";

/**
 * Minutes of several series in one view. What is asked for one after the other is read together: the files are the same, and
 * series beside each other share their row groups.
 */
export class RollupReading {
	readonly #sealed: SealedRows;
	#wanted: readonly number[] = [];
	/** Read and not yet taken, by files and series. */
	readonly #read = new Map<string, RollupMinutes>();

	constructor(sealed: SealedRows) {
		this.#sealed = sealed;
	}

	/** These series are going to be asked for the same stretches, each once; at most `bucketPiecesMost`. */
	want(series: readonly number[]): void {
		this.#wanted = series.slice(0, bucketPiecesMost);
		this.#read.clear();
	}

	/** In order. @throws DamagedPart */
	async of(stretch: RollupStretch, series: number): Promise<RollupMinutes> {
		const { files, fromMs, endMs } = stretch;
		const key = (one: number) => `${one} ${fromMs} ${endMs} ${files.join(" ")}`;
		const found = this.#read.get(key(series));
		if (found !== undefined) {
			this.#read.delete(key(series));
			return found;
		}
		const together = this.#wanted.includes(series) ? this.#wanted : [series];
		const minutes = await this.#sealed.rollups(files, together, stretch);
		for (const one of together)
			if (one !== series) this.#read.set(key(one), minutes.get(one) ?? new RollupMinutes());
		return minutes.get(series) ?? new RollupMinutes();
	}
}
