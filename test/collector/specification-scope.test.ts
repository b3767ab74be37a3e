import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	equallySpecific,
	gradeOf,
	inScope,
	moreSpecific,
	type Scoped,
} from "../../collector/specification-scope.ts";
import { specificationFrom } from "./specification-of.ts";

const window = (id: string, scope: Partial<Scoped> = {}): Scoped => ({
	id,
	characteristic: "c",
	unit: "U",
	...scope,
});

describe("where several windows of one characteristic meet", () => {
	const all = window("all");
	const inSoak = window("soak", { phases: ["SOAK"] });
	const ofRecipe = window("recipe", { recipes: ["R2"] });
	const ofGrade = window("grade", { grades: ["fine"] });
	const windows = [all, inSoak, ofRecipe, ofGrade];

	/** The one that judges: in scope, and no more specific one is. */
	function judging(from: readonly Scoped[], at: { grade: string; recipe: string; phase: string }): string[] {
		return from
			.filter((one) => inScope(one, at) && !moreSpecific(one, from).some((other) => inScope(other, at)))
			.map(({ id }) => id);
	}

	test.each([
		["coarse", "R1", "RAMP", "all"],
		["coarse", "R1", "SOAK", "soak"],
		["coarse", "R2", "SOAK", "recipe"],
		["fine", "R2", "SOAK", "grade"],
		["fine", "R1", "RAMP", "grade"],
	])("grade %s, recipe %s, phase %s is judged by the one of %s", (grade, recipe, phase, id) => {
		expect(judging(windows, { grade, recipe, phase })).toEqual([id]);
	});

	test("other units, materials and characteristics are apart", () => {
		const others = [
			window("v", { unit: "V" }),
			window("d", { characteristic: "d" }),
			{ id: "m", material: "Li2S" },
		];
		for (const other of others) expect(equallySpecific([all, other])).toEqual([]);
		expect(equallySpecific([all, window("again")])).toHaveLength(1);
	});

	test("property: without equally specific ones, exactly one of those in scope judges, everywhere", () => {
		const some = (of: string[]) => fc.option(fc.subarray(of, { minLength: 1 }), { nil: undefined });
		const scoped = fc.record({
			grades: some(["f", "g"]),
			recipes: some(["R1", "R2"]),
			phases: some(["A", "B"]),
		});
		fc.assert(
			fc.property(fc.array(scoped, { maxLength: 6 }), (scopes) => {
				const kept: Scoped[] = [];
				for (const [index, scope] of scopes.entries()) {
					const one = window(`w${index}`, scope);
					if (equallySpecific([...kept, one]).length === 0) kept.push(one);
				}
				for (const grade of ["f", "g"])
					for (const recipe of ["R1", "R2"])
						for (const phase of ["A", "B"]) {
							const at = { grade, recipe, phase };
							const expected = kept.some((one) => inScope(one, at)) ? 1 : 0;
							expect(judging(kept, at)).toHaveLength(expected);
						}
			}),
		);
	});
});

test("a recipe's grade is the one that names it, or the product's own", () => {
	const specification = specificationFrom({
		product: { code: "P", formula: "F", grade: "coarse", grades: [{ grade: "fine", recipes: ["R2"] }] },
	});
	expect([gradeOf(specification, "R1"), gradeOf(specification, "R2")]).toEqual(["coarse", "fine"]);
	expect(gradeOf(specificationFrom({}), "R1")).toBeUndefined();
});
