import type { SpecAggregate, Specification, SpecWindow } from "../../specification.ts";
import { characteristicOf, moreSpecific, type Scoped } from "../../specification-scope.ts";
import type { JudgedScope } from "../judged-window.ts";

/** A window or an aggregate of a unit, with what takes its place where that is more specific. */
export type UnitWindow = { readonly scope: JudgedScope } & (
	| { readonly window: SpecWindow; readonly aggregate: undefined }
	| { readonly window: undefined; readonly aggregate: SpecAggregate }
);

export interface UnitWindows {
	/** Windows first, then aggregates, in the order of the file. */
	readonly all: readonly UnitWindow[];
	/** What they judge, each tag once, in order. */
	readonly tags: readonly string[];
}

const none: UnitWindows = { all: [], tags: [] };

/** A specification never changes once it is read; it takes its index with it when nobody has it any more. */
const indexes = new WeakMap<Specification, ReadonlyMap<string, UnitWindows>>();

/** What judges a unit's values. The first question about a specification sorts it by unit, once for all units. */
export function unitWindows(specification: Specification, unit: string): UnitWindows {
	let index = indexes.get(specification);
	if (index === undefined) {
		index = indexOf(specification);
		indexes.set(specification, index);
	}
	return index.get(unit) ?? none;
}

function indexOf(specification: Specification): ReadonlyMap<string, UnitWindows> {
	const { windows, aggregates } = specification;
	const likeWindow = Map.groupBy(windows, characteristicOf);
	const likeAggregate = Map.groupBy(aggregates, characteristicOf);
	const scopeOf = <T extends SpecWindow | SpecAggregate>(
		window: T,
		alike: readonly T[] = [],
	): JudgedScope => ({
		specification,
		window,
		instead: moreSpecific<Scoped>(window, alike),
	});
	const all: UnitWindow[] = [
		...windows.map((window) => ({
			...{ window, aggregate: undefined },
			scope: scopeOf(window, likeWindow.get(characteristicOf(window))),
		})),
		...aggregates.map((aggregate) => ({
			...{ window: undefined, aggregate },
			scope: scopeOf(aggregate, likeAggregate.get(characteristicOf(aggregate))),
		})),
	];
	const byUnit = Map.groupBy(all, ({ window, aggregate }) => (window ?? aggregate).unit);
	return new Map(
		[...byUnit].map(([unit, own]) => [
			unit,
			{ all: own, tags: [...new Set(own.map(({ window, aggregate }) => (window ?? aggregate).tag))].sort() },
		]),
	);
}
