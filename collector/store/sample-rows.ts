// Every reading of samples goes through here: what is sealed in parts and what is still hot, as one. The parts are
// those that the store lists in the view in which the hot rows are read.

import type { DatabaseSync } from "node:sqlite";
import { type Datatype, datatypes, isInteger64 } from "../../common/contract/datatype.ts";
import { samplesPerSeq } from "../pipeline.ts";
import { hotBefore } from "./hot-before.ts";
import { hotOfSeries } from "./hot-of-series.ts";
import { hotColumns, type SeriesTypes, takeHotRow } from "./hot-rows.ts";
import { filesInOrder, type ListedPart } from "./listed-part.ts";
import { NewestOfEach } from "./newest-of-each.ts";
import { append, type SealedRows } from "./parts/sealed-rows.ts";
import { PositionedSamples } from "./positioned-samples.ts";
import { all, get } from "./read-rows.ts";
import { RecordRows } from "./records/record-rows.ts";
import { RollupReading } from "./rollup-reading.ts";
import { type RollupStretch, rollupStretches } from "./rollup-stretches.ts";

/** Samples of these series in records of their unit; source times, both ends included. */
export interface SeriesQuery {
	readonly unit: string;
	readonly series: readonly number[];
	readonly fromMs: number;
	readonly toMs: number;
}

/** Where a record's samples stand. */
export interface Place {
	readonly seq: number;
	readonly samples: number;
}

const hotBatch = 4_096;
/** How far before a time sealed samples are searched for a tag's value. */
const lookBackMs = 30 * 86_400_000;
const placesAtOnce = 500;
/** Hot records before a time that are searched for a tag's value when a person asks. */
const lookBackRecords = 2_000;

/** One view of the store: made at its beginning, and good until its end. */
export class SampleRows {
	readonly #db: DatabaseSync;
	readonly #sealed: SealedRows;
	readonly #leftOut: ReadonlySet<string>;
	readonly sealedTo: number;
	readonly records: RecordRows;
	/** The minutes of stretches that `rollups` names. */
	readonly minutes: RollupReading;
	readonly #types = new Map<number, Datatype>();

	private constructor(db: DatabaseSync, sealed: SealedRows, leftOut: ReadonlySet<string>) {
		this.#db = db;
		this.#sealed = sealed;
		this.#leftOut = leftOut;
		this.minutes = new RollupReading(sealed);
		this.records = new RecordRows(db, sealed, leftOut);
		this.sealedTo = Number(get(db, "SELECT value FROM meta WHERE key = 'sealed_to'")?.value);
	}

	/** Does the work inside one read transaction. `leftOut` are parts known to be damaged. */
	static async view<T>(
		db: DatabaseSync,
		sealed: SealedRows,
		leftOut: ReadonlySet<string>,
		work: (rows: SampleRows) => T | Promise<T>,
	): Promise<T> {
		db.exec("BEGIN");
		try {
			return await work(new SampleRows(db, sealed, leftOut));
		} finally {
			db.exec("COMMIT");
		}
	}

	/** The data type of a series. */
	readonly typeOf: SeriesTypes = (series) => {
		let type = this.#types.get(series);
		if (type === undefined) {
			const row = get(this.#db, "SELECT datatype FROM series WHERE id = ?", series);
			if (row === undefined) return undefined;
			type = Number(row.datatype) as Datatype;
			this.#types.set(series, type);
		}
		return type;
	};

	/** Sealed samples first, in order of source time and position; then hot ones, in no order. */
	async *ofSeries(query: SeriesQuery): AsyncGenerator<PositionedSamples> {
		const { series, fromMs, toMs } = query;
		if (series.length === 0) return;
		const files = this.files(fromMs, toMs);
		yield* this.#sealed.read(
			{ files, series, fromMs, toMs, order: "source_time, source_rest, pos" },
			this.typeOf,
		);
		yield* this.hotOfSeries(query, files.length > 0);
	}

	/**
	 * Sealed samples first, then hot ones; those of a series that lie in one part stand beside each other, in order. Text and
	 * bytes may be NaN.
	 */
	async *numbersOfSeries(query: SeriesQuery): AsyncGenerator<PositionedSamples> {
		const { series, fromMs, toMs } = query;
		if (series.length === 0) return;
		const files = this.files(fromMs, toMs);
		const isExact = series.every((id) => !isInteger64(this.typeOf(id) ?? datatypes.Int64));
		yield* isExact ? this.#sealed.readNumbers({ files, series, fromMs, toMs }) : this.sealedOfSeries(query);
		yield* this.hotOfSeries(query, files.length > 0);
	}

	/** Sealed samples of these series, in no order; source times, both ends included. */
	sealedOfSeries({ series, fromMs, toMs }: Omit<SeriesQuery, "unit">): AsyncGenerator<PositionedSamples> {
		return this.#sealed.read({ files: this.files(fromMs, toMs), series, fromMs, toMs }, this.typeOf);
	}

	/** The first sealed samples of these series in a period, in order of source time and position. */
	sealedFirst(
		{ series, fromMs, toMs }: Omit<SeriesQuery, "unit">,
		limit: number,
	): Promise<PositionedSamples> {
		const { files, isOrdered } = filesInOrder(this.#listed(fromMs, toMs), series);
		const order = isOrdered ? undefined : "source_time, source_rest, pos";
		return this.#sealed.collect({ files, series, fromMs, toMs, order, limit }, this.typeOf);
	}

	/** How many samples of the period a question has to read; whole hot records of the unit, and sealed ones of the series. */
	async weight({ unit, series, fromMs, toMs }: SeriesQuery): Promise<number> {
		const hot = get(
			this.#db,
			"SELECT sum(samples) AS n FROM record WHERE device = ? AND source_max_ms >= ? AND source_min_ms <= ? AND seq >= ?",
			...[unit, fromMs, toMs, this.sealedTo / samplesPerSeq],
		);
		const files = this.files(fromMs, toMs);
		const [sealed = 0] = await this.#sealed.figures("count(*)", { files, series, fromMs, toMs });
		return Number(hot?.n ?? 0) + sealed;
	}

	/** The earliest time from which on at most `most` samples have to be read. */
	async readableFrom(query: SeriesQuery, most: number): Promise<number> {
		const { unit, series, fromMs, toMs } = query;
		if ((await this.weight(query)) <= most) return fromMs;
		const where = "FROM record WHERE device = ? AND source_max_ms >= ? AND source_min_ms <= ? AND seq >= ?";
		const values = [unit, fromMs, toMs, this.sealedTo / samplesPerSeq];
		const hot = get(
			this.#db,
			`SELECT source_max_ms FROM (
				SELECT source_max_ms, sum(samples) OVER (ORDER BY source_max_ms DESC, seq DESC) AS running ${where})
			WHERE running > ? ORDER BY running LIMIT 1`,
			...values,
			most,
		);
		const total = get(this.#db, `SELECT coalesce(sum(samples), 0) AS n ${where}`, ...values);
		// Hot samples are the newest ones, but for late data, which the sum of both bounds covers.
		const left = Math.max(0, most - Number(total?.n));
		const files = this.files(fromMs, toMs);
		const [sealed] = await this.#sealed.figures("epoch_ms(source_time)", {
			...{ files, series, fromMs, toMs, order: "source_time DESC", limit: left },
		});
		// One past it: what has the same time as the first beyond the bound is left out together.
		const cut = Math.max(Number(hot?.source_max_ms ?? fromMs), sealed ?? fromMs) + 1;
		return Math.min(toMs, Math.max(fromMs, cut));
	}

	/**
	 * The newest sample of these series before a time, when it is near: among the last hot records of the unit, or sealed
	 * within a month.
	 */
	async lastBefore(
		unit: string,
		series: readonly number[],
		beforeMs: number,
	): Promise<PositionedSamples | undefined> {
		return (await this.lastBeforeEach(unit, [series], beforeMs, lookBackRecords))[0];
	}

	/**
	 * The same of several groups of series at once, each for itself: far less work than one after the other. Without
	 * `recordsMost` every hot record is searched, so that what is found does not depend on what is sealed by now.
	 */
	async lastBeforeEach(
		unit: string,
		groups: readonly (readonly number[])[],
		beforeMs: number,
		recordsMost?: number,
	): Promise<(PositionedSamples | undefined)[]> {
		const asked = groups.filter((own) => own.length > 0);
		if (asked.length === 0) return groups.map(() => undefined);
		const { sealedTo } = this;
		const hot = hotBefore(this.#db, { unit, groups: asked, beforeMs, sealedTo, recordsMost }, this.typeOf);
		const newest = new NewestOfEach(groups);
		newest.take(hot);
		const fromMs = beforeMs - lookBackMs;
		// The newest parts first; most often the first one has it.
		const parts = this.#listed(fromMs, beforeMs - 1).sort((a, b) => b.maxMs - a.maxMs);
		for (const { file, maxMs } of parts) {
			const series = newest.olderThan(maxMs);
			if (series.length === 0) break;
			newest.take(
				await this.#sealed.collect(
					{ files: [file], series, fromMs, toMs: beforeMs - 1, newestOfEach: true },
					this.typeOf,
				),
			);
		}
		return newest.samples;
	}

	/**
	 * Samples of these records with a source time from `fromMs` to `toMs`, both included, in no order; of these series, or of
	 * all.
	 */
	async inPlaces(
		places: readonly Place[],
		query: { series?: readonly number[]; fromMs: number; toMs: number },
	): Promise<PositionedSamples> {
		const { series, fromMs, toMs } = query;
		const found = new PositionedSamples(0);
		const sealed: Place[] = [];
		for (const place of places) {
			if (place.seq * samplesPerSeq < this.sealedTo) sealed.push(place);
			else this.#hotInPlace(found, place, query);
		}
		for (let at = 0; at < sealed.length; at += placesAtOnce) {
			const some = sealed.slice(at, at + placesAtOnce).sort((a, b) => a.seq - b.seq);
			const fromPos = (some[0] as Place).seq * samplesPerSeq;
			const toPos = ((some.at(-1) as Place).seq + 1) * samplesPerSeq - 1;
			const files = this.#listed(fromMs, toMs)
				.filter((part) => part.fromPos <= toPos && part.toPos > fromPos)
				.map(({ file }) => file);
			const seqs = `pos // ${samplesPerSeq} IN (${some.map(({ seq }) => seq).join(", ")})`;
			append(
				found,
				await this.#sealed.collect({ files, series, fromMs, toMs, fromPos, toPos, and: seqs }, this.typeOf),
			);
		}
		return found;
	}

	/** Hot samples from a position on and before another, in order, at most `limit`. */
	hotFrom(fromPos: number, limit: number, endPos: number): PositionedSamples {
		const found = new PositionedSamples(Math.min(limit, hotBatch));
		const statement = this.#db.prepare(
			`SELECT ${hotColumns("s")} FROM sample s WHERE s.pos >= ? AND s.pos < ? ORDER BY s.pos LIMIT ?`,
		);
		statement.setReturnArrays(true);
		const rows = statement.all(Math.max(fromPos, this.sealedTo), endPos, limit) as unknown as [number][];
		for (const row of rows) takeHotRow(found, row, this.typeOf);
		return found;
	}

	/** Sealed samples with positions from `fromPos` to `toPos`, both included, in order. */
	async sealedBetween(fromPos: number, toPos: number): Promise<PositionedSamples> {
		const files = this.parts()
			.filter((part) => part.fromPos <= toPos && part.toPos > fromPos)
			.map(({ file }) => file);
		return await this.#sealed.collect({ files, fromPos, toPos, order: "pos" }, this.typeOf);
	}

	/** Stretches of whole minutes of a unit that rollups tell of, and that no gap touches. */
	rollups(
		unit: string,
		{ fromMs, toMs }: { fromMs: number; toMs: number },
		gaps: readonly { fromMs: number; toMs: number }[],
	): RollupStretch[] {
		return rollupStretches(
			{
				parts: this.#listed(fromMs, toMs).filter(({ rollup }) => this.#sealed.hasRollup(rollup)),
				others: (minMs, maxMs) =>
					this.#listed(minMs, maxMs).length -
					1 +
					(this.#hasHot(unit, minMs, maxMs) ? 1 : 0) +
					gaps.filter((gap) => gap.fromMs <= maxMs && gap.toMs >= minMs).length,
			},
			{ fromMs, toMs },
		);
	}

	#hasHot(unit: string, minMs: number, maxMs: number): boolean {
		const sql = `SELECT 1 FROM record WHERE device = ? AND source_max_ms >= ? AND source_min_ms <= ? AND seq >= ? LIMIT 1`;
		return get(this.#db, sql, unit, minMs, maxMs, this.sealedTo / samplesPerSeq) !== undefined;
	}

	/** Files of parts that may hold samples of a period. */
	files(fromMs: number, toMs: number): string[] {
		return this.#listed(fromMs, toMs).map(({ file }) => file);
	}

	/** Every listed part. */
	parts(): ListedPart[] {
		return this.#listed(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
	}

	#listed(fromMs: number, toMs: number): ListedPart[] {
		return all(
			this.#db,
			"SELECT file, from_pos, to_pos, min_ms, max_ms, rollup FROM part WHERE state = 'listed' AND max_ms >= ? AND min_ms <= ? ORDER BY to_pos",
			...[fromMs, toMs],
		)
			.map((row) => ({
				file: String(row.file),
				fromPos: Number(row.from_pos),
				toPos: Number(row.to_pos),
				minMs: Number(row.min_ms),
				maxMs: Number(row.max_ms),
				rollup: row.rollup === null ? undefined : String(row.rollup),
			}))
			.filter(({ file }) => !this.#leftOut.has(file));
	}

	/** Hot samples of these series, in no order. `isLong`: the period is longer than what is hot. */
	hotOfSeries(query: SeriesQuery, isLong: boolean): Generator<PositionedSamples> {
		return hotOfSeries(this.#db, { ...query, sealedTo: this.sealedTo, isLong }, this.typeOf);
	}

	#hotInPlace(
		to: PositionedSamples,
		{ seq, samples }: Place,
		{ series, fromMs, toMs }: { series?: readonly number[]; fromMs: number; toMs: number },
	): void {
		const ofSeries = series === undefined ? "" : `s.series IN (${series.join(",")}) AND `;
		const sql = `SELECT ${hotColumns("s")} FROM sample s
			WHERE s.pos >= ? AND s.pos < ? AND ${ofSeries}s.source_ms >= ? AND s.source_ms <= ?`;
		let statement = this.#statements.get(sql);
		if (statement === undefined) {
			statement = this.#db.prepare(sql);
			statement.setReturnArrays(true);
			this.#statements.set(sql, statement);
		}
		const fromPos = seq * samplesPerSeq;
		for (const row of statement.all(fromPos, fromPos + samples, fromMs, toMs) as unknown as number[][])
			takeHotRow(to, row, this.typeOf);
	}

	/** Kept for this view only: the text of some names series. */
	readonly #statements = new Map<string, ReturnType<DatabaseSync["prepare"]>>();
}
