import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonBytes } from "../../../cli/spc/json-bytes.ts";

function written(value: number): string {
	const out = new JsonBytes(1_000);
	out.number(value);
	return out.take().toString("latin1");
}

test.each([
	[0, "0"],
	[-0, "0"],
	[1, "1"],
	[-1.5, "-1.5"],
	[0.000001, "0.000001"],
	[-0.05, "-0.05"],
	[1e-7, "1e-7"],
	[1_000_000, "1000000"],
	[74.001176, "74.001176"],
	[1e21, "1e+21"],
	[0.1 + 0.2, "0.30000000000000004"],
	[Number.NaN, "null"],
	[Number.POSITIVE_INFINITY, "null"],
])("%d is %s", (value, text) => {
	expect(written(value)).toBe(text);
});

test("every number is as the language writes it in JSON, and comes back the same", () => {
	fc.assert(
		fc.property(
			fc.oneof(
				fc.double({ noNaN: true }),
				fc.integer().map((n) => n / 10_000),
			),
			(value) => {
				expect(JSON.parse(written(value))).toBe(Number.isFinite(value) ? value + 0 : null);
				if (Math.abs(value) >= 1e-6 || value === 0) expect(written(value)).toBe(JSON.stringify(value));
			},
		),
		{ seed: 20_261_123, numRuns: 2_000 },
	);
});

test("a number is written once more without being made again", () => {
	const out = new JsonBytes(1_000);
	out.text("[");
	out.number(0.1 + 0.2);
	out.text(", ");
	out.again(2);
	out.text("]");
	expect(out.take().toString("latin1")).toBe("[0.30000000000000004, 0.30000000000000004]");
});
