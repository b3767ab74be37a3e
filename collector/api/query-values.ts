import { z } from "zod";
import { text } from "../../common/runtime/config-values.ts";
import { traceDirections } from "../genealogy-port.ts";

/** A request whose parameters are wrong; the message says what was expected and what was found. */
export class ParameterError extends Error {}

/** A whole number in a query string. */
function wholeText(bounds: { min: number; max: number }) {
	const message = `expected a whole number from ${bounds.min} to ${bounds.max}`;
	return z
		.string({ error: message })
		.regex(/^\d{1,15}$/, { error: message })
		.transform(Number)
		.refine((value) => value >= bounds.min && value <= bounds.max, { error: message });
}

const name = text.max(256, { error: "expected at most 256 characters" });
/** Beyond the year 9999, where OPC UA's own times end. */
const timeMs = wholeText({ min: 0, max: 253_402_300_799_999 });
const hourMs = 3_600_000;
const periodHoursMax = 24 * 366;

export const noQuery = z.strictObject({});

export const listQuery = z.strictObject({ limit: wholeText({ min: 1, max: 500 }).default(50) });

export const laboratoryQuery = z.strictObject({
	/** Everything of this lot; the newest results of all lots when left out. */
	lot: name.optional(),
	limit: wholeText({ min: 1, max: 5_000 }).default(500),
	format: z.enum(["json", "csv"], { error: "expected json or csv" }).default("json"),
});

export const chartQuery = z.strictObject({
	characteristic: name,
	/** At most so many of the newest lots. */
	limit: wholeText({ min: 1, max: 500 }).default(100),
});

/** A lot with its verdicts. */
export const verdictQuery = z.strictObject({ lot: name });
export const specificationQuery = z.strictObject({
	version: wholeText({ min: 1, max: 1_000_000 }),
	/** The newest stored with that number when left out. */
	product: name.optional(),
});

export const chartSignalQuery = z.strictObject({
	lot: name.optional(),
	limit: wholeText({ min: 1, max: 500 }).default(50),
});

export const commentsQuery = z
	.strictObject({
		/** With the comments on its violations. */
		lot: name.optional(),
		occurrence: name.optional(),
		limit: wholeText({ min: 1, max: 500 }).default(100),
	})
	.refine(({ lot, occurrence }) => (lot === undefined) !== (occurrence === undefined), {
		path: ["lot"],
		error: "expected lot or occurrence, and not both",
	});

export const auditQuery = z.strictObject({
	/** The number of the first entry. */
	from: wholeText({ min: 1, max: 999_999_999_999 }).default(1),
	limit: wholeText({ min: 1, max: 1_000 }).default(100),
});

export const genealogyQuery = z.strictObject({
	/** Of a material lot, batch, lot or package. */
	id: name,
	/** `back`: what it was made of. `forward`: what became of it. */
	direction: z.enum(traceDirections, { error: `expected ${traceDirections.join(" or ")}` }).default("back"),
});

export const trendQuery = z
	.strictObject({
		unit: name,
		tag: name,
		/** Milliseconds since 1970; the newest data when left out. */
		to: timeMs.optional(),
		from: timeMs.optional(),
		/** Instead of `from`. */
		hours: wholeText({ min: 1, max: periodHoursMax }).optional(),
		points: wholeText({ min: 1, max: 2000 }).default(600),
	})
	.refine(({ from, hours }) => from === undefined || hours === undefined, {
		path: ["hours"],
		error: "expected from or hours, not both",
	});

export const reconciliationQuery = z
	.strictObject({
		lot: name.optional(),
		unit: name.optional(),
		/** Milliseconds since 1970, both ends included; everything stored when left out. */
		from: timeMs.optional(),
		to: timeMs.optional(),
	})
	.refine(({ lot, unit }) => lot === undefined || unit === undefined, {
		path: ["unit"],
		error: "expected lot or unit, not both",
	})
	.refine(({ unit, from, to }) => unit !== undefined || (from === undefined && to === undefined), {
		path: ["unit"],
		error: "expected a unit beside from and to",
	})
	.refine(({ from, to }) => from === undefined || to === undefined || from < to, {
		path: ["from"],
		error: "expected a time before to",
	});

const tagsMax = 500;

/** One tag or several, as `tag=A&tag=B`. */
const tagList = z
	.union([name, z.array(name).max(tagsMax, { error: `expected at most ${tagsMax} tags` })])
	.transform((given) => (typeof given === "string" ? [given] : given))
	.default([]);

const selection = {
	/** Needed without a lot. */
	unit: name.optional(),
	/** Every tag of the unit when left out. */
	tag: tagList,
	/** Only while the lot's batches were in the unit; of every unit when that is left out. */
	lot: name.optional(),
	/** Only while the unit told this phase. */
	phase: name.optional(),
	/** Milliseconds since 1970, both ends included. Without a lot the last six hours when left out. */
	from: timeMs.optional(),
	to: timeMs.optional(),
	/** Instead of `from`. */
	hours: wholeText({ min: 1, max: 24 * 3_660 }).optional(),
};

interface AskedPeriod {
	readonly unit?: string | undefined;
	readonly lot?: string | undefined;
	readonly from?: number | undefined;
	readonly to?: number | undefined;
	readonly hours?: number | undefined;
}

const namesSomething = ({ unit, lot }: AskedPeriod) => unit !== undefined || lot !== undefined;
const unitOrLot = { path: ["unit"], error: "expected a unit or a lot" };

export const samplesQuery = z
	.strictObject({
		...selection,
		limit: wholeText({ min: 1, max: 50_000 }).default(5_000),
		/** `next` of the page before. */
		after: z
			.string()
			.regex(/^\d{1,6}\.-?\d{1,15}$/, { error: "expected next of the page before" })
			.transform((text) => ({ piece: Number(text.split(".")[0]), ms: Number(text.split(".")[1]) }))
			.optional(),
	})
	.refine(namesSomething, unitOrLot);

export const bucketsQuery = z
	.strictObject({ ...selection, width_s: wholeText({ min: 1, max: 31_622_400 }).default(60) })
	.refine(namesSomething, unitOrLot);

export const exportQuery = z
	.strictObject({
		...selection,
		format: z.enum(["csv", "json", "parquet"], { error: "expected csv, json or parquet" }).default("csv"),
	})
	.refine(namesSomething, unitOrLot);

/** The period of a selection: of a lot all of its time, when no other is given. @throws ParameterError */
export function selectionPeriod(query: AskedPeriod, newestMs: number): { fromMs: number; toMs: number } {
	const toMs = query.to ?? newestMs;
	const whole = query.lot !== undefined && query.hours === undefined;
	const fromMs = query.from ?? (whole ? 0 : toMs - (query.hours ?? 6) * hourMs);
	if (fromMs > toMs) throw new ParameterError(`from: expected a time up to ${toMs}, found ${fromMs}`);
	return { fromMs, toMs };
}

/** The period that a trend asks for. @throws ParameterError */
export function trendPeriod(
	query: z.output<typeof trendQuery>,
	newestMs: number,
): { fromMs: number; toMs: number } {
	const toMs = query.to ?? newestMs;
	const fromMs = query.from ?? toMs - (query.hours ?? 6) * hourMs;
	if (fromMs >= toMs) throw new ParameterError(`from: expected a time before ${toMs}, found ${fromMs}`);
	if (toMs - fromMs > periodHoursMax * hourMs) {
		const hours = Math.ceil((toMs - fromMs) / hourMs);
		throw new ParameterError(`from: expected at most ${periodHoursMax} hours, found ${hours}`);
	}
	return { fromMs, toMs };
}

/** @throws ParameterError that names every wrong parameter */
export function parseQuery<T extends z.ZodType>(schema: T, query: unknown): z.output<T> {
	const given = query as Record<string, unknown>;
	const parsed = schema.safeParse({ ...given });
	if (parsed.success) return parsed.data;
	const problems = parsed.error.issues.map((issue) => {
		if (issue.code === "unrecognized_keys")
			return `expected no parameter ${issue.keys.map((key) => shown(key)).join(", ")}`;
		const key = String(issue.path[0] ?? "");
		return `${key}: ${issue.message}, found ${given[key] === undefined ? "nothing" : shown(given[key])}`;
	});
	throw new ParameterError(problems.join("; "));
}

function shown(value: unknown): string {
	return JSON.stringify(value).slice(0, 80);
}
