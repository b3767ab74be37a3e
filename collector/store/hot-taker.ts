import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { cellValue, hotColumns, plainHotColumns, type SeriesTypes, takeHotRow } from "./hot-rows.ts";
import type { PositionedSamples } from "./positioned-samples.ts";

const takers = new WeakMap<DatabaseSync, HotTaker>();

/**
 * Takes hot samples out of SQLite without a row between: an aggregate function gets each sample's cells and puts them into
 * columns, which costs less than an array for each. One for a connection.
 */
export class HotTaker {
	readonly #db: DatabaseSync;
	#to: PositionedSamples | undefined;
	#typeOf: SeriesTypes = () => undefined;

	static of(db: DatabaseSync): HotTaker {
		let taker = takers.get(db);
		if (taker === undefined) {
			taker = new HotTaker(db);
			takers.set(db, taker);
		}
		return taker;
	}

	private constructor(db: DatabaseSync) {
		this.#db = db;
		db.aggregate<number>("take_sample", { start: 0, step: this.#step, result: (taken) => taken });
	}

	/** A question for the samples of `sample s`, such as `FROM sample s WHERE s.pos >= ?`. */
	question(from: string): HotQuestion {
		const taking = this.#db.prepare(`SELECT take_sample(${plainHotColumns("s")}) taken ${from}`);
		const reading = this.#db.prepare(`SELECT ${hotColumns("s")} ${from}`);
		reading.setReturnArrays(true);
		return { taking, reading };
	}

	/** Adds what the question finds to the end. */
	take(
		{ taking, reading }: HotQuestion,
		values: readonly SQLInputValue[],
		to: PositionedSamples,
		typeOf: SeriesTypes,
	): void {
		const before = to.samples.count;
		this.#to = to;
		this.#typeOf = typeOf;
		const row = taking.get(...values) as { taken: number } | undefined;
		this.#to = undefined;
		if (row?.taken === to.samples.count - before) return;
		// node:sqlite gives no row when a step fails, as it does for a 64-bit integer beyond 2^53: digits say it, and an error is
		// thrown here.
		to.samples.count = before;
		for (const cells of reading.all(...values) as unknown as SQLOutputValue[][])
			takeHotRow(to, cells, typeOf);
	}

	/** The cells of `plainHotColumns`. */
	readonly #step = (
		taken: number,
		pos: SQLOutputValue,
		series: SQLOutputValue,
		sourceMs: SQLOutputValue,
		rest: SQLOutputValue,
		lag: SQLOutputValue,
		status: SQLOutputValue,
		value: SQLOutputValue,
	): number => {
		const to = this.#to as PositionedSamples;
		const { samples } = to;
		const index = samples.count;
		if (index === samples.capacity) to.reserve(Math.max(1024, 2 * index));
		to.pos[index] = pos as number;
		samples.tagId[index] = series as number;
		samples.sourceMs[index] = sourceMs as number;
		samples.sourceRestTicks[index] = rest as number;
		samples.serverLagTicks[index] = lag === null ? Number.NaN : (lag as number);
		samples.status[index] = status as number;
		// A fraction is the same in every data type.
		const isPlain = typeof value === "number" && !Number.isInteger(value);
		samples.setValue(index, isPlain ? value : cellValue(value, this.#typeOf(series as number)));
		samples.count = index + 1;
		return taken + 1;
	};
}

/** The same question, by the aggregate and as rows with digits for 64-bit integers. */
export interface HotQuestion {
	readonly taking: StatementSync;
	readonly reading: StatementSync;
}
