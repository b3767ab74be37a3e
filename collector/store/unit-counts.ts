// The counts and values of one unit in the store. Whole records are a sum over the index, which also tells whether the
// agent itself wrote one; only records that lie across an end of a period are opened.

import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import type { SampleValue } from "../../common/contract/samples.ts";
import { isGood } from "../../common/contract/status.ts";
import { samplesPerSeq } from "../pipeline.ts";
import type { CountedUnit, CountPoint } from "./reconciliation.ts";
import type { Place, SampleRows } from "./sample-rows.ts";

/** Records in which the nearest count is looked for. */
const nearRecords = 200;
/** Records that lie across one moment; more of them are not opened. */
const acrossMax = 2_000;

interface BoundedPlace extends Place {
	readonly minMs: number;
}

/** One unit up to a source time; questions reach no further. For one read transaction. */
export class UnitCounts implements CountedUnit {
	readonly #db: DatabaseSync;
	readonly #rows: SampleRows;
	readonly #unit: string;
	readonly #toMs: number;
	readonly #aheadMax: number;
	readonly #statements = new Map<string, StatementSync>();
	readonly #series: readonly number[];
	readonly #beyond: BoundedPlace[];
	#bounded = false;

	/**
	 * `series` are the ids of the tag that counts. Records that begin up to `toMs` and end after it are looked for among
	 * the next `aheadMax`.
	 */
	constructor(
		db: DatabaseSync,
		rows: SampleRows,
		options: { unit: string; series: readonly number[]; toMs: number; aheadMax: number },
	) {
		this.#db = db;
		this.#rows = rows;
		this.#unit = options.unit;
		this.#toMs = options.toMs;
		this.#aheadMax = options.aheadMax;
		this.#series = options.series;
		this.#beyond = options.series.length === 0 ? [] : this.#acrossTheEnd();
	}

	/** A bound was met: records that lie across an end were not all found. */
	get bounded(): boolean {
		return this.#bounded;
	}

	/** The first count between the two times, both included. */
	async first(fromMs: number, toMs: number): Promise<CountPoint | undefined> {
		const look = (atMs: number) => this.#after(atMs, toMs);
		return (await look(fromMs)) ?? (await nearest(look, { without: fromMs, far: toMs }));
	}

	/** The last count between the two times, both included. */
	async last(fromMs: number, toMs: number): Promise<CountPoint | undefined> {
		const look = (atMs: number) => this.#before(fromMs, atMs);
		return (await look(toMs)) ?? (await nearest(look, { without: toMs, far: fromMs }));
	}

	async stored(afterMs: number, toMs: number): Promise<number> {
		const whole = this.#one(
			`SELECT coalesce(sum(CASE own WHEN 0 THEN samples END), 0) FROM record
			WHERE device = ? AND source_max_ms > ? AND source_max_ms <= ? AND source_min_ms > ?`,
			this.#unit,
			afterMs,
			toMs,
			afterMs,
		);
		// The agent's own word has one source time, so none of it lies across.
		const across = [...this.#across(afterMs, toMs), ...this.#places(toMs)];
		const found = await this.#rows.inPlaces(across, { fromMs: afterMs + 1, toMs });
		return Number(whole?.[0] ?? 0) + found.count;
	}

	async countBetween(afterMs: number, beforeMs: number): Promise<CountPoint | undefined> {
		const range = "FROM record WHERE device = ? AND source_max_ms > ? AND source_max_ms < ?";
		const records = Number(this.#one(`SELECT count(*) ${range}`, this.#unit, afterMs, beforeMs)?.[0]);
		const middle = this.#one(
			`SELECT source_max_ms ${range} ORDER BY source_max_ms LIMIT 1 OFFSET ?`,
			this.#unit,
			afterMs,
			beforeMs,
			Math.floor(records / 2),
		);
		if (middle === undefined) return undefined;
		const found = await this.#after(Number(middle[0]), beforeMs - 1);
		return found !== undefined && found.atMs > afterMs ? found : undefined;
	}

	async countsBetween(afterMs: number, beforeMs: number): Promise<CountPoint[]> {
		const rows = this.#statement(
			`SELECT seq, samples FROM record WHERE device = ? AND source_max_ms > ? AND source_max_ms <= ?`,
		).all(this.#unit, afterMs, beforeMs) as unknown as [number, number][];
		const places = [...rows.map(([seq, samples]) => ({ seq, samples })), ...this.#places(beforeMs)];
		const byTime = new Map<number, bigint>();
		for (const { atMs, count } of await this.#read(places, afterMs + 1, beforeMs - 1)) {
			const known = byTime.get(atMs);
			if (known === undefined || count > known) byTime.set(atMs, count);
		}
		return [...byTime].map(([atMs, count]) => ({ atMs, count })).sort((a, b) => a.atMs - b.atMs);
	}

	/** The first count from `atMs` to `toMs`, in the records that follow. */
	async #after(atMs: number, toMs: number): Promise<CountPoint | undefined> {
		const rows = this.#statement(
			`SELECT seq, samples FROM record WHERE device = ? AND source_max_ms >= ? AND source_max_ms <= ?
			ORDER BY source_max_ms, seq LIMIT ${nearRecords}`,
		).all(this.#unit, atMs, this.#toMs) as unknown as [number, number][];
		const places = [...rows.map(([seq, samples]) => ({ seq, samples })), ...this.#beyond];
		const counts = await this.#readByRecord(places, atMs, toMs);
		for (const { seq } of places) {
			const first = counts.get(seq)?.sort((a, b) => a.atMs - b.atMs)[0];
			if (first !== undefined) return await this.#greatestAt(first);
		}
		return undefined;
	}

	/** The last count up to `atMs`, in the records before. */
	async #before(fromMs: number, atMs: number): Promise<CountPoint | undefined> {
		const rows = this.#statement(
			`SELECT seq, samples FROM record WHERE device = ? AND source_max_ms >= ? AND source_max_ms <= ?
			ORDER BY source_max_ms DESC, seq DESC LIMIT ${nearRecords}`,
		).all(this.#unit, fromMs, atMs) as unknown as [number, number][];
		const newest = (points: CountPoint[] | undefined) => points?.sort((a, b) => b.atMs - a.atMs)[0];
		const across = newest(await this.#read(this.#places(atMs), fromMs, atMs));
		const places = rows.map(([seq, samples]) => ({ seq, samples }));
		const counts = await this.#readByRecord(places, fromMs, atMs);
		for (const { seq } of places) {
			const point = newest(counts.get(seq));
			if (point === undefined) continue;
			return await this.#greatestAt(across !== undefined && across.atMs > point.atMs ? across : point);
		}
		return across === undefined ? undefined : await this.#greatestAt(across);
	}

	/** Of several counts at one time the greatest holds, wherever it is stored. */
	async #greatestAt({ atMs }: CountPoint): Promise<CountPoint> {
		const rows = this.#statement(
			"SELECT seq, samples FROM record WHERE device = ? AND source_max_ms = ?",
		).all(this.#unit, atMs) as unknown as [number, number][];
		const places = [...rows.map(([seq, samples]) => ({ seq, samples })), ...this.#places(atMs)];
		let greatest = 0n;
		for (const { count } of await this.#read(places, atMs, atMs)) if (count > greatest) greatest = count;
		return { atMs, count: greatest };
	}

	async #read(places: readonly Place[], fromMs: number, toMs: number): Promise<CountPoint[]> {
		return [...(await this.#readByRecord(places, fromMs, toMs)).values()].flat();
	}

	async #readByRecord(
		places: readonly Place[],
		fromMs: number,
		toMs: number,
	): Promise<Map<number, CountPoint[]>> {
		const found = await this.#rows.inPlaces(places, { series: this.#series, fromMs, toMs });
		const { samples, pos } = found;
		const counts = new Map<number, CountPoint[]>();
		for (let index = 0; index < found.count; index++) {
			const status = samples.status[index] as number;
			// The agent's word that a tag has its old value still is no count.
			if (!isGood(status) || (status & 0xffff) === 0x402) continue;
			const count = countOf(samples.value(index));
			if (count === undefined) continue;
			const seq = Math.floor((pos[index] as number) / samplesPerSeq);
			const points = counts.get(seq) ?? [];
			points.push({ atMs: samples.sourceMs[index] as number, count });
			counts.set(seq, points);
		}
		return counts;
	}

	/** Records that begin at or before `atMs` and end after it. */
	#places(atMs: number): BoundedPlace[] {
		return [...this.#across(atMs, this.#toMs), ...this.#beyond.filter(({ minMs }) => minMs <= atMs)];
	}

	/** Records across `atMs` that end at `toMs` or before. */
	#across(atMs: number, toMs: number): BoundedPlace[] {
		return this.#bound(
			this.#statement(
				`SELECT seq, samples, source_min_ms FROM record
				WHERE device = ? AND source_max_ms > ? AND source_max_ms <= ? AND source_min_ms <= ? LIMIT ${acrossMax + 1}`,
			).all(this.#unit, atMs, toMs, atMs),
		);
	}

	/** Records that end after the period and begin in it or before. */
	#acrossTheEnd(): BoundedPlace[] {
		const after = "FROM record WHERE device = ? AND source_max_ms > ? ORDER BY source_max_ms";
		if (this.#one(`SELECT 1 ${after} LIMIT 1 OFFSET ${this.#aheadMax}`, this.#unit, this.#toMs) !== undefined)
			this.#bounded = true;
		return this.#bound(
			this.#statement(
				`SELECT seq, samples, source_min_ms FROM
					(SELECT seq, samples, source_min_ms ${after} LIMIT ${this.#aheadMax})
				WHERE source_min_ms <= ? LIMIT ${acrossMax + 1}`,
			).all(this.#unit, this.#toMs, this.#toMs),
		);
	}

	#bound(rows: unknown): BoundedPlace[] {
		const places = (rows as [number, number, number][]).map(([seq, samples, minMs]) => ({
			seq,
			samples,
			minMs,
		}));
		if (places.length > acrossMax) this.#bounded = true;
		return places.slice(0, acrossMax);
	}

	#one(sql: string, ...values: (string | number)[]): SQLOutputValue[] | undefined {
		return this.#statement(sql).get(...values) as unknown as SQLOutputValue[] | undefined;
	}

	/** Kept for this question only: the text of some names series. */
	#statement(sql: string): StatementSync {
		let statement = this.#statements.get(sql);
		if (statement === undefined) {
			statement = this.#db.prepare(sql);
			statement.setReturnArrays(true);
			this.#statements.set(sql, statement);
		}
		return statement;
	}
}

/**
 * The count nearest to an end that has none within reach, by halving: a unit counts all the time once it does. A
 * stretch of counts with none on either side may be overlooked; then there are no figures.
 */
async function nearest(
	look: (atMs: number) => Promise<CountPoint | undefined>,
	ends: { without: number; far: number },
): Promise<CountPoint | undefined> {
	let { without, far } = ends;
	let found: CountPoint | undefined;
	while (Math.abs(far - without) > 1) {
		const middle = Math.floor((without + far) / 2);
		const point = await look(middle);
		if (point === undefined) without = middle;
		else {
			found = point;
			far = middle;
		}
	}
	return found;
}

/** Anything else than a whole number from 0 on is no count. */
function countOf(value: SampleValue): bigint | undefined {
	if (typeof value === "bigint") return value >= 0n ? value : undefined;
	if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
	return typeof value === "string" && /^\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}
