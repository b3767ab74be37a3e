// What is wrong with a specification beyond the form of its keys. Pure.

import type { Specification, SpecLimits } from "./specification.ts";

export interface SpecificationFinding {
	readonly path: (string | number)[];
	readonly message: string;
}

/** From the lowest to the highest. */
const inOrder = ["low", "action_low", "alert_low", "target", "alert_high", "action_high", "high"] as const;

type Listed = SpecLimits & { readonly id: string };

export function specificationFindings(specification: Specification): SpecificationFinding[] {
	const found: SpecificationFinding[] = [];
	const ids = new Set<string>();
	for (const list of ["windows", "aggregates", "laboratory", "materials"] as const) {
		for (const [index, one] of specification[list].entries()) {
			const at = [list, index];
			if (ids.has(one.id)) found.push({ path: [...at, "id"], message: `window ${one.id} is there twice` });
			ids.add(one.id);
			found.push(...limitFindings(one, at));
		}
	}
	for (const [index, { id, low, high, deadband }] of specification.windows.entries()) {
		if (low === undefined || high === undefined || low >= high || deadband * 2 < high - low) continue;
		const message = `window ${id}: expected a deadband below half of ${high - low}, or no value could clear it, found ${deadband}`;
		found.push({ path: ["windows", index, "deadband"], message });
	}
	found.push(...baselineFindings(specification));
	return found;
}

/** Limits that are missing, cross each other, or stand on the wrong side of the target. */
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
