import type { ContextChange, DueRow, LotRow, UnitVisit } from "../pipeline.ts";

/** What a change did, for the store. */
export interface LotChanges {
	readonly visits: UnitVisit[];
	readonly lots: LotRow[];
	readonly due: DueRow[];
}

interface OpenLot {
	readonly lot: string;
	readonly openedMs: number;
	/** Batches by their visits' units, and whether each visit's beginning was seen. */
	readonly visits: { batch: string; unit: string; startObserved: boolean }[];
}

/** The book's state as plain data, for the judgement cache. */
export interface LotBookState {
	readonly open: readonly OpenLot[];
	readonly present: readonly UnitVisit[];
}

/** A line has few lots on it at a time; more than this means ids that never end, and the oldest is let go. */
const openLotsMax = 1_000;

/**
 * Follows batches and lots through the units of the route. Pure. A lot opens with the first unit that names it and
 * closes when it leaves the last unit of the route; it was observed whole when each of its batches was seen to begin
 * in the first unit and passed them all.
 */
export class LotBook {
	readonly #route: readonly string[];
	readonly #open = new Map<string, OpenLot>();
	readonly #present = new Map<string, UnitVisit>();

	constructor(route: readonly string[]) {
		this.#route = route;
	}

	change(change: ContextChange, out: LotChanges): void {
		const { unit, atMs, before, after } = change;
		if (before !== undefined && before.batch === after.batch && before.lot === after.lot) return;
		const visit = this.#present.get(unit);
		if (visit !== undefined) {
			this.#present.delete(unit);
			out.visits.push({ ...visit, toMs: atMs });
			if (unit === this.#route.at(-1) && after.lot !== visit.lot) this.#close(visit.lot, atMs, out);
		}
		if (after.batch === "" && after.lot === "") return;
		this.#enter({ unit, ...after, fromMs: atMs, toMs: undefined, startObserved: before !== undefined }, out);
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
		if (visit.lot === "" || !this.#route.includes(visit.unit)) return;
		const known = this.#open.get(visit.lot);
		const { batch, unit, startObserved, lot } = visit;
		if (known === undefined) {
			this.#open.set(lot, { lot, openedMs: visit.fromMs, visits: [{ batch, unit, startObserved }] });
			out.lots.push({ lot, openedMs: visit.fromMs, closedMs: undefined, observedWhole: false });
			const oldest = this.#open.keys().next().value;
			if (this.#open.size > openLotsMax && oldest !== undefined) this.#open.delete(oldest);
		} else this.#open.set(lot, { ...known, visits: [...known.visits, { batch, unit, startObserved }] });
	}

	#close(lot: string, atMs: number, out: LotChanges): void {
		const known = this.#open.get(lot);
		if (known === undefined) return;
		this.#open.delete(lot);
		const batches = new Set(known.visits.map(({ batch }) => batch));
		const observedWhole = [...batches].every((batch) =>
			this.#route.every((unit, index) =>
				known.visits.some(
					(visit) => visit.batch === batch && visit.unit === unit && (index > 0 || visit.startObserved),
				),
			),
		);
		out.lots.push({ lot, openedMs: known.openedMs, closedMs: atMs, observedWhole });
		out.due.push({ lot, dueMs: atMs });
	}
}
