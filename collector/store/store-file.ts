import { randomUUID } from "node:crypto";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import type { CommitBatch } from "../pipeline.ts";
import { writeAlert } from "./alert-table.ts";
import { ChangeLog } from "./change-log.ts";
import { writeLinks } from "./genealogy-table.ts";
import { dirtyByGap, mergedDirty } from "./judgement-table.ts";
import { writeAssembled } from "./laboratory-table.ts";
import { laterTables } from "./later-tables.ts";
import { writeLimits } from "./limits-table.ts";
import { stepsTo3 } from "./records/record-file-schema.ts";
import { isAgentsOwn, SampleInsert } from "./sample-insert.ts";
import { schema, stepsTo2, storeFormat, writerPragmas } from "./schema.ts";
import { SeriesCounts } from "./series-counts.ts";

/** What brings a file of a format to the next one, in order. */
const formatSteps = [
	[1, stepsTo2],
	[2, stepsTo3],
] as const;

/** The plain form of a CommitBatch: SampleColumns loses its class on the way between threads. */
export type PlainBatch = CommitBatch;

/** The writing side of the store: one connection, used by one thread. */
export class StoreFile {
	readonly db: DatabaseSync;
	readonly #statements = new Map<string, StatementSync>();
	readonly #counts: SeriesCounts;
	readonly #samples: SampleInsert;
	readonly #changes: ChangeLog;

	/**
	 * Opens or creates the file. `countEverySamples`: samples between two countings by series.
	 * @throws CodedError DATA_FORMAT_NEWER, DATA_DAMAGED
	 */
	constructor(path: string, countEverySamples?: number) {
		let db: DatabaseSync | undefined;
		try {
			db = new DatabaseSync(path);
			const format = formatOf(db, path);
			const empty = format === undefined;
			db.exec(writerPragmas);
			this.db = db;
			if (empty) this.#create();
			for (const [from, steps] of formatSteps)
				if (format !== undefined && format <= from) this.transaction(() => this.db.exec(steps));
			db.exec(laterTables);
			this.#counts = new SeriesCounts(this, empty, countEverySamples);
			this.#samples = new SampleInsert(this, this.#counts);
			this.#changes = new ChangeLog(this);
		} catch (error) {
			db?.close();
			if (error instanceof CodedError) throw error;
			const message = `${path}: expected a store: ${errorText(error)}; restore it from a backup`;
			throw new CodedError("DATA_DAMAGED", message, { cause: error });
		}
	}

	meta(key: string): string {
		return String((this.get("SELECT value FROM meta WHERE key = ?", key) as { value: string }).value);
	}

	/** Everything of a batch in one transaction; throws and changes nothing when any part of it fails. */
	commit(batch: PlainBatch): void {
		try {
			this.transaction(() => this.#write(batch));
		} catch (error) {
			this.#counts.rolledBack();
			throw error;
		}
	}

	#write(batch: PlainBatch): void {
		for (const row of batch.edgeNodes)
			this.run("INSERT INTO edge_node VALUES (?, ?, ?)", row.id, row.group, row.edgeNode);
		for (const row of batch.series) {
			this.run(
				"INSERT INTO series VALUES (?, ?, ?, ?, ?, ?)",
				row.id,
				row.edgeNode,
				row.device,
				row.tag,
				row.datatype,
				row.eu ?? null,
			);
		}
		this.#records(batch);
		this.#positions(batch);
		this.#judgement(batch);
		if (batch.laboratory !== undefined) writeAssembled(this, batch.laboratory);
		if (batch.genealogy !== undefined) writeLinks(this, batch.genealogy);
		for (const row of batch.outbox) this.addMessage(row);
		if (batch.cache !== undefined) {
			this.run("INSERT OR REPLACE INTO judgement_cache VALUES (1, ?, ?)", batch.cache.seq, batch.cache.state);
		}
	}

	/** Brings the counts by series up to date; within a transaction. What is counted may be deleted. */
	countAll(): void {
		this.#counts.writeAll();
	}

	/** Tells followers that a row is new or has changed; within the transaction that changes it. */
	changed(...change: Parameters<ChangeLog["add"]>): void {
		this.#changes.add(...change);
	}

	/** What was added to the counts since the last commit is not in the file. */
	countsRolledBack(): void {
		this.#counts.rolledBack();
	}

	addGap(gap: CommitBatch["gaps"][number]): void {
		this.run(
			"INSERT OR REPLACE INTO gap VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			gap.id,
			gap.edgeNode,
			gap.device,
			JSON.stringify(gap.tags),
			gap.fromMs,
			gap.toMs,
			gap.cause,
			gap.backfilled ? 1 : 0,
			gap.noticedMs,
		);
		this.#changes.add("gap", gap.id);
		dirtyByGap(this, gap);
	}

	addMessage(row: CommitBatch["outbox"][number]): void {
		this.run(
			"INSERT OR IGNORE INTO outbox(id, destination, type, body, created_ms, next_ms) VALUES (?, ?, ?, ?, ?, ?)",
			row.id,
			row.destination,
			row.type,
			row.body,
			row.createdMs,
			row.createdMs,
		);
	}

	run(sql: string, ...values: (string | number | bigint | null | Uint8Array)[]): void {
		this.statement(sql).run(...values);
	}

	get(sql: string, ...values: (string | number)[]): Record<string, unknown> | undefined {
		return this.statement(sql).get(...values);
	}

	all(sql: string, ...values: (string | number)[]): Record<string, unknown>[] {
		return this.statement(sql).all(...values);
	}

	statement(sql: string): StatementSync {
		let statement = this.#statements.get(sql);
		if (statement === undefined) {
			statement = this.db.prepare(sql);
			this.#statements.set(sql, statement);
		}
		return statement;
	}

	close(): void {
		this.db.close();
	}

	#create(): void {
		this.transaction(() => {
			this.db.exec(schema);
			this.run(
				"INSERT INTO meta VALUES ('format', ?), ('instance', ?), ('counted_to', '0'), ('sealed_to', '0')",
				String(storeFormat),
				randomUUID(),
			);
		});
	}

	#records(batch: PlainBatch): void {
		const insertRecord = this.statement("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
		let index = 0;
		for (const row of batch.records) {
			const { seq, edgeNode, epoch, offset, last, device, sourceMinMs, sourceMaxMs, throughMs } = row;
			const bounded = row.samples > 0;
			insertRecord.run(
				seq,
				edgeNode,
				epoch,
				offset,
				last,
				device,
				row.samples,
				bounded ? sourceMinMs : null,
				bounded ? sourceMaxMs : null,
				throughMs ?? null,
				row.hash,
				row.receivedMs,
				bounded && isAgentsOwn(batch.samples, index) ? 1 : 0,
			);
			index += row.samples;
		}
		this.#samples.insert(batch);
		this.#counts.write();
	}

	/**
	 * A gap that was written down before is filled by now, or comes itself after the word that it is: records may overtake
	 * each other.
	 */
	#isKnown(gap: PlainBatch["gaps"][number]): boolean {
		const { edgeNode, device, tags, fromMs, toMs, cause, backfilled } = gap;
		const place = [edgeNode, device, JSON.stringify(tags), fromMs, toMs, cause] as const;
		const same = "edge_node = ? AND device = ? AND tags = ? AND from_ms = ? AND to_ms = ? AND cause = ?";
		if (!backfilled)
			return this.get(`SELECT 1 FROM gap WHERE ${same} AND backfilled = 1 LIMIT 1`, ...place) !== undefined;
		const filled = this.all(`UPDATE gap SET backfilled = 1 WHERE ${same} RETURNING id`, ...place);
		for (const { id } of filled) this.#changes.add("gap", String(id));
		if (filled.length > 0) dirtyByGap(this, gap);
		return filled.length > 0;
	}

	#positions(batch: PlainBatch): void {
		for (const { edgeNode, epoch, previousEpoch, previousLast, ranges } of batch.epochs) {
			this.run(
				"INSERT OR REPLACE INTO epoch VALUES (?, ?, ?, ?)",
				edgeNode,
				epoch,
				previousEpoch,
				previousLast,
			);
			this.run("DELETE FROM committed_range WHERE edge_node = ? AND epoch = ?", edgeNode, epoch);
			for (const { first, last } of ranges)
				this.run("INSERT INTO committed_range VALUES (?, ?, ?, ?)", edgeNode, epoch, first, last);
		}
		for (const { edgeNode, device, throughMs } of batch.throughs) {
			this.run("INSERT OR REPLACE INTO through VALUES (?, ?, ?)", edgeNode, device, throughMs);
		}
		for (const gap of batch.gaps) {
			if (this.#isKnown(gap)) continue;
			this.addGap(gap);
		}
		for (const row of batch.conflicts) {
			this.run(
				"INSERT OR IGNORE INTO conflict VALUES (?, ?, ?, ?, ?, ?, ?)",
				row.edgeNode,
				row.epoch,
				row.offset,
				row.hash,
				row.device,
				row.receivedMs,
				row.samples,
			);
		}
		for (const { device, fromMs, toMs } of mergedDirty(batch.dirty))
			this.run("INSERT INTO dirty VALUES (?, ?, ?)", device, fromMs, toMs);
	}

	#judgement(batch: PlainBatch): void {
		for (const alert of batch.alerts) writeAlert(this, alert);
		for (const o of batch.occurrences) {
			this.run(
				"INSERT OR REPLACE INTO occurrence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				o.id,
				o.window,
				o.specVersion,
				o.unit,
				o.tag,
				o.batch,
				o.lot,
				o.phase,
				o.side,
				o.limit,
				o.startedMs,
				o.raisedMs,
				o.clearedMs ?? null,
				o.clearedBy ?? null,
				o.extreme,
			);
			this.#changes.add("violation", o.id);
		}
		for (const p of batch.periods) {
			this.run(
				"INSERT OR REPLACE INTO window_period VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				p.id,
				p.window,
				p.specVersion,
				p.unit,
				p.batch,
				p.lot,
				p.fromMs,
				p.toMs,
				p.goodSamples,
				p.badSamples,
				p.violations,
			);
		}
		for (const limits of batch.limits) writeLimits(this, limits);
		for (const v of batch.visits) {
			this.run(
				"INSERT OR REPLACE INTO unit_visit VALUES (?, ?, ?, ?, ?, ?, ?)",
				v.unit,
				v.fromMs,
				v.batch,
				v.lot,
				v.recipe,
				v.toMs ?? null,
				v.startObserved ? 1 : 0,
			);
			this.#changes.add("visit", JSON.stringify([v.unit, v.fromMs]));
		}
		for (const l of batch.lots) {
			this.run(
				"INSERT OR REPLACE INTO lot VALUES (?, ?, ?, ?)",
				l.lot,
				l.openedMs,
				l.closedMs ?? null,
				l.observedWhole ? 1 : 0,
			);
			this.#changes.add("lot", l.lot);
		}
		for (const d of batch.due) this.run("INSERT OR REPLACE INTO due VALUES (?, ?)", d.lot, d.dueMs);
	}

	transaction(work: () => void): void {
		this.run("BEGIN IMMEDIATE");
		try {
			work();
			this.run("COMMIT");
		} catch (error) {
			// SQLite has already rolled back after "disk is full"; a second ROLLBACK would hide the cause.
			if (this.db.isTransaction) this.db.exec("ROLLBACK");
			throw error;
		}
	}
}

/** The format of the file, undefined for a new one; it is only read, so that a file which is not ours stays as it is. */
function formatOf(db: DatabaseSync, path: string): number | undefined {
	const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
	if (tables.length === 0) return undefined;
	if (!tables.some(({ name }) => name === "meta")) throw new Error("found another database");
	const format = Number(db.prepare("SELECT value FROM meta WHERE key = 'format'").get()?.value);
	if (format > storeFormat) {
		const message = `${path}: expected format ${storeFormat}, found the newer ${format}`;
		throw new CodedError("DATA_FORMAT_NEWER", message);
	}
	if (!(format >= 1)) throw new Error("found no format in it");
	return format;
}
