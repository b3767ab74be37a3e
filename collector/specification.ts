import { z } from "zod";
import type { ConfigKind } from "../common/runtime/config-file.ts";
import {
	fileHead,
	keys,
	list,
	number,
	oneOf,
	text,
	topicLevel,
	whole,
} from "../common/runtime/config-values.ts";
import { specificationFindings } from "./specification-checks.ts";

/** Whom a violation concerns: the parts of the task force. */
export const concerns = ["technical", "procurement", "logistics", "production_technology"] as const;

/**
 * What a characteristic is to the product: critical, significant and monitored characteristics of the product; critical and
 * other parameters of the process; environment, health and safety; utilities.
 */
export const classes = ["CC", "SC", "M", "CPP", "PP", "EHS", "UTL"] as const;

/** Limits in their order: an outer one is never inside an inner one. */
export const limitNames = ["low", "action_low", "alert_low", "alert_high", "action_high", "high"] as const;

/** What a number is made from a phase's values by. */
const bases = [
	"mean",
	"time_weighted_mean",
	/** Of the values themselves: how unsteady they are. */
	"standard_deviation",
	"min",
	"max",
	"start",
	"end",
	/** Last less first value, in `eu` per hour. */
	"rate",
	/** Of the value over time, in `eu` times hours; of what it is above `reference` when there is one. */
	"integral",
	/** Hours above `reference` (or below it, with `side: below`). */
	"time_outside",
] as const;

/** A version's life, in this order and never back. */
const statuses = ["draft", "approved", "retired"] as const;

const seconds = number({ min: 0, max: 7 * 86_400 });
const limit = number({ min: -1e300, max: 1e300 });
const share = number({ min: 0, max: 100 });
const flag = z.boolean({ error: "expected true or false" });

const dateExpected = "expected a date such as 2026-01-01T00:00:00Z";
const date = z
	.string({ error: dateExpected })
	.refine((value) => /^\d{4}-\d{2}-\d{2}/.test(value) && !Number.isNaN(Date.parse(value)), {
		error: dateExpected,
	})
	.transform((value) => new Date(value));

/** What every window has, whatever it judges. */
const judged = {
	id: topicLevel,
	/** What is judged; windows of one characteristic differ in their scope. The id when left out. */
	characteristic: text.optional(),
	class: oneOf(classes).default("PP"),
	/** Only for these grades of the product, and for batches of these recipes; for all when left out. */
	grades: list(text, 1, "grades").optional(),
	recipes: list(text, 1, "recipes").optional(),
	eu: text,
	/** Limits of the specification in `eu`, and where the value should be; a value on a limit is inside. */
	low: limit.optional(),
	high: limit.optional(),
	target: limit.optional(),
	/** Inside them: look soon, act now. */
	alert_low: limit.optional(),
	alert_high: limit.optional(),
	action_low: limit.optional(),
	action_high: limit.optional(),
	/** Limits that a value must not reach. */
	exclusive: z.array(oneOf(limitNames), { error: "expected a list of limits" }).default([]),
	/** Expanded uncertainty of a value (k = 2): in `eu`, or in percent of the value. */
	uncertainty: number({ min: 0, max: 1e300 }).optional(),
	uncertainty_percent: share.optional(),
	/** `guarded`: what is nearer to a limit than its uncertainty is in doubt, an alert (JCGM 106). */
	decision: oneOf(["simple", "guarded"]).default("simple"),
	concerns: list(oneOf(concerns), 1, "concerns"),
	reaction: text,
};

/** When a tag's values count, and how long one of them holds. */
const observed = {
	unit: topicLevel,
	tag: topicLevel,
	/** Judged only in these phases; without it in every phase of a batch. */
	phases: list(text, 1, "phases").optional(),
	/** Not judged for this long after the first of its phases began, and before its last one ended. */
	blanking_s: seconds.default(0),
	grace_s: seconds.default(0),
	/** Between two values: the older one holds, or a straight line, or nothing is known; for this long at the most. */
	hold: oneOf(["step", "linear", "none"]).default("step"),
	max_gap_s: seconds.optional(),
	/** The share of the time that must be covered by values that count; less is not evaluable. */
	good_percent_min: share.default(100),
	/** OPC UA Part 13 §5.4.3.2, TreatUncertainAsBad. */
	treat_uncertain_as_bad: flag.default(true),
};

const window = keys({
	...judged,
	...observed,
	/** A violation clears only when the value is inside by at least this much. */
	deadband: number({ min: 0, max: 1e300 }).default(0),
	/** Outside the limits (LL and HH): one value beyond them holds the batch, whatever the delay is. */
	hold_low: limit.optional(),
	hold_high: limit.optional(),
	on_delay_s: seconds.default(0),
	off_delay_s: seconds.default(0),
	/** No new value for so long while judged: stale. */
	stale_after_s: seconds.optional(),
	/** Values that move by no more than `tolerance`: suspect, then not evaluable (QARTOD's flat line test). */
	frozen: keys({
		tolerance: number({ min: 0, max: 1e300 }).default(0),
		suspect_after_s: seconds,
		fail_after_s: seconds,
	}).optional(),
});

const aggregate = keys({
	...judged,
	...observed,
	basis: oneOf(bases),
	reference: limit.optional(),
	side: oneOf(["above", "below"]).default("above"),
});

const laboratory = keys({
	...judged,
	/** What the laboratory calls it. */
	test: text,
	method: text,
	/** Repeats of one sample. */
	repeats: whole({ min: 1, max: 100 }).default(1),
	detection_limit: number({ min: 0, max: 1e300 }).optional(),
	/** Brought to this temperature by Arrhenius' law, where the laboratory did not do so itself. */
	temperature: keys({
		/** Wide enough for every electrolyte; kelvin, kJ/mol and meV are all outside. */
		reference_c: number({ min: -100, max: 250 }),
		activation_ev: number({ min: 0.01, max: 3 }),
	}).optional(),
	/** Each lot needs it, or one in so many. */
	every_lots: whole({ min: 1, max: 1_000 }).default(1),
	/** After the lot left the line; later is overdue. */
	expected_within_h: number({ min: 0, max: 8_760 }).default(48),
	ppk_min: number({ min: 0, max: 10 }).optional(),
});

/** A test of an incoming lot of a raw material. */
const material = keys({
	...judged,
	material: text,
	test: text,
	method: text.optional(),
	retest_days: whole({ min: 1, max: 3_650 }).optional(),
});

/** What is proposed for a lot by what was found; people decide. */
export const proposals = ["release", "hold", "rework_or_reject"] as const;

const holdRules = keys({
	/** Whether something of this class that is out, or not evaluable, holds the lot, or worse. */
	out: z
		.partialRecord(z.enum(classes), z.enum(proposals))
		.default({ CC: "rework_or_reject", SC: "hold", CPP: "hold", EHS: "hold" }),
	not_evaluable: z
		.partialRecord(z.enum(classes), z.enum(proposals))
		.default({ CC: "hold", SC: "hold", CPP: "hold" }),
	/** Of a critical process parameter's phase. */
	missing_percent_max: share.default(2),
	genealogy_gap: z.enum(proposals).default("hold"),
	calibration_expired: z.enum(proposals).default("hold"),
});

/** What a person wants a control chart's baseline to be made of. Once stored, a version never changes. */
const baseline = keys({
	/** Such as `F500.TT01-soak/mean`: a window and what of it is charted. */
	characteristic: text.max(300, { error: "expected at most 300 characters" }),
	version: whole({ min: 1, max: 1_000_000 }),
	/** The first and the last lot of it, in the order in which they were judged. */
	from: text,
	to: text,
	excluded: z
		.array(keys({ lot: text, reason: text }), { error: "expected a list of lots with reasons" })
		.default([]),
	by: text,
	reason: text,
});

const schema = keys({
	...fileHead("specification"),
	product: keys({
		code: text,
		formula: text,
		/** What recipes make that `grades` does not name. */
		grade: text.optional(),
		grades: z
			.array(keys({ grade: text, recipes: list(text, 1, "recipes") }), { error: "expected a list of grades" })
			.default([]),
	}),
	version: whole({ min: 1, max: 1_000_000 }),
	/** Only an approved version judges; a retired one goes on for what was made before it ended. */
	status: oneOf(statuses).default("approved"),
	/** Two persons: who wrote it does not approve it. */
	author: text.optional(),
	approved_by: text.optional(),
	approval: keys({ time: date, reason: text }).optional(),
	retirement: keys({ by: text, time: date, reason: text }).optional(),
	effective_from: date,
	/** Exclusive; until a newer version begins when left out. */
	effective_to: date.optional(),
	windows: list(window, 1, "windows"),
	aggregates: z.array(aggregate, { error: "expected a list of aggregates" }).default([]),
	laboratory: z.array(laboratory, { error: "expected a list of tests" }).default([]),
	materials: z.array(material, { error: "expected a list of tests" }).default([]),
	hold_rules: holdRules.prefault({}),
	baselines: z.array(baseline, { error: "expected a list of baselines" }).default([]),
});

export type Specification = z.output<typeof schema>;
/** Judges each value of a tag as it comes. */
export type SpecWindow = Specification["windows"][number];
/** Judges one number made from a phase's values. */
export type SpecAggregate = Specification["aggregates"][number];
/** Judges a laboratory's result of a lot. */
export type SpecTest = Specification["laboratory"][number];
/** Judges a result of a raw material's lot. */
export type SpecMaterialTest = Specification["materials"][number];
export type SpecLimits = Pick<SpecWindow, (typeof limitNames)[number] | "target" | "exclusive">;
export type Proposal = (typeof proposals)[number];
export type SpecClass = (typeof classes)[number];

export const specificationConfig: ConfigKind<typeof schema> = {
	schema,
	crossCheck: specificationFindings,
};
