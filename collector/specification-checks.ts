// What is wrong with a specification beyond the form of its keys. Pure.

import type { SpecAggregate, Specification, SpecLimits, SpecTest, SpecWindow } from "./specification.ts";
import { equallySpecific, type Scoped } from "./specification-scope.ts";
import { statusFindings } from "./specification-status.ts";

export interface SpecificationFinding {
	readonly path: (string | number)[];
	readonly message: string;
}

/** From the lowest to the highest. */
const inOrder = ["low", "action_low", "alert_low", "target", "alert_high", "action_high", "high"] as const;

type Listed = SpecLimits &
	Pick<SpecWindow, "id" | "decision" | "uncertainty" | "uncertainty_percent" | "grades">;

export function specificationFindings(specification: Specification): SpecificationFinding[] {
	const found: SpecificationFinding[] = [...statusFindings(specification)];
	const ids = new Set<string>();
	for (const list of ["windows", "aggregates", "laboratory", "materials"] as const) {
		for (const [index, one] of specification[list].entries()) {
			const at = [list, index];
			if (ids.has(one.id)) found.push({ path: [...at, "id"], message: `window ${one.id} is there twice` });
			ids.add(one.id);
			found.push(...limitFindings(one, at), ...doubtFindings(one, at));
			found.push(...gradeFindings(one, specification, at));
		}
		for (const { one, index, earlier } of equallySpecific<Listed & Scoped>(specification[list])) {
			const message = `window ${one.id}: expected another scope than that of ${earlier.id}, which judges the same characteristic and is as specific; name grades, recipes or phases in one of them`;
			found.push({ path: [list, index], message });
		}
	}
	for (const [index, one] of specification.windows.entries())
		found.push(...windowFindings(one, ["windows", index]), ...holdFindings(one, ["windows", index]));
	for (const [index, one] of specification.aggregates.entries())
		found.push(...basisFindings(one, ["aggregates", index]), ...holdFindings(one, ["aggregates", index]));
	for (const [index, one] of specification.laboratory.entries())
		found.push(...detectionFindings(one, ["laboratory", index]));
	found.push(...recipeFindings(specification), ...baselineFindings(specification));
	return found;
}

/** Limits that are missing, cross each other, stand on the wrong side of the target, or are excluded and not there. */
function limitFindings(one: Listed, at: (string | number)[]): SpecificationFinding[] {
	const found: SpecificationFinding[] = [];
	if (one.low === undefined && one.high === undefined) {
		found.push({ path: at, message: `window ${one.id}: expected low, high or both, found neither` });
	}
	let before: { name: string; value: number } | undefined;
	for (const name of inOrder) {
		const value = one[name];
		if (value === undefined) continue;
		// Limits may coincide, but a window between low and high must have room.
		const crosses = before !== undefined && (before.value > value || (name === "high" && one.low === value));
		if (before !== undefined && crosses) {
			found.push({
				path: [...at, before.name],
				message: `window ${one.id}: expected ${before.name} below ${name}, found ${before.value} and ${value}`,
			});
		}
		before = { name, value };
	}
	for (const [index, name] of one.exclusive.entries()) {
		const path = [...at, "exclusive", index];
		if (one[name] === undefined)
			found.push({ path, message: `window ${one.id}: expected a limit that it has, found ${name}` });
		else if (one[name] === one.target)
			found.push({
				path,
				message: `window ${one.id}: expected a target that a value may reach, found it on ${name}`,
			});
	}
	return found;
}

/** An uncertainty that is there twice, or not at all where it decides, or so large that no value could be inside. */
function doubtFindings(one: Listed, at: (string | number)[]): SpecificationFinding[] {
	const { id, decision, uncertainty, uncertainty_percent: percent, low, high } = one;
	const found: SpecificationFinding[] = [];
	if (uncertainty !== undefined && percent !== undefined)
		found.push({
			path: [...at, "uncertainty_percent"],
			message: `window ${id}: expected uncertainty or uncertainty_percent, found both`,
		});
	if (decision !== "guarded") return found;
	const path = [...at, "decision"];
	if (uncertainty === undefined && percent === undefined)
		found.push({ path, message: `window ${id}: expected uncertainty beside decision: guarded, found none` });
	if (low === undefined || high === undefined) return found;
	// In percent, the band on each side is as wide as the limit there says.
	const bands =
		uncertainty === undefined ? ((percent ?? 0) * (Math.abs(low) + Math.abs(high))) / 100 : 2 * uncertainty;
	if (bands >= high - low) {
		const message = `window ${id}: expected an uncertainty that leaves room between ${low} and ${high}, found guard bands of ${bands} together`;
		found.push({ path, message });
	}
	return found;
}

function gradeFindings(
	one: Listed,
	{ product }: Specification,
	at: (string | number)[],
): SpecificationFinding[] {
	const known = [
		...(product.grade === undefined ? [] : [product.grade]),
		...product.grades.map(({ grade }) => grade),
	];
	return (one.grades ?? []).flatMap((grade, index) => {
		if (known.includes(grade)) return [];
		const expected =
			known.length === 0 ? "a grade of the product, which has none" : `one of ${known.join(", ")}`;
		return [
			{
				path: [...at, "grades", index],
				message: `window ${one.id}: expected ${expected}, found ${grade}`,
			},
		];
	});
}

function windowFindings(one: SpecWindow, at: (string | number)[]): SpecificationFinding[] {
	const { id, low, high, deadband, frozen } = one;
	const found = holdLimitFindings(one, at);
	if (low !== undefined && high !== undefined && low < high && deadband * 2 >= high - low) {
		const message = `window ${id}: expected a deadband below half of ${high - low}, or no value could clear it, found ${deadband}`;
		found.push({ path: [...at, "deadband"], message });
	}
	if (one.hold === "none" && one.on_delay_s + one.off_delay_s > 0) {
		const message = `window ${id}: expected no delays beside hold: none, where no time is observed, found ${one.on_delay_s} and ${one.off_delay_s}`;
		found.push({ path: [...at, "hold"], message });
	}
	if (frozen !== undefined && frozen.fail_after_s < frozen.suspect_after_s) {
		const message = `window ${id}: expected fail_after_s of at least suspect_after_s, found ${frozen.fail_after_s} and ${frozen.suspect_after_s}`;
		found.push({ path: [...at, "frozen", "fail_after_s"], message });
	}
	return found;
}

/** What holds a batch lies outside the limits. */
function holdLimitFindings(one: SpecWindow, at: (string | number)[]): SpecificationFinding[] {
	return (["low", "high"] as const).flatMap((side) => {
		const name = `hold_${side}` as const;
		const [limit, hold] = [one[side], one[name]];
		if (hold === undefined) return [];
		const isOutside = limit !== undefined && (side === "low" ? hold < limit : hold > limit);
		if (isOutside) return [];
		const where = side === "low" ? "below" : "above";
		const message =
			limit === undefined
				? `window ${one.id}: expected ${side} beside ${name}, found none`
				: `window ${one.id}: expected ${name} ${where} ${side}, found ${hold} and ${limit}`;
		return [{ path: [...at, name], message }];
	});
}

function holdFindings(
	{ id, hold, max_gap_s: gap }: Pick<SpecWindow, "id" | "hold" | "max_gap_s">,
	at: (string | number)[],
): SpecificationFinding[] {
	if (hold !== "none" || gap === undefined) return [];
	const message = `window ${id}: expected no max_gap_s beside hold: none, where no value holds at all, found ${gap}`;
	return [{ path: [...at, "max_gap_s"], message }];
}

/** What a basis needs, and the engineering unit that it gives. */
function basisFindings(one: SpecAggregate, at: (string | number)[]): SpecificationFinding[] {
	const { id, basis, reference, eu } = one;
	const found: SpecificationFinding[] = [];
	if (basis === "time_outside" && reference === undefined)
		found.push({
			path: [...at, "basis"],
			message: `window ${id}: expected reference beside basis: time_outside, found none`,
		});
	if (reference !== undefined && basis !== "time_outside" && basis !== "integral")
		found.push({
			path: [...at, "reference"],
			message: `window ${id}: expected no reference beside basis: ${basis}, which has no use for one`,
		});
	const expected = { time_outside: "h", rate: "/h", integral: " h" }[basis as string];
	if (expected !== undefined && (basis === "time_outside" ? eu !== expected : !eu.endsWith(expected)))
		found.push({
			path: [...at, "eu"],
			message: `window ${id}: expected ${basis === "time_outside" ? "h" : `the tag's unit and "${expected}"`} for basis: ${basis}, found ${eu}`,
		});
	return found;
}

/** A detection limit beyond a limit leaves "nothing found" between inside and outside. */
function detectionFindings(one: SpecTest, at: (string | number)[]): SpecificationFinding[] {
	const { id, detection_limit: detection, low, high } = one;
	const limit = low ?? high;
	if (detection === undefined || limit === undefined || detection <= limit) return [];
	const message = `window ${id}: expected a method that detects ${limit} ${one.eu}, its ${low === undefined ? "high" : "low"}, found detection_limit ${detection}`;
	return [{ path: [...at, "detection_limit"], message }];
}

function recipeFindings({ product }: Specification): SpecificationFinding[] {
	const found: SpecificationFinding[] = [];
	const grades = new Map<string, string>();
	for (const [index, { grade, recipes }] of product.grades.entries()) {
		for (const [place, recipe] of recipes.entries()) {
			const other = grades.get(recipe);
			if (other !== undefined)
				found.push({
					path: ["product", "grades", index, "recipes", place],
					message: `expected a recipe of one grade, found ${recipe} in ${other} and ${grade}`,
				});
			grades.set(recipe, grade);
		}
	}
	return found;
}

function baselineFindings({ baselines, windows }: Specification): SpecificationFinding[] {
	const found: SpecificationFinding[] = [];
	const versions = new Set<string>();
	for (const [index, { characteristic, version }] of baselines.entries()) {
		const at = ["baselines", index];
		const charted = windows.some(({ id }) => characteristic === `${id}/mean`);
		if (!charted)
			found.push({
				path: [...at, "characteristic"],
				message: `expected WINDOW/mean with a window of this file, found ${characteristic}`,
			});
		const one = JSON.stringify([characteristic, version]);
		if (versions.has(one))
			found.push({
				path: [...at, "version"],
				message: `version ${version} of the baseline of ${characteristic} is there twice`,
			});
		versions.add(one);
	}
	return found;
}
