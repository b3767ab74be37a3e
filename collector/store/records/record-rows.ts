// Every reading of sealed record rows goes through here: those of record files and those of the database, as one. The
// same SQL works on both. `record` also has some that are in files; it is read from the border on only.

import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { RecordPlace } from "../../adoption-port.ts";
import { samplesPerSeq } from "../../pipeline.ts";
import { quoted } from "../parts/duck.ts";
import type { SealedRows } from "../parts/sealed-rows.ts";
import { all, get } from "../read-rows.ts";

/** Records of a device that have samples. Source times, both ends included; a bound that is left out does not bind. */
export interface RecordsQuery {
	readonly device: string;
	readonly endFromMs?: number;
	readonly endToMs?: number;
	readonly beginFromMs?: number;
	readonly beginToMs?: number;
}

/** A record, where its samples stand, and the first and last of their source times. */
export interface BoundedPlace {
	readonly seq: number;
	readonly samples: number;
	readonly minMs: number;
	readonly maxMs: number;
}

interface Order {
	/** By the last source time, then by position. */
	readonly order: "ASC" | "DESC";
	readonly limit: number;
}

interface ListedFile {
	readonly file: string;
	readonly fromSeq: number;
	readonly toSeq: number;
	readonly samples: number;
}

/** In one view of the store. */
export class RecordRows {
	readonly #db: DatabaseSync;
	readonly #sealed: SealedRows;
	readonly #leftOut: ReadonlySet<string>;
	/** Records below it stand in files. */
	readonly recordsTo: number;

	constructor(db: DatabaseSync, sealed: SealedRows, leftOut: ReadonlySet<string>) {
		this.#db = db;
		this.#sealed = sealed;
		this.#leftOut = leftOut;
		this.recordsTo = Number(get(db, "SELECT value FROM meta WHERE key = 'records_to'")?.value);
	}

	/** The first records of a query, in order. */
	async places(query: RecordsQuery, { order, limit }: Order): Promise<BoundedPlace[]> {
		const sign = order === "ASC" ? 1 : -1;
		const rows = await this.#both(
			query,
			(from) => `SELECT ${placeColumns} FROM ${from} WHERE ${whereOf(query)}
				ORDER BY source_max_ms ${order}, seq ${order} LIMIT ${limit}`,
		);
		return rows
			.map(placeOf)
			.sort((a, b) => sign * (a.maxMs - b.maxMs || a.seq - b.seq))
			.slice(0, limit);
	}

	/**
	 * Records that begin at or before a time and end after it. Those of the database are looked for among the next `among`
	 * that end after it; `bounded` says that there are more.
	 */
	async across(
		{ device, atMs }: { device: string; atMs: number },
		{ among, limit }: { among: number; limit: number },
	): Promise<{ places: BoundedPlace[]; bounded: boolean }> {
		const after = { device, endFromMs: atMs + 1 };
		const hot = this.#hotRows(`SELECT ${placeColumns} FROM (SELECT ${placeColumns} FROM ${this.#hot} a
			WHERE ${whereOf(after)} ORDER BY source_max_ms LIMIT ${among}) b WHERE source_min_ms <= ${atMs} LIMIT ${limit}`);
		const more = this.#hotRows(
			`SELECT 1 FROM ${this.#hot} a WHERE ${whereOf(after)} LIMIT 1 OFFSET ${among}`,
		);
		const query = { ...after, beginToMs: atMs };
		const sealed = await this.#inFiles(
			query,
			(from) => `SELECT ${placeColumns} FROM ${from} WHERE ${whereOf(query)} LIMIT ${limit}`,
		);
		return { places: [...hot, ...sealed].map(placeOf).slice(0, limit), bounded: more.length > 0 };
	}

	/** How many there are, with how many samples, and how many of those a source has written. */
	async figures(query: RecordsQuery): Promise<{ records: number; samples: number; ofSource: number }> {
		const sums = "count(*), coalesce(sum(samples), 0), coalesce(sum(CASE own WHEN 0 THEN samples END), 0)";
		const rows = await this.#both(query, (from) => `SELECT ${sums} FROM ${from} WHERE ${whereOf(query)}`);
		const [records, samples, ofSource] = [0, 1, 2].map((column) =>
			rows.reduce((sum, row) => sum + Number(row[column]), 0),
		) as [number, number, number];
		return { records, samples, ofSource };
	}

	/**
	 * A time after which at most `most` of the records end, when there are more; it is the end of one of them. Exact where all
	 * of them stand in one place.
	 */
	async cut(query: RecordsQuery, most: number): Promise<number | undefined> {
		const { records } = await this.figures(query);
		if (records <= most) return undefined;
		const ends = (from: string, offset: number) =>
			`SELECT source_max_ms FROM ${from} WHERE ${whereOf(query)} ORDER BY source_max_ms DESC LIMIT 1 OFFSET ${offset}`;
		const [hot] = this.#hotRows(`SELECT count(*) FROM ${this.#hot} WHERE ${whereOf(query)}`);
		const [hotEnd] = this.#hotRows(ends(this.#hot, most));
		// Records of the database are the newest ones, but for late data, which the later of both ends covers.
		const [sealedEnd] = await this.#inFiles(query, (from) =>
			ends(from, Math.max(0, most - Number(hot?.[0]))),
		);
		const found = [hotEnd, sealedEnd].flatMap((row) => (row === undefined ? [] : [Number(row[0])]));
		return found.length === 0 ? undefined : Math.max(...found);
	}

	/** The end of a record about in the middle of a query's, by their ends. */
	async middle(query: RecordsQuery): Promise<number | undefined> {
		const count = (from: string) => `SELECT count(*) FROM ${from} WHERE ${whereOf(query)}`;
		const hot = Number(this.#hotRows(count(this.#hot))[0]?.[0] ?? 0);
		const sealed = Number((await this.#inFiles(query, count))[0]?.[0] ?? 0);
		const sql = (from: string) =>
			`SELECT source_max_ms FROM ${from} WHERE ${whereOf(query)} ORDER BY source_max_ms LIMIT 1
			OFFSET ${Math.floor(Math.max(hot, sealed) / 2)}`;
		const rows = hot >= sealed ? this.#hotRows(sql(this.#hot)) : await this.#inFiles(query, sql);
		return rows[0] === undefined ? undefined : Number(rows[0][0]);
	}

	/** The hash of the record in a file that has this place. */
	async hashInFiles(place: RecordPlace): Promise<Uint8Array | undefined> {
		const { edgeNode, epoch, offset } = place;
		const files = this.#filesWith(place);
		const rows = await this.#sealed.table(
			this.#there(files),
			(from) =>
				`SELECT hash FROM ${from} WHERE edge_node = ${edgeNode} AND epoch = ${epoch} AND "offset" = ${offset} LIMIT 1`,
		);
		const hash = rows[0]?.[0] as { bytes: Uint8Array } | undefined;
		return hash === undefined ? undefined : new Uint8Array(hash.bytes);
	}

	/** Where records stand in what their agents sent; those whose file is missing are left out. */
	async journalPlaces(seqs: readonly number[]): Promise<(RecordPlace & { readonly seq: number })[]> {
		if (seqs.length === 0) return [];
		const sql = (from: string) =>
			`SELECT seq, edge_node, epoch, "offset" FROM ${from} WHERE seq IN (${seqs.map(Number).join(", ")})`;
		const files = all(
			this.#db,
			"SELECT file FROM record_file WHERE to_seq > ? AND from_seq <= ? ORDER BY to_seq",
			...[Math.min(...seqs), Math.max(...seqs)],
		).map(({ file }) => String(file));
		const rows = [...this.#hotRows(sql(this.#hot)), ...(await this.#sealed.table(this.#there(files), sql))];
		return rows.map((row) => {
			const [seq, edgeNode, epoch, offset] = row.map(Number) as [number, number, number, number];
			return { seq, edgeNode, epoch, offset };
		});
	}

	/** Of each place whether a record stands there, in the database or in a file. */
	async known(places: readonly RecordPlace[]): Promise<boolean[]> {
		const key = ({ edgeNode, epoch, offset }: RecordPlace) => `${edgeNode} ${epoch} ${offset}`;
		const found = new Set<string>();
		const byFile = new Map<string, RecordPlace[]>();
		for (const place of places) {
			const { edgeNode, epoch, offset } = place;
			const values = [edgeNode, epoch, offset];
			const sql = 'SELECT 1 FROM record WHERE edge_node = ? AND epoch = ? AND "offset" = ?';
			if (get(this.#db, sql, ...values) !== undefined) found.add(key(place));
			else for (const file of this.#filesWith(place)) byFile.set(file, [...(byFile.get(file) ?? []), place]);
		}
		for (const [file, asked] of byFile) {
			const offsets = asked.map(({ offset }) => offset);
			const rows = await this.#sealed.table(
				this.#there([file]),
				(from) => `SELECT edge_node, epoch, "offset" FROM ${from}
					WHERE "offset" BETWEEN ${Math.min(...offsets)} AND ${Math.max(...offsets)} AND "offset" IN (${offsets.join(", ")})`,
			);
			for (const row of rows) {
				const [edgeNode, epoch, offset] = row.map(Number) as [number, number, number];
				found.add(key({ edgeNode, epoch, offset }));
			}
		}
		return places.map((place) => found.has(key(place)));
	}

	/** Records after `afterSeq` in order, at most `limit`; of those in files only as many as their files tell of at once. */
	async after(afterSeq: number, limit: number): Promise<SQLOutputValue[][]> {
		const select = 'seq, device, samples, through_ms, received_ms, edge_node, epoch, "offset", last';
		const sql = (from: string) =>
			`SELECT ${select} FROM ${from} WHERE seq > ${afterSeq} ORDER BY seq LIMIT ${limit}`;
		const files = this.#filesFrom(afterSeq + 1).map(({ file }) => file);
		const sealed = afterSeq + 1 < this.recordsTo ? await this.#sealed.table(this.#there(files), sql) : [];
		if (sealed.length >= limit) return sealed as SQLOutputValue[][];
		return [
			...(sealed as SQLOutputValue[][]),
			...this.#hotRows(sql(this.#hot)).slice(0, limit - sealed.length),
		];
	}

	/**
	 * The last record of a stretch from `fromSeq` on with at most so many samples and records; undefined when there is none
	 * or it alone has more. A stretch does not go beyond the file that it begins in, nor over one that is missing.
	 */
	async stretchFrom(fromSeq: number, samplesMax: number, recordsMax: number): Promise<number | undefined> {
		const sql = (
			from: string,
		) => `SELECT max(seq) FROM (SELECT seq, sum(samples) OVER (ORDER BY seq) AS running
			FROM (SELECT seq, samples FROM ${from} WHERE seq >= ${fromSeq} ORDER BY seq LIMIT ${recordsMax}) a) b
			WHERE running <= ${samplesMax}`;
		if (fromSeq >= this.recordsTo) {
			const last = this.#hotRows(sql(this.#hot))[0]?.[0];
			return last === null || last === undefined ? undefined : Number(last);
		}
		// Nothing is known of what no file tells of: a few records at once, which cannot have more samples than that.
		const unknown = Math.floor(samplesMax / samplesPerSeq) - 1;
		const next = this.#filesFrom(fromSeq)[0];
		if (next === undefined) return Math.min(fromSeq + unknown, this.recordsTo - 1);
		if (next.fromSeq > fromSeq) return Math.min(fromSeq + unknown, next.fromSeq - 1);
		const files = this.#there([next.file]);
		if (files.length === 0) return Math.min(fromSeq + unknown, next.toSeq - 1);
		const rows = await this.#sealed.table(files, sql);
		const last = rows[0]?.[0];
		if (last === null || last === undefined) return undefined;
		const isAll = next.samples <= samplesMax && fromSeq === next.fromSeq;
		return isAll ? next.toSeq - 1 : Number(last);
	}

	async #both(query: RecordsQuery, sql: (from: string) => string): Promise<unknown[][]> {
		return [...this.#hotRows(sql(this.#hot)), ...(await this.#inFiles(query, sql))];
	}

	/** Prepared for this once: the text has the bounds in it. */
	#hotRows(sql: string): SQLOutputValue[][] {
		const statement = this.#db.prepare(sql);
		statement.setReturnArrays(true);
		return statement.all() as unknown as SQLOutputValue[][];
	}

	#inFiles({ endFromMs, beginToMs }: RecordsQuery, sql: (from: string) => string): Promise<unknown[][]> {
		const files = all(
			this.#db,
			"SELECT file FROM record_file WHERE max_ms >= ? AND min_ms <= ? ORDER BY to_seq",
			...[endFromMs ?? Number.MIN_SAFE_INTEGER, beginToMs ?? Number.MAX_SAFE_INTEGER],
		).map(({ file }) => String(file));
		return this.#sealed.table(this.#there(files), sql);
	}

	#filesFrom(seq: number): ListedFile[] {
		return all(
			this.#db,
			"SELECT file, from_seq, to_seq, samples FROM record_file WHERE to_seq > ? ORDER BY to_seq LIMIT 8",
			seq,
		).map((row) => ({
			file: String(row.file),
			fromSeq: Number(row.from_seq),
			toSeq: Number(row.to_seq),
			samples: Number(row.samples),
		}));
	}

	/** Record files that may have a place. */
	#filesWith({ edgeNode, epoch, offset }: RecordPlace): string[] {
		return all(
			this.#db,
			"SELECT file FROM record_span WHERE edge_node = ? AND epoch = ? AND first <= ? AND last >= ?",
			...[edgeNode, epoch, offset, offset],
		).map(({ file }) => String(file));
	}

	#there(files: readonly string[]): string[] {
		return files.filter((file) => !this.#leftOut.has(file));
	}

	get #hot(): string {
		return `(SELECT * FROM record WHERE seq >= ${this.recordsTo})`;
	}
}

/** Conditions that both databases understand. */
function whereOf({ device, endFromMs, endToMs, beginFromMs, beginToMs }: RecordsQuery): string {
	// No device has such a name ([MQTT-1.5.3-2]), and it would end the text here.
	const isDevice = device.includes("\0") ? "FALSE" : `device = ${quoted(device)}`;
	const conditions = [isDevice, "samples > 0"];
	if (endFromMs !== undefined) conditions.push(`source_max_ms >= ${endFromMs}`);
	if (endToMs !== undefined) conditions.push(`source_max_ms <= ${endToMs}`);
	if (beginFromMs !== undefined) conditions.push(`source_min_ms >= ${beginFromMs}`);
	if (beginToMs !== undefined) conditions.push(`source_min_ms <= ${beginToMs}`);
	return conditions.join(" AND ");
}

const placeColumns = "seq, samples, source_min_ms, source_max_ms";

function placeOf(row: readonly unknown[]): BoundedPlace {
	const [seq, samples, minMs, maxMs] = row.map(Number) as [number, number, number, number];
	return { seq, samples, minMs, maxMs };
}
