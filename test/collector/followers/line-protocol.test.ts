import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	fitsInteger,
	floatField,
	LineRefused,
	labelText,
	seriesKey,
	textField,
	timeText,
} from "../../../collector/followers/line-protocol.ts";

const seed = Number(process.env.TEST_SEED ?? 20261130);

/** What InfluxDB's documentation says of reading a line, written down without a look at how we write one. */
function readLine(line: string): {
	measurement: string;
	labels: Map<string, string>;
	fields: string;
	time: string;
} {
	const parts: string[] = [""];
	let quoted = false;
	for (let at = 0; at < line.length; at++) {
		const c = line[at] as string;
		if (c === "\\" && at + 1 < line.length) {
			parts[parts.length - 1] += c + line[++at];
			continue;
		}
		if (c === '"' && parts.length === 2) quoted = !quoted;
		if (c === " " && !quoted) parts.push("");
		else parts[parts.length - 1] += c;
	}
	const [key = "", fields = "", time = "", ...more] = parts;
	if (more.length > 0) throw new Error(`expected three parts, found ${JSON.stringify(parts)}`);
	const [measurement = "", ...labels] = key.split(/(?<!\\),/);
	const plain = (text: string) => text.replaceAll(/\\([,= ])/g, "$1");
	return {
		measurement: plain(measurement),
		labels: new Map(labels.map((label) => label.split(/(?<!\\)=/).map(plain) as [string, string])),
		fields,
		time,
	};
}

describe("labels", () => {
	const special = fc.string({ unit: fc.constantFrom("a", "B", "é", ",", "=", " ", '"', "漢"), minLength: 1 });

	test("read back as they were, whatever stands in them", () => {
		fc.assert(
			fc.property(special, special, special, (unit, tag, text) => {
				const line = `${seriesKey("sample", { unit, tag })} svalue=${textField(text)} 1`;
				const read = readLine(line);
				expect(read.labels).toEqual(
					new Map([
						["tag", tag],
						["unit", unit],
					]),
				);
				expect(read.time).toBe("1");
				expect(JSON.parse(read.fields.slice("svalue=".length))).toBe(text);
			}),
			{ seed },
		);
	});

	test("stand in order of their names; one without text is left out", () => {
		expect(seriesKey("sample", { unit: "U500", edge_node: "", tag: "T 1" })).toBe(
			"sample,tag=T\\ 1,unit=U500",
		);
	});

	test.each(["a\\", "a\nb", "a\rb", "a\tb", "\u{d800}", ""])("%j is refused", (text) => {
		expect(() => labelText(text)).toThrow(LineRefused);
	});
});

test("any double reads back as the same double", () => {
	fc.assert(
		fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
			const text = floatField(value);
			expect(text).toMatch(/^-?\d+(\.\d+)?(e[+-]\d+)?$/);
			expect(Object.is(Number(text), value)).toBe(true);
		}),
		{ seed },
	);
});

test("text that is no Unicode is refused", () => {
	expect(() => textField("a\u{dc00}")).toThrow(LineRefused);
	expect(textField('a"b\\c\nd')).toBe('"a\\"b\\\\c\nd"');
});

test("whole numbers fit as far as 64 bits with a sign go", () => {
	expect([2n ** 63n - 1n, -(2n ** 63n)].map(fitsInteger)).toEqual([true, true]);
	expect([2n ** 63n, -(2n ** 63n) - 1n].map(fitsInteger)).toEqual([false, false]);
});

test("times are exact nanoseconds, before 1970 too", () => {
	fc.assert(
		fc.property(
			fc.integer({ min: -9_223_372_036_854, max: 9_223_372_036_853 }),
			fc.integer({ min: 0, max: 999_999 }),
			(ms, restNs) => BigInt(timeText(ms, restNs)) === BigInt(ms) * 1_000_000n + BigInt(restNs),
		),
		{ seed },
	);
	expect(timeText(0, 100)).toBe("100");
});

test.each([-11_644_473_600_000, 253_402_300_799_999, Number.NaN])("the time %d is refused", (ms) => {
	expect(() => timeText(ms, 0)).toThrow(/outside of 1677 to 2262/);
});
