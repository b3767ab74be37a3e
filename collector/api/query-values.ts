import { z } from "zod";
import { text } from "../../common/runtime/config-values.ts";

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

export const chartQuery = z.strictObject({
	characteristic: name,
	/** At most so many of the newest lots. */
	limit: wholeText({ min: 1, max: 500 }).default(100),
});

export const chartSignalQuery = z.strictObject({
	lot: name.optional(),
	limit: wholeText({ min: 1, max: 500 }).default(50),
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
