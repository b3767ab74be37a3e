// Control plan and reaction plan from a specification. Pure. The columns of the control plan are those of AIAG's Control Plan
// manual (2024); a pilot line's is a pre-launch plan.

import type {
	SpecAggregate,
	Specification,
	SpecMaterialTest,
	SpecTest,
	SpecWindow,
} from "../../collector/specification.ts";

export interface PlanRow {
	/** The characteristic's number; its reaction has the same. */
	readonly number: number;
	readonly id: string;
	readonly kind: "stream" | "aggregate" | "laboratory" | "material";
	/** Where it is made or comes in: unit and phases, the laboratory, or the raw material. */
	readonly process: string;
	readonly characteristic: string;
	readonly concernsProductOrProcess: "product" | "process";
	readonly class: string;
	/** For which grades and recipes; empty for all. */
	readonly scope: string;
	readonly specification: string;
	readonly technique: string;
	readonly sampleSize: string;
	readonly frequency: string;
	readonly controlMethod: string;
	/** When its reaction is due. */
	readonly condition: string;
	readonly reaction: string;
	readonly owner: string;
	/** What the hold rules propose for a lot in which it is out, and in which nobody can know. */
	readonly whenOut: string;
	readonly whenNotEvaluable: string;
}

type Any = SpecWindow | SpecAggregate | SpecTest | SpecMaterialTest;

export function planRows(specification: Specification): PlanRow[] {
	const rows: PlanRow[] = [];
	const add = (
		one: Any,
		its: Pick<
			PlanRow,
			"kind" | "process" | "technique" | "sampleSize" | "frequency" | "controlMethod" | "condition"
		>,
	) =>
		rows.push({
			number: rows.length + 1,
			id: one.id,
			...its,
			characteristic: one.characteristic ?? one.id,
			concernsProductOrProcess: ["CC", "SC", "M"].includes(one.class) ? "product" : "process",
			class: one.class,
			scope: [...(one.grades ?? []), ...(one.recipes ?? [])].join(", "),
			specification: limitsText(one),
			reaction: one.reaction,
			owner: one.concerns.map(words).join(", "),
			whenOut: words(specification.hold_rules.out[one.class] ?? "release"),
			whenNotEvaluable: words(specification.hold_rules.not_evaluable[one.class] ?? "release"),
		});
	for (const one of specification.windows)
		add(one, {
			kind: "stream",
			process: place(one),
			technique: `tag ${one.tag}`,
			sampleSize: "every value",
			frequency: "continuous",
			controlMethod: "live window, chart of the lot's mean",
			condition: `${outsideText(one)}${one.on_delay_s === 0 ? "" : ` for ${duration(one.on_delay_s)}`}`,
		});
	for (const one of specification.aggregates)
		add(one, {
			kind: "aggregate",
			process: place(one),
			technique: `${words(one.basis)} of ${one.tag}${one.reference === undefined ? "" : ` ${one.side} ${one.reference}`}`,
			sampleSize: "1",
			frequency: "each batch",
			controlMethod: "judged when the phase ends",
			condition: outsideText(one),
		});
	for (const one of specification.laboratory)
		add(one, {
			kind: "laboratory",
			process: "laboratory",
			technique: one.method,
			sampleSize: String(one.repeats),
			frequency: one.every_lots === 1 ? "each lot" : `1 of ${one.every_lots} lots`,
			controlMethod: `result within ${one.expected_within_h} h${one.ppk_min === undefined ? "" : `, Ppk at least ${one.ppk_min}`}`,
			condition: `${outsideText(one)}, or overdue`,
		});
	for (const one of specification.materials)
		add(one, {
			kind: "material",
			process: `receipt of ${one.material}`,
			technique: one.method ?? one.test,
			sampleSize: "1",
			frequency: `each lot${one.retest_days === undefined ? "" : `, again after ${one.retest_days} d`}`,
			controlMethod: "incoming inspection",
			condition: outsideText(one),
		});
	return rows;
}

/** Limits as a reader of a control plan expects them: `11.07 ≤ x ≤ 11.19 kg, target 11.13`. */
export function limitsText(one: Any): string {
	const sign = (name: "low" | "high") => (one.exclusive.includes(name) ? "<" : "≤");
	const low = one.low === undefined ? "" : `${one.low} ${sign("low")} `;
	const high = one.high === undefined ? "" : ` ${sign("high")} ${one.high}`;
	const range = `${low}x${high} ${one.eu === "1" ? "" : one.eu}`.trim();
	const target = one.target === undefined ? "" : `, target ${one.target}`;
	const inner = (["alert", "action"] as const).flatMap((what) => {
		const [from, to] = [one[`${what}_low`], one[`${what}_high`]];
		if (from === undefined && to === undefined) return [];
		return [
			`, ${what} ${[from === undefined ? "" : `below ${from}`, to === undefined ? "" : `above ${to}`].filter(Boolean).join(" or ")}`,
		];
	});
	const [holdLow, holdHigh] = "hold_low" in one || "hold_high" in one ? [one.hold_low, one.hold_high] : [];
	const sides = [
		holdLow === undefined ? "" : `below ${holdLow}`,
		holdHigh === undefined ? "" : `above ${holdHigh}`,
	].filter(Boolean);
	const hold = sides.length === 0 ? "" : `, holds at once ${sides.join(" or ")}`;
	const uncertain =
		one.uncertainty === undefined
			? one.uncertainty_percent === undefined
				? ""
				: `, U ${one.uncertainty_percent} %`
			: `, U ${one.uncertainty}`;
	return `${range}${target}${inner.join("")}${hold}${uncertain}${one.decision === "guarded" ? " (guarded)" : ""}`;
}

function outsideText(one: Any): string {
	const below =
		one.low === undefined ? [] : [`${one.exclusive.includes("low") ? "not above" : "below"} ${one.low}`];
	const above =
		one.high === undefined ? [] : [`${one.exclusive.includes("high") ? "not below" : "above"} ${one.high}`];
	return `${[...below, ...above].join(" or ")}${one.eu === "1" ? "" : ` ${one.eu}`}`;
}

function place({ unit, phases }: SpecWindow | SpecAggregate): string {
	return phases === undefined ? unit : `${unit} ${phases.join(" ")}`;
}

function duration(seconds: number): string {
	return seconds % 60 === 0 && seconds > 0 ? `${seconds / 60} min` : `${seconds} s`;
}

function words(name: string): string {
	return name.replaceAll("_", " ");
}
