import type { Judged, Reason, WindowVerdict } from "../judgement-port.ts";
import type { LabResult } from "../laboratory-port.ts";
import type { SpecLimits, SpecMaterialTest, SpecTest } from "../specification.ts";
import { atTemperature } from "./arrhenius.ts";
import { currentResults } from "./result-history.ts";
import { converted } from "./units.ts";

/** A test of the product, or of a raw material, which has neither repeats nor conditions of its own. */
export type JudgedTest = SpecTest | SpecMaterialTest;

export interface JudgeContext {
	/** The lot left the line then, or was received: what is judged is of this moment. */
	readonly fromMs: number;
	readonly toMs: number;
	/** Whether one of every so many lots needs the test, and this is none of them: then nothing need be there. */
	readonly isDue: boolean;
}

/** A number as the limits see it, in the test's unit. */
interface Found {
	readonly value: number;
	readonly censored: "below" | "above" | undefined;
	/** Expanded, k = 2; 0 where it is not known. */
	readonly uncertainty: number;
}

const calibrationText = "the instrument's calibration had expired when it was measured";

/**
 * Judges what the laboratory says of one test of a lot, by the specification in force when the lot was made; the caller chooses
 * that. Pure. Of each sample the highest version counts; several samples of one lot are judged each, and the worst counts. A
 * result that cannot be trusted or compared is not evaluable, never in.
 */
export function judgeResult(
	results: readonly LabResult[],
	test: JudgedTest,
	context: JudgeContext,
): WindowVerdict | undefined {
	const own = results.filter((result) => result.test === test.test && result.material === materialOf(test));
	const current = currentResults(own);
	const judged = current.results.map((result) => judgeOne(result, test));
	if (judged.length + current.conflicts.length === 0) {
		if (!context.isDue) return undefined;
		judged.push(not("no_result", `no result of ${test.test} is there`));
	}
	for (const { sample, versions } of current.conflicts) {
		const text = `sample ${sample || "without a name"} has ${versions} results with the same highest version; a correction needs a higher one`;
		judged.push(not("version_conflict", text));
	}
	const worst = judged.reduce((a, b) => (rank[b.verdict] > rank[a.verdict] || isFarther(b, a) ? b : a));
	const reasons = judged.flatMap((one) => one.reasons);
	const { value } = worst;
	return {
		window: test.id,
		characteristic: test.characteristic ?? test.id,
		kind: "material" in test ? "material" : "laboratory",
		class: test.class,
		...{ unit: "", batch: "", verdict: worst.verdict, value, eu: test.eu, low: test.low, high: test.high },
		...{
			fromMs: context.fromMs,
			toMs: context.toMs,
			depth: worst.depth,
			timeOutsideMs: 0,
			outsideIntegral: 0,
		},
		violations: judged.filter(({ verdict }) => verdict === "out").length,
		coverage: judged.filter(({ verdict }) => verdict !== "not_evaluable").length / judged.length,
		goodSamples: judged.filter(({ verdict }) => verdict !== "not_evaluable").length,
		uncertainSamples: 0,
		badSamples: judged.filter(({ verdict }) => verdict === "not_evaluable").length,
		reasons: [...new Map(reasons.map((reason) => [`${reason.code} ${reason.text}`, reason])).values()],
	};
}

/** A lot of the product belongs to no raw material. */
function materialOf(test: JudgedTest): string {
	return "material" in test ? test.material : "";
}

interface JudgedOne {
	readonly verdict: Judged;
	readonly value: number | undefined;
	readonly depth: number;
	readonly reasons: readonly Reason[];
}

/** What was seen outside stays outside, whatever else cannot be told; what cannot be told is worse than in doubt. */
const rank: Readonly<Record<Judged, number>> = { in: 0, alert: 1, not_evaluable: 2, out: 3 };

function isFarther(b: JudgedOne, a: JudgedOne): boolean {
	return b.verdict === a.verdict && b.depth > a.depth;
}

function not(code: string, text: string, value?: number): JudgedOne {
	return { verdict: "not_evaluable", value, depth: 0, reasons: [{ code, text }] };
}

function judgeOne(result: LabResult, test: JudgedTest): JudgedOne {
	const { value, censored, eu, calibrationDueMs, measuredMs } = result;
	if (value === undefined && censored === "none")
		return (
			detectionUnknown(result, test) ??
			not("detection_limit_unknown", "nothing was detected, and nobody says from where on it would have been")
		);
	if (value === undefined) return not("no_value", "the result has no value");
	const own = converted(value, eu, test.eu);
	if (own === undefined) return not("unit_unknown", `its unit ${eu} cannot be converted to ${test.eu}`);
	if (calibrationDueMs !== undefined && measuredMs > calibrationDueMs)
		return not("calibration_expired", `${result.instrument || "instrument"}: ${calibrationText}`, own);
	const repeats = repeatsOf(result, test);
	if (repeats !== undefined && "verdict" in repeats) return { ...repeats, value: own };
	const warm =
		"temperature" in test && test.temperature !== undefined
			? atTemperature(result, own, test.eu, test.temperature)
			: [own];
	if (warm.length === 0) return not("temperature_unknown", "the temperature of the sample is not known", own);
	const told = warm.map((one) =>
		byLimits(
			{
				value: one,
				censored: censored === "none" ? undefined : censored,
				uncertainty: uncertaintyOf(test, one),
			},
			test,
		),
	);
	const [first, second] = told;
	if (second !== undefined && first?.verdict !== second.verdict)
		return not(
			"temperature_correction_unknown",
			"whether the laboratory has corrected the temperature itself is not told, and the verdict depends on it",
			own,
		);
	return first as JudgedOne;
}

/** Nothing was detected, by a method of which the specification knows the limit. */
function detectionUnknown(result: LabResult, test: JudgedTest): JudgedOne | undefined {
	const limit = "detection_limit" in test ? test.detection_limit : undefined;
	if (limit === undefined) return undefined;
	const { calibrationDueMs, measuredMs } = result;
	if (calibrationDueMs !== undefined && measuredMs > calibrationDueMs)
		return not("calibration_expired", calibrationText);
	return byLimits({ value: limit, censored: "below", uncertainty: 0 }, test);
}

function uncertaintyOf(test: JudgedTest, value: number): number {
	return test.uncertainty ?? ((test.uncertainty_percent ?? 0) / 100) * Math.abs(value);
}

/**
 * Repeats further apart than this many standard deviations disagree, by how many there are from two on: the upper 0.1 % of the range
 * of standard normal values. ISO 5725-6, 5.2 asks for more repeats beyond its upper 5 %, but a lot has eight tests with repeats: with
 * 5 % of each, every third good lot would be not evaluable.
 */
const rangeFactors = [4.65, 5.06, 5.31, 5.48, 5.62, 5.73, 5.82, 5.9, 5.97];

/**
 * Too few repeats, or repeats that disagree. An expanded uncertainty is that of the reported mean, so a single value's standard
 * deviation is half of it times √n; the method's repeatability is at most that.
 */
function repeatsOf(result: LabResult, test: JudgedTest): JudgedOne | undefined {
	const wanted = "repeats" in test ? test.repeats : 1;
	const repeats = result.repeats.flatMap((one) => converted(one, result.eu, test.eu) ?? []);
	if (wanted > 1 && repeats.length < wanted)
		return not("repeats_missing", `expected ${wanted} repeats, found ${repeats.length}`);
	if (repeats.length < 2 || result.censored !== undefined) return undefined;
	const mean = repeats.reduce((sum, one) => sum + one, 0) / repeats.length;
	const sd = (uncertaintyOf(test, mean) / 2) * Math.sqrt(repeats.length);
	const range = Math.max(...repeats) - Math.min(...repeats);
	const factor = rangeFactors[Math.min(repeats.length, 10) - 2] as number;
	if (sd === 0 || range <= factor * sd * (1 + 1e-9)) return undefined;
	const most = `${shown(factor * sd)} ${test.eu}`;
	return not(
		"repeats_disagree",
		`its ${repeats.length} repeats differ by ${shown(range)} ${test.eu}, more than the ${most} that its method allows`,
	);
}

function byLimits(found: Found, test: JudgedTest): JudgedOne {
	if (found.censored !== undefined) return censoredByLimits(found, found.censored, test);
	const { value, uncertainty } = found;
	const depth = depthOf(value, test);
	const out = { value, depth };
	if (isOutside(value, "low", test) || isOutside(value, "high", test)) {
		const side = isOutside(value, "low", test) ? "low" : "high";
		const text = `${shown(value)} ${test.eu} is ${side === "low" ? "below" : "above"} ${shown(test[side] as number)} ${test.eu}`;
		const near = test.decision === "guarded" && depth <= uncertainty ? [guardReason(test, uncertainty)] : [];
		return { ...out, verdict: "out", reasons: [{ code: "outside", text }, ...near] };
	}
	const edges = [test.low, test.high].filter((limit) => limit !== undefined);
	const nearest = Math.min(...edges.map((limit) => Math.abs(value - limit)));
	if (test.decision === "guarded" && nearest < uncertainty)
		return { ...out, verdict: "alert", reasons: [guardReason(test, uncertainty)] };
	for (const [name, side] of innerLimits) {
		const limit = test[name];
		if (limit === undefined) continue;
		const beyond = side === "low" ? value < limit : value > limit;
		if (!beyond && !(value === limit && test.exclusive.includes(name))) continue;
		const text = `${shown(value)} ${test.eu} is beyond ${name} ${shown(limit)} ${test.eu}`;
		return { ...out, verdict: "alert", reasons: [{ code: name, text }] };
	}
	return { ...out, verdict: "in", reasons: [] };
}

const innerLimits = [
	["action_low", "low"],
	["action_high", "high"],
	["alert_low", "low"],
	["alert_high", "high"],
] as const;

function guardReason(test: JudgedTest, uncertainty: number): Reason {
	return {
		code: "guard_band",
		text: `nearer to a limit than its uncertainty of ${shown(uncertainty)} ${test.eu} (k = 2)`,
	};
}

/**
 * A value below (above) what can be told: it is anything from there on. In when all of that is inside, out when all of it is
 * outside, else not evaluable. A guard band widens the limit of what was told, which is as uncertain as a value.
 */
function censoredByLimits(
	{ value, uncertainty }: Found,
	censored: "below" | "above",
	test: JudgedTest,
): JudgedOne {
	const [near, far] = censored === "below" ? (["high", "low"] as const) : (["low", "high"] as const);
	const sign = censored === "below" ? "<" : ">";
	const told = `${sign}${shown(value)} ${test.eu}`;
	const out = { value, depth: 0 };
	const farLimit = test[far];
	// All of it lies beyond the far limit: "<0.3" where at least 0.5 is asked for.
	if (farLimit !== undefined && (censored === "below" ? value <= farLimit : value >= farLimit))
		return {
			...out,
			verdict: "out",
			reasons: [{ code: "outside", text: `${told} is outside ${shown(farLimit)} ${test.eu}` }],
		};
	if (farLimit !== undefined)
		return not("censored", `${told} may be inside or outside ${shown(farLimit)} ${test.eu}`, value);
	if (isOutside(value, near, test) && value !== test[near])
		return not(
			"detection_limit_too_high",
			`${told} may be inside or outside ${shown(test[near] as number)} ${test.eu}`,
			value,
		);
	const limit = test[near] as number;
	if (test.decision === "guarded" && Math.abs(limit - value) < uncertainty)
		return { ...out, verdict: "alert", reasons: [guardReason(test, uncertainty)] };
	const inner = innerLimits.find(([name, side]) => {
		const edge = side === near ? test[name] : undefined;
		return edge !== undefined && (side === "high" ? value > edge : value < edge);
	});
	if (inner === undefined) return { ...out, verdict: "in", reasons: [] };
	const text = `${told} may be beyond ${inner[0]} ${shown(test[inner[0]] as number)} ${test.eu}`;
	return { ...out, verdict: "alert", reasons: [{ code: inner[0], text }] };
}

function isOutside(value: number, side: "low" | "high", limits: SpecLimits): boolean {
	const limit = limits[side];
	if (limit === undefined) return false;
	if (value === limit) return limits.exclusive.includes(side);
	return side === "low" ? value < limit : value > limit;
}

function depthOf(value: number, { low, high }: SpecLimits): number {
	return Math.max(0, low === undefined ? 0 : low - value, high === undefined ? 0 : value - high);
}

function shown(value: number): string {
	return String(Number(value.toPrecision(6)));
}
