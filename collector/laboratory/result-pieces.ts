// The samples of a structure's fields, put together again. A record is an uncut stretch of what an agent has read, and the
// fields of one value stand in it in the structure's order; so a field that does not come after the one before it begins
// another value, also at one source time. Pure.

import type { SampleColumns, SampleValue } from "../../common/contract/samples.ts";
import { isGood } from "../../common/contract/status.ts";
import type { RecordRow } from "../pipeline.ts";

/** A field's place in the structure, and in its list; 0 where it is none. */
export interface FieldPlace {
	/** Of the configured servers. */
	readonly server: number;
	readonly order: number;
	readonly element: number;
}

export interface Cell {
	readonly order: number;
	readonly element: number;
	/** Null also where the status is not Good, and for what is no finite number. */
	readonly value: string | number | null;
}

/** Fields of one value that stand one after the other in a record, or in records that follow each other. */
export interface Piece {
	readonly server: number;
	readonly edgeNode: number;
	readonly epoch: number;
	/** First and last offset of its records. */
	readonly offset: number;
	readonly last: number;
	/** Where it begins in its first record. */
	readonly index: number;
	readonly endsRecord: boolean;
	readonly sourceMs: number;
	readonly sourceRestTicks: number;
	/** When the last of it was received, wall clock. */
	readonly receivedMs: number;
	readonly cells: readonly Cell[];
}

/** The pieces in a record, whose samples begin at `from`. */
export function piecesOf(
	record: RecordRow,
	samples: SampleColumns,
	from: number,
	places: readonly (FieldPlace | undefined)[],
): Piece[] {
	const pieces: Piece[] = [];
	let open: (Omit<Piece, "cells" | "endsRecord"> & { endsRecord: boolean; cells: Cell[] }) | undefined;
	let before: FieldPlace | undefined;
	for (let index = from; index < from + record.samples; index++) {
		const place = places[samples.tagId[index] as number];
		if (place === undefined) continue;
		const sourceMs = samples.sourceMs[index] as number;
		const sourceRestTicks = samples.sourceRestTicks[index] as number;
		const goesOn =
			open?.server === place.server &&
			open.sourceMs === sourceMs &&
			open.sourceRestTicks === sourceRestTicks &&
			before !== undefined &&
			isAfter(place, before);
		if (open === undefined || !goesOn) {
			const { edgeNode, epoch, offset, last, receivedMs } = record;
			open = {
				...{ server: place.server, edgeNode, epoch, offset, last, sourceMs, sourceRestTicks, receivedMs },
				index: index - from,
				endsRecord: false,
				cells: [],
			};
			pieces.push(open);
		}
		open.endsRecord = index === from + record.samples - 1;
		open.cells.push({ order: place.order, element: place.element, value: told(samples, index) });
		before = place;
	}
	return pieces;
}

/** One piece of two, when the second goes on in the very next record where the first one ended. */
export function joined(first: Piece, second: Piece): Piece | undefined {
	const follows =
		first.endsRecord &&
		second.index === 0 &&
		second.offset === first.last + 1 &&
		second.epoch === first.epoch &&
		second.edgeNode === first.edgeNode &&
		isSameTime(first, second) &&
		isAfter(second.cells[0] as Cell, first.cells.at(-1) as Cell);
	if (!follows) return undefined;
	return {
		...first,
		last: second.last,
		endsRecord: second.endsRecord,
		receivedMs: Math.max(first.receivedMs, second.receivedMs),
		cells: [...first.cells, ...second.cells],
	};
}

/** Of one server and one source time. */
function isSameTime(a: Piece, b: Piece): boolean {
	return a.server === b.server && a.sourceMs === b.sourceMs && a.sourceRestTicks === b.sourceRestTicks;
}

/** Whether everything that a piece says is said again in another epoch, as after a crash between two records. */
export function isCovered(piece: Piece, by: Piece): boolean {
	return (
		isSameTime(piece, by) &&
		(piece.epoch !== by.epoch || piece.edgeNode !== by.edgeNode) &&
		piece.cells.every(
			({ order, element, value }) =>
				value === null ||
				by.cells.some((cell) => cell.order === order && cell.element === element && cell.value === value),
		)
	);
}

/** A connection that was lost, and a server that has nothing yet, give fields without a single value. */
export function saysNothing({ cells }: Piece): boolean {
	return cells.every(({ value }) => value === null);
}

function isAfter(place: Pick<Cell, "order" | "element">, before: Pick<Cell, "order" | "element">): boolean {
	return place.order > before.order || (place.order === before.order && place.element > before.element);
}

/** Text and finite numbers; an integer of 64 bits as the nearest double. */
function told(samples: SampleColumns, index: number): string | number | null {
	if (!isGood(samples.status[index] as number)) return null;
	const value: SampleValue = samples.value(index);
	if (typeof value === "number") return Number.isFinite(value) ? value : null;
	if (typeof value === "bigint") return Number(value);
	return typeof value === "string" ? value : null;
}
