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

/** Whom a violation concerns: the parts of the task force. */
export const concerns = ["technical", "procurement", "logistics", "production_technology"] as const;

const seconds = number({ min: 0, max: 7 * 86_400 });
const limit = number({ min: -1e300, max: 1e300 });

const dateExpected = "expected a date such as 2026-01-01T00:00:00Z";

const window = keys({
	id: topicLevel,
	unit: topicLevel,
	tag: topicLevel,
	/** Judged only in these phases; without it in every phase of a batch. */
	phases: list(text, 1, "phases").optional(),
	eu: text,
	/** Limits in `eu`; a value on the limit is inside. */
	low: limit.optional(),
	high: limit.optional(),
	/** A violation clears only when the value is inside by at least this much. */
	deadband: number({ min: 0, max: 1e300 }).default(0),
	on_delay_s: seconds.default(0),
	off_delay_s: seconds.default(0),
	/** Not judged for this long after the first of its phases began. */
	blanking_s: seconds.default(0),
	concerns: list(oneOf(concerns), 1, "concerns"),
	reaction: text,
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
	product: keys({ code: text, formula: text }),
	version: whole({ min: 1, max: 1_000_000 }),
	effective_from: z
		.string({ error: dateExpected })
		.refine((date) => /^\d{4}-\d{2}-\d{2}/.test(date) && !Number.isNaN(Date.parse(date)), {
			error: dateExpected,
		})
		.transform((date) => new Date(date)),
	windows: list(window, 1, "windows"),
	baselines: z.array(baseline, { error: "expected a list of baselines" }).default([]),
});

export type Specification = z.output<typeof schema>;
export type SpecWindow = Specification["windows"][number];

export const specificationConfig: ConfigKind<typeof schema> = {
	schema,
	crossCheck(specification) {
		const found: { path: (string | number)[]; message: string }[] = [];
		const ids = new Set<string>();
		for (const [index, { id, low, high, deadband }] of specification.windows.entries()) {
			const at = ["windows", index];
			if (ids.has(id)) found.push({ path: [...at, "id"], message: `window ${id} is there twice` });
			ids.add(id);
			if (low === undefined && high === undefined) {
				found.push({ path: at, message: `window ${id}: expected low, high or both, found neither` });
			} else if (low !== undefined && high !== undefined) {
				if (low >= high) {
					found.push({
						path: [...at, "low"],
						message: `window ${id}: expected low below high, found ${low} and ${high}`,
					});
				} else if (deadband * 2 >= high - low) {
					const message = `window ${id}: expected a deadband below half of ${high - low}, or no value could clear it, found ${deadband}`;
					found.push({ path: [...at, "deadband"], message });
				}
			}
		}
		const versions = new Set<string>();
		for (const [index, { characteristic, version }] of specification.baselines.entries()) {
			const at = ["baselines", index];
			const charted = specification.windows.some(({ id }) => characteristic === `${id}/mean`);
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
	},
};
