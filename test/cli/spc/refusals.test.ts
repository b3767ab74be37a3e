import fc from "fast-check";
import { expect, test } from "vitest";
import { InputProblems } from "../../../cli/spc/input-problem.ts";
import { jsonPieces } from "../../../cli/spc/json.ts";
import { svgText } from "../../../cli/spc/svg.ts";
import { terminalText } from "../../../cli/spc/terminal.ts";
import { chartNames } from "../../../collector/spc/chart.ts";
import { CodedError } from "../../../common/runtime/coded-error.ts";
import { charted, column, subgrouped } from "./charted.ts";

test.each([
	[
		"one value",
		column([5]),
		{ chart: "imr" },
		"a.csv:2:1: value: expected at least 2 values to estimate from, found 1 in row 1",
	],
	[
		"no variation",
		column([5, 5, 5]),
		{ chart: "imr" },
		"a.csv:2:1: value: expected values that differ, found 5 in all of them in rows 1 to 3",
	],
	[
		"no variation in the baseline",
		column([1, 5, 5, 5, 9]),
		{ chart: "imr", baseline: "2-4" },
		"a.csv:3:1: value: expected values that differ, found 5 in all of them in rows 2 to 4",
	],
	[
		"unequal subgroups",
		subgrouped([
			[1, 2, 3],
			[1, 2, 4],
			[1, 2],
		]),
		{ chart: "xbar-r" },
		"a.csv:8:1: row 7, value: expected 3 values in each subgroup, found 2 in subgroup 3; ranges of different sizes do not compare, xbar-s does",
	],
	[
		"a subgroup of one",
		subgrouped([[1], [2], [4]]),
		{ chart: "xbar-r" },
		"a.csv:2:1: row 1, value: expected at least 2 values in each subgroup, found 1 in 1",
	],
	[
		"no subgroups",
		column([1, 2]),
		{ chart: "xbar-s" },
		'a.csv:1:1: expected a column subgroup, found "value"',
	],
	[
		"what is no count",
		column([3, 2.5, 4]),
		{ chart: "c" },
		"a.csv:3:1: row 2, value: expected a count, 0 or a whole number above, found 2.5",
	],
	[
		"a baseline beyond the end",
		column([1, 2, 3]),
		{ chart: "imr", baseline: "1-25" },
		"a.csv:1:1: --baseline 1-25: expected points up to 3, found 25",
	],
	[
		"text",
		column([1, 2]).replace("2", "two"),
		{ chart: "imr" },
		'a.csv:3:1: row 2, value: expected a number, found "two"',
	],
	[
		"infinite",
		column([1, Number.POSITIVE_INFINITY]),
		{ chart: "imr" },
		'a.csv:3:1: row 2, value: expected a finite number up to ±1e150, found "Infinity"',
	],
	[
		"one variable",
		column([1, 2, 3]),
		{ chart: "t2" },
		"a.csv:2:1: value: expected at least two columns of numbers for T², found 1 in rows 1 to 3",
	],
	[
		"a variable that others explain",
		"a,b\n1,2\n2,4\n3,6\n5,10\n9,18\n",
		{ chart: "t2" },
		"a.csv:2:1: a: expected variables that say something of their own, found b explained by the others in rows 1 to 5",
	],
] as const)("%s is named", (_, text, options, message) => {
	expect(() => charted(text, options)).toThrow(expect.objectContaining({ code: "VALUES_INVALID", message }));
});

test.each([
	[{ chart: "pareto" }, /^--chart: expected one of imr, .*, found "pareto"$/],
	[{ chart: "imr", lambda: "0.2" }, /^--lambda: expected with --chart ewma, found imr$/],
	[{ chart: "individuals", mean: "3" }, /^--chart individuals: expected --mean and --sigma/],
	[{ chart: "individuals", mean: "3", sigma: "0" }, /^--sigma: expected a number above 0, found "0"$/],
	[{ chart: "ewma", lambda: "1.5" }, /^--lambda: expected a number above 0 up to 1, found "1.5"$/],
	[{ chart: "imr", lsl: "3", usl: "3" }, /^--lsl: expected a number below --usl 3, found "3"$/],
	[{ chart: "imr", target: "3" }, /^--target: expected with --lsl or --usl, found neither$/],
	[{ chart: "imr", usl: "much" }, /^--usl: expected a number, found "much"$/],
	[{ chart: "imr", usl: "" }, /^--usl: expected a number, found ""$/],
	[{ chart: "imr", rules: "nelson,seven" }, /^--rules: expected none, nelson, .*, found "seven"$/],
	[{ chart: "cusum", rules: "nelson" }, /^--rules: expected none with --chart cusum/],
	[
		{ chart: "imr", baseline: "25-1" },
		/^--baseline: expected points such as 1-25 or 1-10,12-25, found "25-1"$/,
	],
	[{ chart: "imr", baseline: "0-3" }, /^--baseline/],
	[{ chart: "imr", constants: "rough" }, /^--constants: expected one of exact, nist, found "rough"$/],
	[{ chart: "t2", usl: "3" }, /^--usl: expected with --chart /],
	[{ chart: "c", mean: "-1" }, /^--mean: expected a number above 0, found "-1"$/],
] as const)("%j is refused as usage", (options, message) => {
	expect(() => charted(column([1, 2, 4]), options)).toThrow(
		expect.objectContaining({ code: "USAGE", message: expect.stringMatching(message) }),
	);
});

test("no rules means no signals, whatever the chart", () => {
	const values = column([...Array.from({ length: 30 }, (_, index) => (index % 2) + (index > 20 ? 40 : 0))]);
	for (const options of [
		{ chart: "imr", baseline: "1-15" },
		{ chart: "ewma", baseline: "1-15" },
		{ chart: "cusum", baseline: "1-15" },
	]) {
		expect(charted(values, options).chart.panels[0].signals.length).toBeGreaterThan(0);
		const { panels } = charted(values, { ...options, rules: "none" }).chart;
		expect(panels.every(({ signals }) => signals.length === 0)).toBe(true);
	}
});

const number = fc.oneof(
	fc.integer({ min: -3, max: 3 }),
	fc.double({ min: -1e3, max: 1e3, noNaN: true }),
	fc.constantFrom(0, -0, 1e150, -1e150, 5e-324, 1e-130, 1e-130 * (1 + Number.EPSILON), 1e16, 0.1),
);

test("nothing that can be charted shows a NaN or an infinity, in text, picture or JSON", () => {
	fc.assert(
		fc.property(
			fc.constantFrom(...chartNames),
			fc.array(fc.tuple(number, number, fc.boolean()), { minLength: 1, maxLength: 30 }),
			fc.integer({ min: 1, max: 4 }),
			fc.constantFrom("none", "nelson", undefined),
			fc.boolean(),
			(chart, rows, size, rules, limits) => {
				const lines = rows.map(([a, b, excluded], index) =>
					[Math.floor(index / size), a, b, excluded && index % 7 === 3 ? "left out" : ""].join(","),
				);
				const options = {
					chart,
					...(rules !== undefined &&
						(rules === "none" || !["ewma", "cusum", "t2"].includes(chart)) && { rules }),
					...(chart === "individuals" && { mean: "1", sigma: "2" }),
					...(chart === "t2" && { columns: "value,other" }),
					...(limits && !["c", "t2"].includes(chart) && { lsl: "-2", usl: "2.5", target: "0.1" }),
				};
				try {
					const analysis = charted(`subgroup,value,other,excluded\n${lines.join("\n")}\n`, options);
					const json = [...jsonPieces(analysis)].map((piece) => piece.toString()).join("");
					JSON.parse(json);
					const texts = [
						json,
						svgText(analysis, "a.csv"),
						terminalText(analysis, "a.csv", { width: 100, color: false }),
					];
					for (const text of texts) expect(text).not.toMatch(/NaN|Infinity|undefined/);
				} catch (error) {
					if (error instanceof InputProblems) expect(error.message).toMatch(/^a\.csv:\d+:\d+: /);
					else if (!(error instanceof CodedError)) throw error;
				}
			},
		),
		{ seed: 20_261_123, numRuns: 400 },
	);
});
