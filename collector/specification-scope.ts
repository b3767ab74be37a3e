// Which of several windows of one characteristic judges. Pure.
//
// A window's scope is what it names: grades, recipes, its unit (or raw material), phases. Where the scopes of several windows of one
// characteristic meet, the most specific judges and the others do not: first one that names grades, among equals one that
// names recipes, then one that names phases. The unit is always named, so it only keeps windows apart. Two that are equally specific
// and meet somewhere are an error of the file, so there is never a choice left.

import type { Specification } from "./specification.ts";

/** What of a window says where it judges; a laboratory's test has neither unit nor phases. */
export interface Scoped {
	readonly id: string;
	readonly characteristic?: string | undefined;
	readonly grades?: readonly string[] | undefined;
	readonly recipes?: readonly string[] | undefined;
	readonly unit?: string | undefined;
	readonly material?: string | undefined;
	readonly phases?: readonly string[] | undefined;
}

/** What is being made, and in which phase; a lot's result has no phase. */
export interface ScopePoint {
	readonly grade: string | undefined;
	readonly recipe: string;
	readonly phase?: string;
}

/** What is judged; windows of one characteristic differ in their scope. */
export function characteristicOf({ characteristic, id }: Scoped): string {
	return characteristic ?? id;
}

/** The grade that a recipe makes: the one that names it, or else the product's own. */
export function gradeOf({ product }: Pick<Specification, "product">, recipe: string): string | undefined {
	return product.grades.find(({ recipes }) => recipes.includes(recipe))?.grade ?? product.grade;
}

/** Whether a window judges there, if no more specific one does. */
export function inScope(one: Scoped, { grade, recipe, phase }: ScopePoint): boolean {
	if (one.grades !== undefined && (grade === undefined || !one.grades.includes(grade))) return false;
	if (one.recipes !== undefined && !one.recipes.includes(recipe)) return false;
	return one.phases === undefined || phase === undefined || one.phases.includes(phase);
}

/** The windows that take one's place where both are in scope. */
export function moreSpecific<T extends Scoped>(one: T, all: readonly T[]): T[] {
	return all.filter((other) => other !== one && meet(one, other) && specificity(other) > specificity(one));
}

/** Pairs of one characteristic that meet and are equally specific, the later one first. */
export function equallySpecific<T extends Scoped>(
	all: readonly T[],
): { one: T; index: number; earlier: T }[] {
	const found: { one: T; index: number; earlier: T }[] = [];
	const byCharacteristic = new Map<string, T[]>();
	for (const [index, one] of all.entries()) {
		const before = byCharacteristic.get(characteristicOf(one)) ?? [];
		for (const earlier of before) {
			if (earlier.id !== one.id && meet(one, earlier) && specificity(one) === specificity(earlier))
				found.push({ one, index, earlier });
		}
		byCharacteristic.set(characteristicOf(one), [...before, one]);
	}
	return found;
}

/** In the order of resolution: grades before recipes before phases. */
function specificity({ grades, recipes, phases }: Scoped): number {
	return (grades === undefined ? 0 : 4) + (recipes === undefined ? 0 : 2) + (phases === undefined ? 0 : 1);
}

function meet(a: Scoped, b: Scoped): boolean {
	return (
		characteristicOf(a) === characteristicOf(b) &&
		a.unit === b.unit &&
		a.material === b.material &&
		share(a.grades, b.grades) &&
		share(a.recipes, b.recipes) &&
		share(a.phases, b.phases)
	);
}

function share(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
	return a === undefined || b === undefined || a.some((one) => b.includes(one));
}
