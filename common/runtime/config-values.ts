import { isAbsolute, resolve } from "node:path";
import { z } from "zod";
import { isTopicLevel } from "../contract/ids.ts";

const units: Record<string, number> = {
	B: 1,
	kB: 1e3,
	MB: 1e6,
	GB: 1e9,
	KiB: 1024,
	MiB: 1024 ** 2,
	GiB: 1024 ** 3,
};

/** A size in bytes: a whole number, or text such as `16MiB` or `2GB`. */
export function bytes(bounds: { min: number; max: number }) {
	return z
		.union([z.number(), z.string()], { error: "expected a size such as 16MiB" })
		.transform((value, context) => {
			const match = typeof value === "string" ? /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(value) : null;
			const factor = match === null ? 1 : units[match[2] as string];
			const size =
				typeof value === "number"
					? value
					: match === null
						? Number.NaN
						: Number(match[1]) * (factor ?? Number.NaN);
			if (Number.isInteger(size) && size >= bounds.min && size <= bounds.max) return size;
			context.addIssue({
				code: "custom",
				message: `expected a size between ${bounds.min} B and ${bounds.max} B, for instance 16MiB`,
			});
			return z.NEVER;
		});
}

/** A whole number within bounds; the unit belongs into the key's name. */
export function whole(bounds: { min: number; max: number }) {
	const message = `expected a whole number from ${bounds.min} to ${bounds.max}`;
	return z
		.number({ error: message })
		.int({ error: message })
		.min(bounds.min, { error: message })
		.max(bounds.max, { error: message });
}

/** A finite number within bounds; the unit belongs into the key's name. */
export function number(bounds: { min: number; max: number }) {
	const message = `expected a number from ${bounds.min} to ${bounds.max}`;
	return z.number({ error: message }).min(bounds.min, { error: message }).max(bounds.max, { error: message });
}

export const port = whole({ min: 0, max: 65535 });

/** One level of a Sparkplug topic. */
export const topicLevel = z
	.string({ error: "expected text" })
	.refine(isTopicLevel, { error: "expected 1 to 128 characters without + / #" });

export const text = z.string({ error: "expected text" }).min(1, { error: "expected text that is not empty" });

/** One of a list of words; the message names them all. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
	return z.enum(words, { error: `expected one of ${words.join(", ")}` });
}

/** A list with at least `min` entries. */
export function list<T extends z.ZodType>(item: T, min: number, what: string) {
	const message = `expected a list of at least ${min} ${what}`;
	return z.array(item, { error: message }).min(min, { error: message });
}

/** Header keys of every configuration file: which kind it is, and the version of its keys. */
export function fileHead<const K extends string>(kind: K) {
	return {
		kind: z.literal(kind, { error: `expected kind: ${kind}` }),
		schema: z.literal(1, { error: "expected schema: 1, the only version so far" }),
	};
}

/** An object with exactly these keys. */
export function keys<T extends z.ZodRawShape>(shape: T) {
	return z.strictObject(shape, {
		error: (issue) => (issue.code === "invalid_type" ? "expected a mapping of keys" : undefined),
	});
}

/** A path of the configuration, which is relative to the file that names it. */
export function pathFrom(directory: string, path: string): string {
	return isAbsolute(path) ? path : resolve(directory, path);
}
