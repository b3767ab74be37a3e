import type { StoreFile } from "./store-file.ts";

/** Samples between two countings at least, and for each series there is. */
const countEvery = { samples: 100_000, perSeries: 20 };

/**
 * Counts samples by series while they are inserted, and writes the counts in large steps: a row for each series costs as
 * much as ten samples do. After a start or a rollback memory does not know what is uncounted; then the file is asked once.
 */
export class SeriesCounts {
	readonly #file: StoreFile;
	readonly #everySamples: number;
	/** By series id: samples since the last counting, and the position of the newest of them. */
	#samples = new Uint32Array(64);
	#lastPos = new Float64Array(64);
	#series: number[] = [];
	#uncounted = 0;
	#newestPos = -1;
	#knowsAll: boolean;

	/** `knowsAll`: the file is new. */
	constructor(file: StoreFile, knowsAll: boolean, everySamples = countEvery.samples) {
		this.#file = file;
		this.#knowsAll = knowsAll;
		this.#everySamples = everySamples;
	}

	/** A sample of `series` stands at `pos`, which is higher than every one before. */
	add(series: number, pos: number): void {
		if (series >= this.#samples.length) this.#reserve(series + 1);
		if (this.#samples[series] === 0) this.#series.push(series);
		this.#samples[series] = (this.#samples[series] as number) + 1;
		this.#lastPos[series] = pos;
		this.#newestPos = pos;
		this.#uncounted++;
	}

	/** Writes the counts when they are due; within the transaction that inserted. */
	write(): void {
		if (this.#uncounted < Math.max(this.#everySamples, countEvery.perSeries * this.#series.length)) return;
		this.writeAll();
	}

	/** Writes the counts now, whether due or not. */
	writeAll(): void {
		if (this.#knowsAll && this.#uncounted === 0) return;
		if (this.#knowsAll) this.#writeKnown();
		else this.#countInFile();
		this.#forget();
		this.#knowsAll = true;
	}

	/** What was added since the last commit is not in the file. */
	rolledBack(): void {
		this.#forget();
		this.#knowsAll = false;
	}

	#writeKnown(): void {
		const add = this.#file.statement(
			`INSERT INTO series_counted VALUES (?, ?, ?)
			ON CONFLICT(series) DO UPDATE SET samples = samples + excluded.samples, last_pos = excluded.last_pos`,
		);
		for (const series of this.#series.sort((a, b) => a - b))
			add.run(series, this.#samples[series] as number, this.#lastPos[series] as number);
		this.#file.run("UPDATE meta SET value = ? WHERE key = 'counted_to'", String(this.#newestPos + 1));
	}

	/** One statement for many samples of many series costs a fraction of one for each. */
	#countInFile(): void {
		const from = "(SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'counted_to')";
		this.#file.run(
			`INSERT INTO series_counted SELECT series, count(*), max(pos) FROM sample WHERE pos >= ${from} GROUP BY series
			ON CONFLICT(series) DO UPDATE SET samples = samples + excluded.samples, last_pos = excluded.last_pos`,
		);
		// All that was counted before may be deleted by now.
		this.#file.run(
			"UPDATE meta SET value = CAST(max(CAST(value AS INTEGER), (SELECT coalesce(max(pos), -1) + 1 FROM sample)) AS TEXT) WHERE key = 'counted_to'",
		);
	}

	#forget(): void {
		for (const series of this.#series) this.#samples[series] = 0;
		this.#series = [];
		this.#uncounted = 0;
	}

	#reserve(series: number): void {
		const samples = new Uint32Array(Math.max(series, 2 * this.#samples.length));
		samples.set(this.#samples);
		const lastPos = new Float64Array(samples.length);
		lastPos.set(this.#lastPos);
		this.#samples = samples;
		this.#lastPos = lastPos;
	}
}
