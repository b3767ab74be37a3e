import type { SpecLimits } from "../../specification.ts";

/** How one number stands to a window's limits. */
export interface Standing {
	readonly verdict: "in" | "alert" | "out";
	readonly side: "low" | "high" | undefined;
	/** The limit that it is beyond, or nearer to than its uncertainty. */
	readonly limit: number | undefined;
	/** How far beyond a limit of the specification; 0 inside. */
	readonly depth: number;
	readonly why: "outside" | "action" | "alert" | "uncertain" | undefined;
}

const inside: Standing = { verdict: "in", side: undefined, limit: undefined, depth: 0, why: undefined };

type LimitName = SpecLimits["exclusive"][number];

export function isBelow(limits: SpecLimits, name: LimitName, value: number): boolean {
	const limit = limits[name];
	return limit !== undefined && (value < limit || (value === limit && limits.exclusive.includes(name)));
}

export function isAbove(limits: SpecLimits, name: LimitName, value: number): boolean {
	const limit = limits[name];
	return limit !== undefined && (value > limit || (value === limit && limits.exclusive.includes(name)));
}

/**
 * Judges one finite number. Beyond a limit of the specification it is out; beyond an alert or action limit, or with
 * `guard` above 0 nearer to a limit than that, it is an alert: guarded acceptance of JCGM 106:2012 §8.3.2, where what is
 * in doubt is neither accepted nor rejected without a person.
 */
export function standing(limits: SpecLimits, value: number, guard = 0): Standing {
	const { low, high } = limits;
	if (isBelow(limits, "low", value))
		return { verdict: "out", side: "low", limit: low, depth: (low as number) - value, why: "outside" };
	if (isAbove(limits, "high", value))
		return { verdict: "out", side: "high", limit: high, depth: value - (high as number), why: "outside" };
	for (const why of ["action", "alert"] as const) {
		if (isBelow(limits, `${why}_low`, value))
			return { verdict: "alert", side: "low", limit: limits[`${why}_low`], depth: 0, why };
		if (isAbove(limits, `${why}_high`, value))
			return { verdict: "alert", side: "high", limit: limits[`${why}_high`], depth: 0, why };
	}
	if (guard > 0 && low !== undefined && value - low < guard)
		return { verdict: "alert", side: "low", limit: low, depth: 0, why: "uncertain" };
	if (guard > 0 && high !== undefined && high - value < guard)
		return { verdict: "alert", side: "high", limit: high, depth: 0, why: "uncertain" };
	return inside;
}
