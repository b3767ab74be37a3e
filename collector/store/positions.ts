// Reading by position: sealed parts and hot rows are one row of positions. A part is sorted by series, so a stretch of
// its positions costs a pass over the whole file; followers read through a window that keeps one stretch.

import type { DatabaseSync } from "node:sqlite";
import type { MissingPositions, PositionSlice } from "../follow-port.ts";
import { samplesPerSeq } from "../pipeline.ts";
import { PositionedSamples } from "./positioned-samples.ts";
import { all, get } from "./read-rows.ts";
import type { SampleRows } from "./sample-rows.ts";

export interface PositionQuery {
	readonly fromPos: number;
	readonly limit: number;
	/** Nothing from this position on; the end of what is stored when left out. */
	readonly endPos?: number;
}

/** Sealed samples that are read in one pass, which bounds what a window takes in memory. */
const windowSamples = 400_000;
/** Records of a window at most. */
const windowRecords = 100_000;

/** Keeps the stretch of sealed positions that was read last, for whoever reads on. */
export class PositionWindow {
	#found: PositionedSamples | undefined;
	#fromPos = 0;
	/** Not included. */
	#toPos = 0;
	#parts = "";

	/** Sealed samples from `fromPos` on, at most `limit`, and the position up to which that is all. */
	async read(
		rows: SampleRows,
		{ fromPos, limit, endPos }: Required<PositionQuery>,
	): Promise<{ found: PositionedSamples; nextPos: number }> {
		const parts = rows
			.parts()
			.map(({ file }) => file)
			.join(" ");
		if (
			this.#found === undefined ||
			this.#parts !== parts ||
			fromPos < this.#fromPos ||
			fromPos >= this.#toPos
		)
			await this.#fill(rows, fromPos);
		this.#parts = parts;
		const kept = this.#found as PositionedSamples;
		const from = firstAtOrAfter(kept.pos, kept.count, fromPos);
		const end = firstAtOrAfter(kept.pos, kept.count, endPos);
		const to = Math.min(from + limit, end);
		const indexes = Uint32Array.from({ length: to - from }, (_, index) => from + index);
		const all = Math.min(this.#toPos, endPos);
		return { found: kept.picked(indexes), nextPos: to < end ? (kept.pos[to] as number) : all };
	}

	async #fill(rows: SampleRows, fromPos: number): Promise<void> {
		const next = Math.min(...rows.parts().flatMap((part) => (part.toPos > fromPos ? [part.fromPos] : [])));
		const fromSeq = Math.floor(fromPos / samplesPerSeq);
		// Where no part is, nothing is read.
		const last =
			next > fromPos
				? Math.ceil(Math.min(next, rows.sealedTo) / samplesPerSeq) - 1
				: await rows.records.stretchFrom(fromSeq, windowSamples, windowRecords);
		this.#toPos = Math.min(rows.sealedTo, ((last ?? fromSeq) + 1) * samplesPerSeq);
		this.#fromPos = fromPos;
		this.#found = await rows.sealedBetween(fromPos, this.#toPos - 1);
	}
}

export async function readPositions(
	db: DatabaseSync,
	rows: SampleRows,
	query: PositionQuery,
	window = new PositionWindow(),
): Promise<PositionSlice> {
	const { limit } = query;
	const storedPos = storedTo(db);
	const fromPos = Math.max(0, query.fromPos);
	const endPos = Math.min(query.endPos ?? storedPos, storedPos);
	const none = { samples: new PositionedSamples(0).samples, pos: new Float64Array(0), missing: [] };
	if (fromPos >= endPos) return { ...none, nextPos: Math.max(fromPos, query.endPos ?? fromPos), storedPos };
	if (fromPos >= rows.sealedTo) {
		const found = rows.hotFrom(fromPos, limit, endPos);
		const nextPos = found.count < limit ? endPos : (found.pos[found.count - 1] as number) + 1;
		return {
			samples: found.samples.copy(),
			pos: found.pos.slice(0, found.count),
			nextPos,
			storedPos,
			missing: [],
		};
	}
	const { found, nextPos } = await window.read(rows, { fromPos, limit, endPos });
	return {
		samples: found.samples,
		pos: found.pos,
		nextPos,
		storedPos,
		missing: missingIn(db, fromPos, nextPos),
	};
}

/** The position after the last one that is stored. */
export function storedTo(db: DatabaseSync): number {
	const last = get(db, "SELECT seq, samples FROM record ORDER BY seq DESC LIMIT 1");
	return last === undefined ? 0 : Number(last.seq) * samplesPerSeq + Math.max(1, Number(last.samples));
}

function missingIn(db: DatabaseSync, fromPos: number, toPos: number): MissingPositions[] {
	return all(
		db,
		"SELECT from_pos, to_pos, state, samples FROM part WHERE state <> 'listed' AND to_pos > ? AND from_pos < ? ORDER BY from_pos",
		fromPos,
		toPos,
	).map((row) => ({
		fromPos: Math.max(fromPos, Number(row.from_pos)),
		toPos: Math.min(toPos, Number(row.to_pos)),
		reason: row.state === "damaged" ? "damaged" : "retired",
		samples: Number(row.samples),
	}));
}

/** The first index whose position is `pos` or higher. */
function firstAtOrAfter(positions: Float64Array, count: number, pos: number): number {
	let low = 0;
	let high = count;
	while (low < high) {
		const middle = (low + high) >>> 1;
		if ((positions[middle] as number) < pos) low = middle + 1;
		else high = middle;
	}
	return low;
}
