// The counts and values of one unit in the store. Whole records are a sum over the index; only records that lie across
// an end of a period are opened, besides the first sample of each, which tells whether the agent itself wrote it.

import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { samplesPerSeq } from "../pipeline.ts";
import { valueColumn } from "./read-rows.ts";
import type { CountedUnit, CountPoint } from "./reconciliation.ts";

/** Records in which the nearest count is looked for. */
const nearRecords = 200;
/** Records that lie across one moment; more of them are not opened. */
const acrossMax = 2_000;

interface Place {
	readonly seq: number;
	readonly samples: number;
	readonly minMs: number;
}

// A Bad sample with neither value nor server time is the agent's own word that a tag cannot be read, and an interpolated
// one (info bits 0x402) that it has its old value still: the source has not written it. Such samples fill records of
// their own, so the first tells.
const agentsOwn =
	"f.server_lag IS NULL AND ((f.status >= 2147483648 AND f.value IS NULL) OR (f.status & 65535) = 1026)";
const within = `pos >= ? * ${samplesPerSeq} AND pos < ? * ${samplesPerSeq} + ?`;

/** One unit up to a source time; questions reach no further. For one read transaction. */
export class UnitCounts implements CountedUnit {
	readonly #db: DatabaseSync;
	readonly #unit: string;
	readonly #toMs: number;
	readonly #aheadMax: number;
	readonly #statements = new Map<string, StatementSync>();
	readonly #counts: string;
	readonly #beyond: Place[];
	#bounded = false;

	/**
	 * `series` are the ids of the tag that counts. Records that begin up to `toMs` and end after it are looked for among
	 * the next `aheadMax`.
	 */
	constructor(
		db: DatabaseSync,
		options: { unit: string; series: readonly number[]; toMs: number; aheadMax: number },
	) {
		this.#db = db;
		this.#unit = options.unit;
		this.#toMs = options.toMs;
		this.#aheadMax = options.aheadMax;
		// Status below 2^30 is Good.
		this.#counts = `series IN (${options.series.join(",")}) AND status < 1073741824 AND (status & 65535) <> 1026`;
		this.#beyond = options.series.length === 0 ? [] : this.#acrossTheEnd();
	}

	/** A bound was met: records that lie across an end were not all found. */
	get bounded(): boolean {
		return this.#bounded;
	}

	/** The first count between the two times, both included. */
	first(fromMs: number, toMs: number): CountPoint | undefined {
		const look = (atMs: number) => this.#after(atMs, toMs);
		return look(fromMs) ?? nearest(look, { without: fromMs, far: toMs });
	}

	/** The last count between the two times, both included. */
	last(fromMs: number, toMs: number): CountPoint | undefined {
		const look = (atMs: number) => this.#before(fromMs, atMs);
		return look(toMs) ?? nearest(look, { without: toMs, far: fromMs });
	}

	stored(afterMs: number, toMs: number): number {
		const whole = this.#one(
			`SELECT coalesce(sum(r.samples), 0) - coalesce(sum(CASE WHEN ${agentsOwn} THEN r.samples END), 0)
			FROM record r CROSS JOIN sample f ON f.pos = r.seq * ${samplesPerSeq}
			WHERE r.device = ? AND r.source_max_ms > ? AND r.source_max_ms <= ? AND r.source_min_ms > ?`,
			this.#unit,
			afterMs,
			toMs,
			afterMs,
		);
		let sum = Number(whole?.[0] ?? 0);
		// The agent's own word has one source time, so none of it lies across.
		const fromBefore = this.#across(afterMs, toMs);
		const count = this.#statement(
			`SELECT count(*) FROM sample WHERE ${within} AND source_ms > ? AND source_ms <= ?`,
		);
		for (const { seq, samples } of [...fromBefore, ...this.#places(toMs)]) {
			const row = count.get(seq, seq, samples, afterMs, toMs) as unknown as SQLOutputValue[];
			sum += Number(row[0]);
		}
		return sum;
	}

	countBetween(afterMs: number, beforeMs: number): CountPoint | undefined {
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
		const found = this.#after(Number(middle[0]), beforeMs - 1);
		return found !== undefined && found.atMs > afterMs ? found : undefined;
	}

	countsBetween(afterMs: number, beforeMs: number): CountPoint[] {
		const rows = this.#statement(
			`SELECT seq, samples FROM record WHERE device = ? AND source_max_ms > ? AND source_max_ms <= ?`,
		).all(this.#unit, afterMs, beforeMs) as unknown as [number, number][];
		const places = [...rows.map(([seq, samples]) => ({ seq, samples })), ...this.#places(beforeMs)];
		const byTime = new Map<number, bigint>();
		for (const { atMs, count } of this.#read(places, afterMs + 1, beforeMs - 1)) {
			const known = byTime.get(atMs);
			if (known === undefined || count > known) byTime.set(atMs, count);
		}
		return [...byTime].map(([atMs, count]) => ({ atMs, count })).sort((a, b) => a.atMs - b.atMs);
	}

	/** The first count from `atMs` to `toMs`, in the records that follow. */
	#after(atMs: number, toMs: number): CountPoint | undefined {
		const rows = this.#statement(
			`SELECT seq, samples FROM record WHERE device = ? AND source_max_ms >= ? AND source_max_ms <= ?
			ORDER BY source_max_ms, seq LIMIT ${nearRecords}`,
		).all(this.#unit, atMs, this.#toMs) as unknown as [number, number][];
		const places = [...rows.map(([seq, samples]) => ({ seq, samples })), ...this.#beyond];
		for (const place of places) {
			const first = this.#read([place], atMs, toMs).sort((a, b) => a.atMs - b.atMs)[0];
			if (first !== undefined) return this.#greatestAt(first);
		}
		return undefined;
	}

	/** The last count up to `atMs`, in the records before. */
	#before(fromMs: number, atMs: number): CountPoint | undefined {
		const rows = this.#statement(
			`SELECT seq, samples FROM record WHERE device = ? AND source_max_ms >= ? AND source_max_ms <= ?
			ORDER BY source_max_ms DESC, seq DESC LIMIT ${nearRecords}`,
		).all(this.#unit, fromMs, atMs) as unknown as [number, number][];
		const newest = (places: readonly { seq: number; samples: number }[]) =>
			this.#read(places, fromMs, atMs).sort((a, b) => b.atMs - a.atMs)[0];
		const across = newest(this.#places(atMs));
		for (const [seq, samples] of rows) {
			const point = newest([{ seq, samples }]);
			if (point === undefined) continue;
			return this.#greatestAt(across !== undefined && across.atMs > point.atMs ? across : point);
		}
		return across === undefined ? undefined : this.#greatestAt(across);
	}

	/** Of several counts at one time the greatest holds, wherever it is stored. */
	#greatestAt({ atMs }: CountPoint): CountPoint {
		const rows = this.#statement(
			"SELECT seq, samples FROM record WHERE device = ? AND source_max_ms = ?",
		).all(this.#unit, atMs) as unknown as [number, number][];
		const places = [...rows.map(([seq, samples]) => ({ seq, samples })), ...this.#places(atMs)];
		let greatest = 0n;
		for (const { count } of this.#read(places, atMs, atMs)) if (count > greatest) greatest = count;
		return { atMs, count: greatest };
	}

	#read(places: readonly { seq: number; samples: number }[], fromMs: number, toMs: number): CountPoint[] {
		const statement = this.#statement(
			`SELECT source_ms, ${valueColumn("sample")} FROM sample
			WHERE ${within} AND ${this.#counts} AND source_ms >= ? AND source_ms <= ?`,
		);
		return places.flatMap(({ seq, samples }) =>
			(statement.all(seq, seq, samples, fromMs, toMs) as unknown as [number, SQLOutputValue][]).flatMap(
				([atMs, value]) => {
					const count = countOf(value);
					return count === undefined ? [] : [{ atMs, count }];
				},
			),
		);
	}

	/** Records that begin at or before `atMs` and end after it. */
	#places(atMs: number): Place[] {
		return [...this.#across(atMs, this.#toMs), ...this.#beyond.filter(({ minMs }) => minMs <= atMs)];
	}

	/** Records across `atMs` that end at `toMs` or before. */
	#across(atMs: number, toMs: number): Place[] {
		return this.#bound(
			this.#statement(
				`SELECT seq, samples, source_min_ms FROM record
				WHERE device = ? AND source_max_ms > ? AND source_max_ms <= ? AND source_min_ms <= ? LIMIT ${acrossMax + 1}`,
			).all(this.#unit, atMs, toMs, atMs),
		);
	}

	/** Records that end after the period and begin in it or before. */
	#acrossTheEnd(): Place[] {
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

	#bound(rows: unknown): Place[] {
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
function nearest(
	look: (atMs: number) => CountPoint | undefined,
	ends: { without: number; far: number },
): CountPoint | undefined {
	let { without, far } = ends;
	let found: CountPoint | undefined;
	while (Math.abs(far - without) > 1) {
		const middle = Math.floor((without + far) / 2);
		const point = look(middle);
		if (point === undefined) without = middle;
		else {
			found = point;
			far = middle;
		}
	}
	return found;
}

/** 64-bit integers come as their digits. Anything else than a whole number from 0 on is no count. */
function countOf(value: SQLOutputValue): bigint | undefined {
	if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
	return typeof value === "string" && /^\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}
