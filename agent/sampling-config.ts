import { z } from "zod";
import { keys, number, oneOf, whole } from "../common/runtime/config-values.ts";

/** How far a value must be from the last one that was given: in the tag's unit, or in percent of its range. */
interface Deadband {
	readonly kind: "absolute" | "percent";
	/** 0 is none at all. */
	readonly width: number;
}

const percent = number({ min: 0, max: 100 });

const error = "expected a deadband such as 0.5, 1% or percent: 1";
/** A number; `1%`; or `percent: 1`. */
const deadband = z
	.union(
		[
			number({ min: 0, max: 1e300 }),
			z.string({ error }).regex(/^\d+(?:\.\d+)?\s*%$/, { error }),
			keys({ percent }),
		],
		{ error },
	)
	.transform((value, context): Deadband => {
		if (typeof value === "number") return { kind: "absolute", width: value };
		const width = typeof value === "string" ? Number.parseFloat(value) : value.percent;
		if (width <= 100) return { kind: "percent", width };
		context.addIssue({ code: "custom", message: "expected at most 100%" });
		return z.NEVER;
	});

/**
 * How a server takes samples of tags. A server's keys are those of all its tags, a device's those of its tags, and a tag's
 * its own.
 */
export const samplingKeys = {
	/** 0 asks the server for every change; −1 for its publishing interval. */
	sampling_interval_ms: whole({ min: -1, max: 3_600_000 }).optional(),
	/** Values the server keeps per tag between two publications; `auto` by the two intervals. */
	queue_size: z
		.union([z.literal("auto"), whole({ min: 1, max: 100_000 })], {
			error: "expected a whole number from 1 to 100000, or auto",
		})
		.optional(),
	/** Which value goes when that is full. */
	discard: oneOf(["oldest", "newest"] as const).optional(),
	/** Numbers that are no further than this from the last one are left out; 0 leaves nothing out. */
	deadband: deadband.optional(),
	/** A tag of which nothing has come for so long is read, and what it has is taken. */
	longest_silence_s: whole({ min: 1, max: 86_400 }).optional(),
	/** What makes a sample: another status; another status or value; or a source time, too. */
	trigger: oneOf(["status", "status_value", "status_value_timestamp"] as const).optional(),
	/** Read once in each interval instead of being subscribed to; `off` where a wider one has it on. */
	polling: z
		.union([z.literal("off"), keys({ interval_ms: whole({ min: 50, max: 3_600_000 }) })], {
			error: "expected interval_ms: N, or off",
		})
		.optional(),
};

/** What one mapping alone has wrong. */
export function samplingProblems(
	config: Pick<z.output<z.ZodObject<typeof samplingKeys>>, "deadband" | "trigger">,
): { key: "deadband"; message: string }[] {
	if (config.trigger !== "status" || (config.deadband?.width ?? 0) === 0) return [];
	return [
		{
			key: "deadband",
			message:
				"expected no deadband with trigger: status, which leaves every value out that has the same status",
		},
	];
}
