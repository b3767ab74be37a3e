import type { StatementSync } from "node:sqlite";
import { SampleColumns, valueKind } from "../../common/contract/samples.ts";
import { type CommitBatch, samplesPerSeq } from "../pipeline.ts";
import type { SeriesCounts } from "./series-counts.ts";
import type { StoreFile } from "./store-file.ts";

/** Rows to a statement: at 16 a row costs half of what a statement of its own does, and beyond hardly less. */
const rowsAtOnce = 16;
const columns = ["pos", "series", "source_ms", "source_rest", "server_lag", "status", "value"];

export type Cell = number | bigint | string | Uint8Array | null;

/** Writes the sample columns of a batch as rows. */
export class SampleInsert {
	readonly #counts: SeriesCounts;
	/** By number of rows. */
	readonly #inserts: readonly StatementSync[];
	readonly #cells: Cell[] = new Array(rowsAtOnce * columns.length).fill(null);

	constructor(file: StoreFile, counts: SeriesCounts) {
		this.#counts = counts;
		this.#inserts = Array.from({ length: rowsAtOnce + 1 }, (_, rows) => file.statement(insertOf(rows)));
	}

	/** Samples stand in `batch.samples` in the order of its records. */
	insert(batch: CommitBatch): void {
		// A SampleColumns loses its class on the way between threads.
		const samples = Object.setPrototypeOf(batch.samples, SampleColumns.prototype) as SampleColumns;
		const cells = this.#cells;
		let index = 0;
		let at = 0;
		for (const { seq, samples: count } of batch.records) {
			const end = index + count;
			for (let pos = seq * samplesPerSeq; index < end; pos++, index++) {
				const series = samples.tagId[index] as number;
				const lag = samples.serverLagTicks[index] as number;
				cells[at] = pos;
				cells[at + 1] = series;
				cells[at + 2] = samples.sourceMs[index] as number;
				cells[at + 3] = samples.sourceRestTicks[index] as number;
				cells[at + 4] = Number.isNaN(lag) ? null : lag;
				cells[at + 5] = samples.status[index] as number;
				cells[at + 6] = storedValue(samples, index);
				at += columns.length;
				this.#counts.add(series, pos);
				if (at < cells.length) continue;
				this.#run(rowsAtOnce);
				at = 0;
			}
		}
		if (at > 0) this.#run(at / columns.length);
	}

	/** Writes the first rows of the cells with one statement: a row of its own costs twice as much. */
	#run(rows: number): void {
		const cells = rows === rowsAtOnce ? this.#cells : this.#cells.slice(0, rows * columns.length);
		(this.#inserts[rows] as StatementSync).run(...cells);
	}
}

function insertOf(rows: number): string {
	const row = `(${columns.map(() => "?").join(", ")})`;
	return `INSERT INTO sample(${columns.join(", ")}) VALUES ${new Array(Math.max(1, rows)).fill(row).join(", ")}`;
}

/**
 * A Bad sample with neither value nor server time is the agent's own word that a tag cannot be read, and an interpolated
 * one (info bits 0x402) that it has its old value still: the source has not written it. Such samples fill records of
 * their own, so the first tells of the record.
 */
export function isAgentsOwn(samples: SampleColumns, index: number): boolean {
	const status = samples.status[index] as number;
	const empty = samples.kind[index] === valueKind.null;
	return (
		Number.isNaN(samples.serverLagTicks[index]) &&
		((status >= 0x8000_0000 && empty) || (status & 0xffff) === 0x402)
	);
}

/** Numbers as REAL, 64-bit integers exact, text and bytes as they are, null as NULL. */
export function storedValue(samples: SampleColumns, index: number): Cell {
	const kind = samples.kind[index];
	if (kind === valueKind.number) {
		const value = samples.number[index] as number;
		// SQLite stores NaN as NULL, which would look like "no value"; text keeps it apart.
		return Number.isNaN(value) ? "NaN" : value;
	}
	if (kind === valueKind.null) return null;
	const value = samples.other[index] as string | bigint | Uint8Array;
	// An unsigned 64-bit value beyond the signed range has no SQLite integer; its digits do.
	return typeof value === "bigint" && value > 0x7fff_ffff_ffff_ffffn ? value.toString() : value;
}
