import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { configDiff } from "../../../common/runtime/config-diff.ts";
import { redacted } from "../../../common/runtime/config-redaction.ts";

const wheres = (before: unknown, after: unknown) =>
	configDiff(before, after).map(({ kind, where }) => `${kind} ${where}`);

describe("how two configurations differ", () => {
	test("keys, entries of named lists and whole lists, each at its place", () => {
		const before = {
			level: "info",
			urls: ["a", "b"],
			servers: [
				{ name: "plant.a", port: 1, tls: { ca: "x" } },
				{ name: "b", port: 2 },
			],
			hosts: [{ id: "one" }],
		};
		const after = {
			level: "debug",
			urls: ["a", "c"],
			servers: [
				{ name: "c", port: 3 },
				{ name: "plant.a", port: 9, tls: { ca: "x", key: "k" } },
			],
			hosts: [{ id: "one", primary: true }],
			further: {},
		};
		expect(wheres(before, after)).toEqual([
			"changed level",
			"changed urls",
			"changed servers[plant.a].port",
			"added servers[plant.a].tls.key",
			"removed servers[b]",
			"added servers[c]",
			"added hosts[one].primary",
			"added further",
		]);
		expect(configDiff(before, after)[2]).toMatchObject({
			path: ["servers", "plant.a", "port"],
			before: 1,
			after: 9,
		});
	});

	test("an order that changes is told once, whatever comes and goes", () => {
		const names = (...list: string[]) => ({ tags: list.map((name) => ({ name })) });
		expect(wheres(names("a", "b", "c"), names("x", "a", "c"))).toEqual(["removed tags[b]", "added tags[x]"]);
		expect(wheres(names("a", "b", "c"), names("c", "a"))).toEqual(["removed tags[b]", "reordered tags"]);
	});

	test("a list of which two entries have one name is compared as a whole", () => {
		const twice = { tags: [{ name: "a" }, { name: "a" }] };
		expect(wheres(twice, { tags: [{ name: "a" }] })).toEqual(["changed tags"]);
		expect(wheres({ tags: [] }, { tags: [{ name: "a" }] })).toEqual(["added tags[a]"]);
	});

	test("a key that is undefined is not there, and a changed kind of value is a change", () => {
		expect(wheres({ a: undefined, b: 1 }, { b: 1 })).toEqual([]);
		expect(wheres({ a: { b: 1 } }, { a: "publish" })).toEqual(["changed a"]);
		expect(wheres({ a: null }, { a: [] })).toEqual(["changed a"]);
	});

	const entry = fc.record({ name: fc.constantFrom("a", "b", "c", "d", "e"), value: fc.integer({ max: 3 }) });
	const config = fc.record(
		{
			level: fc.constantFrom("info", "debug"),
			list: fc.uniqueArray(entry, { selector: ({ name }) => name }),
			words: fc.array(fc.string(), { maxLength: 3 }),
			deep: fc.dictionary(fc.constantFrom("x", "y"), fc.integer({ max: 2 })),
		},
		{ requiredKeys: [] },
	);

	test("nothing is told of equals, everything of others, and backwards it is the other way round", () => {
		fc.assert(
			fc.property(config, config, (before, after) => {
				expect(configDiff(before, structuredClone(before))).toEqual([]);
				const changes = wheres(before, after);
				const isSame = JSON.stringify(sorted(before)) === JSON.stringify(sorted(after));
				expect(changes.length === 0).toBe(isSame);
				const back = { added: "removed", removed: "added" } as Record<string, string>;
				const turned = changes.map((change) => change.replace(/^\w+/, (kind) => back[kind] ?? kind));
				expect(wheres(after, before).sort()).toEqual(turned.sort());
			}),
		);
	});
});

function sorted(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(sorted);
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([key, inner]) => [key, sorted(inner)]),
	);
}

test("what is shown of a configuration has no secret in it, and the names of files with secrets", () => {
	const shown = redacted({
		broker: { url: "mqtts://me:hunter2@broker:8883", password_file: "broker.secret", password: "hunter2" },
		servers: [{ endpoint: "opc.tcp://plc:4840", token: "hunter2", gone: undefined }],
	});
	expect(shown).toEqual({
		broker: { url: "mqtts://…@broker:8883", password_file: "broker.secret", password: "…" },
		servers: [{ endpoint: "opc.tcp://plc:4840", token: "…" }],
	});
});
