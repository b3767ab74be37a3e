import type { ContextChange, DueRow, LotRow, UnitVisit } from "../pipeline.ts";
import { placesOf, type Route } from "../route.ts";

/** What a change did, for the store. */
export interface LotChanges {
	readonly visits: UnitVisit[];
	readonly lots: LotRow[];
	readonly due: DueRow[];
}

interface OpenLot {
	readonly lot: string;
	readonly openedMs: number;
	readonly visits: readonly LotVisit[];
	/** The lot was in a unit of the last place and left it. */
	readonly leftLine: boolean;
}

interface LotVisit {
	readonly batch: string;
	readonly unit: string;
	readonly startObserved: boolean;
	/** How it ended: `joined` when another batch of the lot followed at once, as when batches are blended. */
	readonly ended: "joined" | "left" | undefined;
}

/** The book's state as plain data, for the judgement cache. */
export interface LotBookState {
	readonly open: readonly OpenLot[];
	readonly present: readonly UnitVisit[];
}

/**
 * What a book makes of these changes, in order of time, of one lot; undefined while it is on the line. `closedMs` is when another
 * book has seen it close, which may have been another lot's doing.
 */
export function bookedLot(
	route: Route,
	changes: readonly ContextChange[],
	lot: string,
	closedMs: number | undefined,
): LotRow | undefined {
	const book = new LotBook(route);
	const out: LotChanges = { visits: [], lots: [], due: [] };
	for (const change of changes) book.change(change, out);
	const closed = out.lots.findLast((row) => row.lot === lot && row.closedMs !== undefined);
	return closed ?? (closedMs === undefined ? undefined : book.settled(lot, closedMs));
}

/** A line has few lots on it at a time; more than this means ids that never end, and the oldest is let go. */
const openLotsMax = 1_000;

/**
 * Follows batches and lots through the places of the route. Pure. A lot opens with the first unit that names it. It
 * closes when it leaves the last place and none of its batches is still on the way, at the latest when another lot
 * enters the unit that it left. It was observed whole when each of its batches was seen to begin in the first place and
 * then in each further one until it joined the rest, and the lot in every place.
 */
export class LotBook {
	readonly #places: readonly (readonly string[])[];
	readonly #placeOf: ReadonlyMap<string, number>;
	readonly #open = new Map<string, OpenLot>();
	readonly #present = new Map<string, UnitVisit>();

	constructor(route: Route) {
		this.#places = placesOf(route);
		this.#placeOf = new Map(this.#places.flatMap((units, place) => units.map((unit) => [unit, place])));
	}

	change(change: ContextChange, out: LotChanges): void {
		const { unit, atMs, before, after } = change;
		if (before !== undefined && before.batch === after.batch && before.lot === after.lot) return;
		const visit = this.#present.get(unit);
		if (visit !== undefined) {
			this.#present.delete(unit);
			out.visits.push({ ...visit, toMs: atMs });
			this.#leave(visit, after.lot === visit.lot, atMs, out);
		}
		if (after.batch === "" && after.lot === "") return;
		this.#enter({ unit, ...after, fromMs: atMs, toMs: undefined, startObserved: before !== undefined }, out);
	}

	/** What the book has of a lot that has left the line, whether or not another lot has followed it. */
	settled(lot: string, closedMs: number): LotRow | undefined {
		const known = this.#open.get(lot);
		if (known === undefined) return undefined;
		const out: LotChanges = { visits: [], lots: [], due: [] };
		this.#close(known, closedMs, out);
		return out.lots[0];
	}

	save(): LotBookState {
		return { open: [...this.#open.values()], present: [...this.#present.values()] };
	}

	load(state: LotBookState): void {
		this.#open.clear();
		this.#present.clear();
		for (const lot of state.open) this.#open.set(lot.lot, lot);
		for (const visit of state.present) this.#present.set(visit.unit, visit);
	}

	#enter(visit: UnitVisit, out: LotChanges): void {
		this.#present.set(visit.unit, visit);
		out.visits.push(visit);
		const { batch, unit, startObserved, lot, fromMs } = visit;
		if (lot === "" || !this.#placeOf.has(unit)) return;
		if (this.#isLast(unit)) {
			for (const open of [...this.#open.values()]) {
				const wasHere = open.visits.some((one) => one.unit === unit);
				if (open.leftLine && wasHere && open.lot !== lot) this.#close(open, fromMs, out);
			}
		}
		const known = this.#open.get(lot);
		const visits = [...(known?.visits ?? []), { batch, unit, startObserved, ended: undefined }];
		this.#open.set(lot, { lot, openedMs: known?.openedMs ?? fromMs, visits, leftLine: false });
		if (known !== undefined) return;
		out.lots.push({ lot, openedMs: fromMs, closedMs: undefined, observedWhole: false });
		const oldest = this.#open.keys().next().value;
		if (this.#open.size > openLotsMax && oldest !== undefined) this.#open.delete(oldest);
	}

	#leave({ unit, batch, lot }: UnitVisit, joined: boolean, atMs: number, out: LotChanges): void {
		const known = this.#open.get(lot);
		if (known === undefined || !this.#placeOf.has(unit)) return;
		const ended = joined ? "joined" : "left";
		const visits = known.visits.map((visit) =>
			visit.unit === unit && visit.batch === batch ? ({ ...visit, ended } as const) : visit,
		);
		const now = { ...known, visits, leftLine: known.leftLine || (this.#isLast(unit) && !joined) };
		this.#open.set(lot, now);
		if (!now.leftLine) return;
		const onTheWay = batchesOf(now).some((name) => {
			const newest = visits.findLast((visit) => visit.batch === name);
			return newest?.ended !== "joined" && !(newest?.ended === "left" && this.#isLast(newest.unit));
		});
		if (!onTheWay) this.#close(now, atMs, out);
	}

	#close(known: OpenLot, atMs: number, out: LotChanges): void {
		const { lot, openedMs, visits } = known;
		this.#open.delete(lot);
		const seenEverywhere = this.#places.every((units) => visits.some(({ unit }) => units.includes(unit)));
		const observedWhole = seenEverywhere && batchesOf(known).every((batch) => this.#seenWhole(visits, batch));
		out.lots.push({ lot, openedMs, closedMs: atMs, observedWhole });
		out.due.push({ lot, dueMs: atMs });
	}

	#isLast(unit: string): boolean {
		return this.#placeOf.get(unit) === this.#places.length - 1;
	}

	/** Whether a batch was seen from its beginning in the first place through each one up to its last. */
	#seenWhole(visits: readonly LotVisit[], batch: string): boolean {
		const own = visits.filter((visit) => visit.batch === batch);
		const last = Math.max(...own.map(({ unit }) => this.#placeOf.get(unit) ?? 0));
		return this.#places
			.slice(0, last + 1)
			.every((units, index) =>
				own.some((visit) => units.includes(visit.unit) && (index > 0 || visit.startObserved)),
			);
	}
}

function batchesOf({ visits }: OpenLot): string[] {
	return [...new Set(visits.map(({ batch }) => batch))];
}
