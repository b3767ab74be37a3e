import { type Indices, indices, type Specification } from "./capability.ts";

/** What a report is made from. */
export interface CapabilityBasis {
	/** Of the baseline, and of all values. */
	readonly mean: number;
	readonly overallMean: number;
	/** Of the baseline: within subgroups, or from moving ranges; undefined where there is none. */
	readonly within: number | undefined;
	/** The standard deviation of all values; undefined where it is 0 or there are fewer than two. */
	readonly overall: number | undefined;
	/** Values behind it. */
	readonly n: number;
	/** Why capability would mean nothing here: no baseline, or one that is not in control. */
	readonly refusal: string | undefined;
}

export interface CapabilityReport {
	readonly n: number;
	/** Cp and its kin, only of a frozen baseline in control. */
	readonly capability: Indices | undefined;
	/** Pp and its kin, of whatever there is. */
	readonly performance: Indices | undefined;
	/** By index, why it is not there. */
	readonly refused: Readonly<Record<string, string>>;
}

/**
 * Capability where it means something, performance beside it, and for each index that is missing the reason (ISO 22514-2: an
 * index is one of capability only when the process is in statistical control).
 */
export function capabilityReport(basis: CapabilityBasis, specification: Specification): CapabilityReport {
	const { mean, overallMean, within, overall, n } = basis;
	const { lower, upper, target } = specification;
	const refused: Record<string, string> = {};
	const no = (why: string, ...names: string[]) => {
		for (const name of names) refused[name] ??= why;
	};
	const capability =
		basis.refusal === undefined && within !== undefined ? indices(mean, within, n, specification) : undefined;
	const performance = overall === undefined ? undefined : indices(overallMean, overall, n, specification);
	if (basis.refusal !== undefined) no(basis.refusal, "cp", "cpl", "cpu", "cpk", "cpm");
	else if (capability === undefined) no("there is no variation", "cp", "cpl", "cpu", "cpk", "cpm");
	if (performance === undefined) no("there is no variation", "pp", "ppl", "ppu", "ppk", "ppm");
	if (lower === undefined || upper === undefined)
		no("one limit alone has no width", "cp", "pp", "cpm", "ppm");
	if (lower === undefined) no("there is no lower limit", "cpl", "ppl");
	if (upper === undefined) no("there is no upper limit", "cpu", "ppu");
	if (target === undefined) no("there is no target", "cpm", "ppm");
	return { n, capability, performance, refused };
}
