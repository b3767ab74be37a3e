import { expect, test } from "vitest";
import { readAnswer, type WriteAnswer } from "../../../collector/followers/write-answer.ts";

const conflict =
	'{"error":"partial write: field type conflict: input field \\"value\\" on measurement \\"sample\\" is type string, already exists as type float dropped=2"}';

test.each<[number, string, string | undefined, Partial<WriteAnswer>]>([
	[204, "", undefined, { outcome: "written" }],
	[200, "{}", undefined, { outcome: "written" }],
	[400, conflict, undefined, { outcome: "refused", all: false }],
	[
		400,
		'{"error":"partial write: points beyond retention policy dropped=9"}',
		undefined,
		{ outcome: "refused", all: true },
	],
	[
		422,
		'{"code":"unprocessable entity","message":"no"}',
		undefined,
		{ outcome: "refused", reason: "422 no", all: false },
	],
	[
		401,
		'{"error":"authorization failed"}',
		undefined,
		{ outcome: "held", reason: "401 authorization failed" },
	],
	[403, "forbidden", undefined, { outcome: "held", reason: "403 forbidden" }],
	[404, '{"error":"database not found: \\"x\\""}', undefined, { outcome: "held" }],
	[405, "", undefined, { outcome: "held", reason: "405" }],
	[302, "", undefined, { outcome: "held" }],
	[411, "", undefined, { outcome: "held" }],
	[413, "", undefined, { outcome: "too_large" }],
	[429, "", "7", { outcome: "later", afterMs: 7_000 }],
	[429, "", "0", { outcome: "later", afterMs: 1_000 }],
	[503, "", "999999999", { outcome: "later", afterMs: 900_000 }],
	[503, "", "Wed, 21 Oct 2026 07:28:00 GMT", { outcome: "later", afterMs: undefined }],
	[408, "", undefined, { outcome: "later" }],
	[
		500,
		"<html>\n <b>oops</b></html>",
		undefined,
		{ outcome: "later", reason: "500 <html> <b>oops</b></html>" },
	],
	[504, "", undefined, { outcome: "later", reason: "504" }],
])("%d %s (Retry-After %s) is %j", (status, body, retryAfter, expected) => {
	expect(readAnswer(status, body, retryAfter, 9)).toMatchObject(expected);
});

test("InfluxDB 3 names the lines it did not take, unless there are too many", () => {
	const data = [3, 5].map((line_number) => ({ line_number, error_message: "bad", original_line: "x" }));
	const body = JSON.stringify({ error: "partial write of line protocol occurred", data });
	expect(readAnswer(400, body, undefined, 9)).toMatchObject({
		outcome: "refused",
		bad: [
			{ index: 2, reason: "bad" },
			{ index: 4, reason: "bad" },
		],
	});
	const many = {
		error: "e",
		data: Array.from({ length: 100 }, (_, n) => ({ line_number: n + 1, error_message: "b" })),
	};
	const answer = readAnswer(400, JSON.stringify(many), undefined, 5_000);
	expect(answer.outcome === "refused" && answer.bad).toBe(undefined);
	// What names a line that was not sent is not believed.
	const odd = { error: "e", data: [{ line_number: 10, error_message: "b" }] };
	expect(readAnswer(400, JSON.stringify(odd), undefined, 9)).toMatchObject({
		outcome: "refused",
		bad: undefined,
	});
});

test("a reason is cut to what a person reads", () => {
	const answer = readAnswer(400, "x".repeat(100_000), undefined, 1);
	expect(answer.outcome === "refused" && answer.reason.length).toBe(500);
});
