import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type ConfigKind, parseConfig } from "../../../common/runtime/config-file.ts";
import { bytes, keys, list, text, whole } from "../../../common/runtime/config-values.ts";

const schema = keys({
	name: text,
	port: whole({ min: 1, max: 65_535 }).default(80),
	size: bytes({ min: 1, max: 1024 ** 4 }).default(1024),
	items: list(keys({ id: text, low: z.number(), high: z.number() }), 1, "items"),
});
const kind: ConfigKind<typeof schema> = {
	schema,
	crossCheck: ({ items }) =>
		items.flatMap(({ low, high }, index) =>
			low < high ? [] : [{ path: ["items", index, "low"], message: `expected low below high, found ${low}` }],
		),
};

function problemsOf(yaml: string, env: Record<string, string> = {}): string[] {
	const result = parseConfig(yaml, "f.yaml", kind, env);
	return result.ok
		? []
		: result.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
}

const sound = "name: line\nitems:\n  - { id: a, low: 1, high: 2 }\n";

test("a sound file has its defaults and no problem", () => {
	const result = parseConfig(sound, "f.yaml", kind, {});
	expect(result).toMatchObject({ ok: true, value: { name: "line", port: 80, size: 1024 } });
});

describe("each problem has its place, what was expected and what was found", () => {
	test.each([
		["an unknown key", `${sound}prot: 1\n`, "4:1 prot: unknown key; remove it or correct its spelling"],
		[
			"a wrong type",
			`${sound}port: http\n`,
			'4:7 port: expected a whole number from 1 to 65535, found "http"',
		],
		[
			"a value out of bounds",
			`${sound}port: 0\n`,
			"4:7 port: expected a whole number from 1 to 65535, found 0",
		],
		["a missing key", "items:\n  - { id: a, low: 1, high: 2 }\n", "1:1 name: expected text, found nothing"],
		[
			"a missing key inside a list",
			"name: x\nitems:\n  - { id: a, high: 2 }\n",
			"3:5 items[0].low: Invalid input: expected number, received undefined, found nothing",
		],
		["an empty list", "name: x\nitems: []\n", "2:8 items: expected a list of at least 1 items, found []"],
		[
			"what two values make together",
			"name: x\nitems:\n  - { id: a, low: 5, high: 2 }\n",
			"3:19 items[0].low: expected low below high, found 5",
		],
		[
			"an environment variable that is not set",
			`${sound}size: \${SIZE}\n`,
			"4:7 : environment variable SIZE is not set; set it or write ${SIZE:-default}",
		],
		[
			"a size without sense",
			`${sound}size: 3 parsecs\n`,
			'4:7 size: expected a size between 1 B and 1099511627776 B, for instance 16MiB, found "3 parsecs"',
		],
	])("%s", (_, yaml, problem) => {
		expect(problemsOf(yaml)).toContain(problem);
	});

	test("a key that is there twice, and text that is no YAML", () => {
		expect(problemsOf(`${sound}name: again\n`)[0]).toMatch(/^4:1 : Map keys must be unique/);
		expect(problemsOf("name: [1, 2\n").join("\n")).toMatch(/^\d+:\d+ : Flow sequence/m);
		expect(problemsOf("")[0]).toMatch(/expected a mapping, found an empty file/);
	});
});

test("all problems come at once, in the order of the file, of both kinds", () => {
	const places = problemsOf(
		`name: ""\nport: 0\nitems:\n  - { id: a, low: 3, high: 2 }\n  - { id: b, low: 1, high: 2, mid: 1 }\nsize: -1\n`,
	);
	expect(places.map((problem) => problem.split(" ")[0])).toEqual(["1:7", "2:7", "4:19", "5:31", "6:7"]);
});

describe("the environment", () => {
	test("fills in before a plain value gets its type, and a quoted value stays text", () => {
		const yaml = 'name: "${N}"\nport: ${P:-81}\nitems:\n  - { id: "${N}-a", low: 1, high: 2 }\n';
		expect(parseConfig(yaml, "f.yaml", kind, { N: "7", P: "90" })).toMatchObject({
			ok: true,
			value: { name: "7", port: 90, items: [{ id: "7-a" }] },
		});
		expect(parseConfig(yaml, "f.yaml", kind, { N: "7" })).toMatchObject({ ok: true, value: { port: 81 } });
	});

	test("is data: what it holds cannot add keys", () => {
		const result = parseConfig(`${sound.replace("name: line", "name: ${N}")}`, "f.yaml", kind, {
			N: "x\nport: 99",
		});
		expect(result.ok && result.value.port).not.toBe(99);
	});
});

test.each([
	["16MiB", 16 * 1024 ** 2],
	["2 GB", 2e9],
	["1.5KiB", 1536],
	["512", 512],
])("a size of %s is %d bytes", (size, expected) => {
	expect(parseConfig(`${sound}size: ${size}\n`, "f.yaml", kind, {})).toMatchObject({
		ok: true,
		value: { size: expected },
	});
});
