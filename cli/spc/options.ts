import { type ChartName, chartNames } from "../../collector/spc/chart.ts";
import type { ConstantsKind } from "../../collector/spc/constants.ts";
import { nelson, type RuleName, ruleNames, usual, westernElectric } from "../../collector/spc/rules.ts";
import { CodedError } from "../../common/runtime/coded-error.ts";

/** The command line as it was typed. */
export interface RawOptions {
	readonly chart: string;
	readonly columns?: string;
	readonly rules?: string;
	readonly baseline?: string;
	readonly lsl?: string;
	readonly usl?: string;
	readonly target?: string;
	readonly lambda?: string;
	readonly width?: string;
	readonly ewmaLimits?: string;
	readonly k?: string;
	readonly h?: string;
	readonly fir?: boolean;
	readonly mean?: string;
	readonly sigma?: string;
	readonly alpha?: string;
	readonly constants?: string;
}

/** What is asked for, checked and with its defaults. */
export interface SpcOptions {
	readonly chart: ChartName;
	/** Names of columns; undefined for those that the file is looked through for. */
	readonly columns: readonly string[] | undefined;
	readonly rules: readonly RuleName[];
	/** Whether `--rules none` was said, which also silences limits that are no run rule. */
	readonly silent: boolean;
	/** Points from 1, both ends included; undefined when all points are the baseline. */
	readonly baseline: readonly { readonly from: number; readonly to: number }[] | undefined;
	readonly specification: { readonly lower?: number; readonly upper?: number; readonly target?: number };
	readonly lambda: number;
	readonly width: number;
	readonly ewmaLimits: "exact" | "asymptotic";
	readonly k: number;
	readonly h: number;
	readonly fir: boolean;
	readonly mean: number | undefined;
	readonly sigma: number | undefined;
	readonly alpha: number;
	readonly constants: ConstantsKind;
}

const ruleSets: Readonly<Record<string, readonly RuleName[]>> = {
	none: [],
	usual,
	nelson,
	"western-electric": westernElectric,
};

/** Options that only some charts understand. */
const understoodBy: readonly (readonly [keyof RawOptions, string, readonly ChartName[]])[] = [
	["lambda", "--lambda", ["ewma"]],
	["width", "--width", ["ewma"]],
	["ewmaLimits", "--ewma-limits", ["ewma"]],
	["k", "--k", ["cusum"]],
	["h", "--h", ["cusum"]],
	["fir", "--fir", ["cusum"]],
	["alpha", "--alpha", ["t2"]],
	["mean", "--mean", ["individuals", "ewma", "cusum", "c"]],
	["sigma", "--sigma", ["individuals", "ewma", "cusum"]],
	["baseline", "--baseline", chartNames.filter((name) => name !== "individuals" && name !== "q")],
	["lsl", "--lsl", chartNames.filter((name) => name !== "c" && name !== "t2")],
	["usl", "--usl", chartNames.filter((name) => name !== "c" && name !== "t2")],
	["target", "--target", chartNames.filter((name) => name !== "c" && name !== "t2")],
];

/** Charts whose points depend on each other, or have one limit: run rules would mean nothing. */
const withoutRunRules: readonly ChartName[] = ["ewma", "cusum", "t2"];

/** @throws CodedError USAGE that says what was expected and what was found */
export function spcOptions(raw: RawOptions): SpcOptions {
	const chart = chartNames.find((name) => name === raw.chart);
	if (chart === undefined) throw usage("--chart", `one of ${chartNames.join(", ")}`, raw.chart);
	for (const [key, option, charts] of understoodBy)
		if (raw[key] !== undefined && !charts.includes(chart))
			throw new CodedError("USAGE", `${option}: expected with --chart ${charts.join(", ")}, found ${chart}`);
	const [lower, upper] = [numberOf("--lsl", raw.lsl), numberOf("--usl", raw.usl)];
	const target = numberOf("--target", raw.target);
	if (lower !== undefined && upper !== undefined && lower >= upper)
		throw usage("--lsl", `a number below --usl ${upper}`, String(lower));
	if (target !== undefined && lower === undefined && upper === undefined)
		throw new CodedError("USAGE", "--target: expected with --lsl or --usl, found neither");
	const [mean, sigma] = [numberOf("--mean", raw.mean), numberOf("--sigma", raw.sigma, { above: 0 })];
	if (chart === "individuals" && (mean === undefined || sigma === undefined))
		throw new CodedError(
			"USAGE",
			"--chart individuals: expected --mean and --sigma, the known ones; imr estimates them",
		);
	if (chart === "c" && mean !== undefined && mean <= 0)
		throw usage("--mean", "a number above 0", String(mean));
	return {
		...{ chart, mean, sigma, columns: raw.columns === undefined ? undefined : names(raw.columns) },
		...{ rules: rulesOf(chart, raw.rules), silent: raw.rules === "none" },
		baseline: raw.baseline === undefined ? undefined : ranges(raw.baseline),
		specification: {
			...(lower !== undefined && { lower }),
			...(upper !== undefined && { upper }),
			...(target !== undefined && { target }),
		},
		lambda: numberOf("--lambda", raw.lambda, { above: 0, most: 1 }) ?? 0.2,
		width: numberOf("--width", raw.width, { above: 0, most: 100 }) ?? 3,
		ewmaLimits: oneOf("--ewma-limits", raw.ewmaLimits, ["exact", "asymptotic"]),
		k: numberOf("--k", raw.k, { least: 0, most: 100 }) ?? 0.5,
		h: numberOf("--h", raw.h, { above: 0, most: 1000 }) ?? 5,
		fir: raw.fir ?? false,
		alpha: numberOf("--alpha", raw.alpha, { above: 0, most: 0.5 }) ?? 0.0027,
		constants: oneOf("--constants", raw.constants, ["exact", "nist"]),
	};
}

function rulesOf(chart: ChartName, text: string | undefined): readonly RuleName[] {
	if (withoutRunRules.includes(chart)) {
		if (text === undefined || text === "none") return [];
		throw new CodedError(
			"USAGE",
			`--rules: expected none with --chart ${chart}, whose points are no independent ones, found ${text}`,
		);
	}
	if (text === undefined) return usual;
	const named = names(text).flatMap((name) => {
		const set = ruleSets[name];
		if (set !== undefined) return set;
		const rule = ruleNames.find((known) => known === name);
		if (rule === undefined)
			throw usage("--rules", `none, nelson, western-electric, or a list of ${ruleNames.join(", ")}`, name);
		return [rule];
	});
	return ruleNames.filter((name) => named.includes(name));
}

function names(text: string): string[] {
	return text.split(",").map((name) => name.trim());
}

function ranges(text: string): { from: number; to: number }[] {
	return names(text).map((range) => {
		const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range);
		const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
		if (match === null || from < 1 || to < from)
			throw usage("--baseline", "points such as 1-25 or 1-10,12-25", range);
		return { from, to };
	});
}

function numberOf(
	option: string,
	text: string | undefined,
	bounds: { readonly above?: number; readonly least?: number; readonly most?: number } = {},
): number | undefined {
	if (text === undefined) return undefined;
	const { above = -1e150, least = -1e150, most = 1e150 } = bounds;
	const value = text.trim() === "" ? Number.NaN : Number(text);
	if (!(value > above && value >= least && value <= most)) {
		const from =
			bounds.above !== undefined ? ` above ${above}` : bounds.least !== undefined ? ` from ${least}` : "";
		throw usage(option, `a number${from}${bounds.most === undefined ? "" : ` up to ${most}`}`, text);
	}
	return value;
}

function oneOf<T extends string>(option: string, text: string | undefined, choices: readonly [T, ...T[]]): T {
	if (text === undefined) return choices[0];
	const found = choices.find((choice) => choice === text);
	if (found === undefined) throw usage(option, `one of ${choices.join(", ")}`, text);
	return found;
}

function usage(option: string, expected: string, found: string): CodedError {
	return new CodedError("USAGE", `${option}: expected ${expected}, found ${JSON.stringify(found)}`);
}
