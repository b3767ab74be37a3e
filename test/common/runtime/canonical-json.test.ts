import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalHash, canonicalJson } from "../../../common/runtime/canonical-json.ts";

/** RFC 8785, appendix B: the bits of a double, and its text. */
const numbers = [
	["0000000000000000", "0"],
	["8000000000000000", "0"],
	["0000000000000001", "5e-324"],
	["8000000000000001", "-5e-324"],
	["7fefffffffffffff", "1.7976931348623157e+308"],
	["ffefffffffffffff", "-1.7976931348623157e+308"],
	["4340000000000000", "9007199254740992"],
	["c340000000000000", "-9007199254740992"],
	["4430000000000000", "295147905179352830000"],
	["44b52d02c7e14af5", "9.999999999999997e+22"],
	["44b52d02c7e14af6", "1e+23"],
	["44b52d02c7e14af7", "1.0000000000000001e+23"],
	["444b1ae4d6e2ef4e", "999999999999999700000"],
	["444b1ae4d6e2ef4f", "999999999999999900000"],
	["444b1ae4d6e2ef50", "1e+21"],
	["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
	["3eb0c6f7a0b5ed8d", "0.000001"],
	["41b3de4355555553", "333333333.3333332"],
	["41b3de4355555554", "333333333.33333325"],
	["41b3de4355555555", "333333333.3333333"],
	["41b3de4355555556", "333333333.3333334"],
	["41b3de4355555557", "333333333.33333343"],
	["becbf647612f3696", "-0.0000033333333333333333"],
	["43143ff3c1cb0959", "1424953923781206.2"],
] as const;

function double(bits: string): number {
	return Buffer.from(bits, "hex").readDoubleBE();
}

describe("canonical JSON", () => {
	it("writes every number of RFC 8785 appendix B as it says, and refuses its NaN and infinity", () => {
		for (const [bits, text] of numbers) expect(canonicalJson(double(bits)), bits).toBe(text);
		for (const bits of ["7fffffffffffffff", "7ff0000000000000"])
			expect(() => canonicalJson({ a: [double(bits)] })).toThrow("expected a finite number at $.a[0]");
	});

	it("writes the sample of RFC 8785 §3.2.2 as the bytes of §3.2.4", () => {
		const sample = JSON.parse(
			`{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
			"string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/", "literals": [null, true, false]}`,
		);
		const bytes = `7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72 75 65 2c 66 61 6c 73 65 5d 2c 22
			6e 75 6d 62 65 72 73 22 3a 5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31 65 2b 33 30 2c 34 2e
			35 2c 30 2e 30 30 32 2c 31 65 2d 32 37 5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30 30 66 5c
			6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d`;
		expect(Buffer.from(canonicalJson(sample)).toString("hex")).toBe(bytes.replaceAll(/\s/g, ""));
	});

	it("sorts members by UTF-16 code units, as the sample of RFC 8785 §3.2.3 shows", () => {
		const sample = {
			"\u20ac": "Euro Sign",
			"\r": "Carriage Return",
			"\ufb33": "Hebrew Letter Dalet With Dagesh",
			"1": "One",
			"\u{1f600}": "Emoji: Grinning Face",
			"\u0080": "Control",
			"\u00f6": "Latin Small Letter O With Diaeresis",
		};
		expect(Object.values(JSON.parse(canonicalJson(sample)))).toContain("One");
		expect([...canonicalJson(sample).matchAll(/:"([^"]*)/g)].map(([, name]) => name)).toEqual([
			"Carriage Return",
			"One",
			"Control",
			"Latin Small Letter O With Diaeresis",
			"Euro Sign",
			"Emoji: Grinning Face",
			"Hebrew Letter Dalet With Dagesh",
		]);
	});

	it("leaves out undefined members and writes dates as ISO text", () => {
		expect(canonicalJson({ b: undefined, a: new Date(0) })).toBe('{"a":"1970-01-01T00:00:00.000Z"}');
	});

	it("refuses what JSON cannot hold, naming the place", () => {
		const ring: Record<string, unknown> = {};
		ring.self = ring;
		const refused: [unknown, string][] = [
			[{ a: [undefined] }, "$.a[0]"],
			[new Array(1), "$[0]"],
			[{ a: "\ud800" }, "$.a"],
			[{ "\udc00": 1 }, "$"],
			[{ a: 1n }, "$.a"],
			[{ a: new Map() }, "found Map"],
			[new Float64Array(2), "found Float64Array"],
			[{ a: () => 1 }, "$.a"],
			[ring, "$.self"],
			[new Date(Number.NaN), "an invalid one"],
		];
		for (const [value, place] of refused) expect(() => canonicalJson(value)).toThrow(place);
		const twice = { a: 1 };
		expect(canonicalJson([twice, twice])).toBe('[{"a":1},{"a":1}]');
	});

	it("property: says the same value, whatever the order of the members, and again from its own text", () => {
		const text = fc.string({ unit: "grapheme" });
		const { json } = fc.letrec<{ json: unknown }>((tie) => ({
			json: fc.oneof(
				{ depthSize: "small" },
				fc.constantFrom(null, true, false),
				fc.double({ noNaN: true, noDefaultInfinity: true }),
				text,
				fc.array(tie("json"), { maxLength: 4 }),
				fc.dictionary(text, tie("json"), { maxKeys: 5 }),
			),
		}));
		fc.assert(
			fc.property(json, (value) => {
				const canonical = canonicalJson(value);
				expect(JSON.parse(canonical)).toEqual(JSON.parse(JSON.stringify(value)));
				expect(canonicalJson(JSON.parse(canonical))).toBe(canonical);
				expect(canonicalJson(reversed(value))).toBe(canonical);
				expect(canonicalHash(reversed(value))).toBe(canonicalHash(value));
			}),
		);
	});
});

function reversed(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(reversed);
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.toReversed()
			.map(([key, member]) => [key, reversed(member)]),
	);
}
