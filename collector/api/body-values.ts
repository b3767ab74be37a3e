import { z } from "zod";
import { ParameterError } from "./query-values.ts";

/** What a request says in its body is wrong; the message names every wrong key, and never a password. */
export class BodyError extends ParameterError {}

const anyText = z.string({ error: "expected text" });
const isBlank = (value: string) => value.trim() === "";

/** Text for people: lines and tabs, but no other control characters, which terminals and logs might obey. */
const told = (charactersMax: number) =>
	anyText
		.refine((value) => !isBlank(value), { error: "expected text that is not blank" })
		.refine((value) => [...value].length <= charactersMax, {
			error: `expected at most ${charactersMax} characters`,
		})
		.refine((value) => value.isWellFormed(), { error: "expected Unicode text" })
		.refine(
			(value) => !/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(value.replace(/[\n\t]/g, "")),
			{
				error: "expected no control characters but line ends and tabs",
			},
		);

const name = anyText
	.min(1, { error: "expected text that is not empty" })
	.max(256, { error: "expected at most 256 characters" })
	.refine((value) => value.isWellFormed(), { error: "expected Unicode text" });

export const loginBody = z.strictObject({
	name: anyText.max(256, { error: "expected at most 256 characters" }),
	password: anyText.max(1_024, { error: "expected at most 1024 characters" }),
});

export const noBody = z.strictObject({});

const commentCharactersMax = 2_000;

export const commentBody = z
	.strictObject({
		/** One of both. */
		lot: name.optional(),
		occurrence: name.optional(),
		text: told(commentCharactersMax),
	})
	.refine(({ lot, occurrence }) => (lot === undefined) !== (occurrence === undefined), {
		path: ["lot"],
		error: "expected lot or occurrence, and not both",
	});

/** @throws BodyError */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
	const parsed = schema.safeParse(body ?? {});
	if (parsed.success) return parsed.data;
	const problems = parsed.error.issues.map((issue) => {
		if (issue.code === "unrecognized_keys")
			return `expected no key ${issue.keys.map((key) => JSON.stringify(key).slice(0, 80)).join(", ")}`;
		const key = issue.path.map(String).join(".");
		return key === "" ? "expected a JSON object" : `${key}: ${issue.message}`;
	});
	throw new BodyError(problems.join("; "));
}
