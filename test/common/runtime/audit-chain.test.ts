import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	type AuditAnchor,
	AuditCheck,
	type AuditEntry,
	auditHash,
	auditLine,
	firstPreviousHash,
} from "../../../common/runtime/audit-chain.ts";

const seed = Number(process.env.TEST_SEED ?? 20261130);

/** A chain of so many entries. */
function chain(count: number): AuditEntry[] {
	const entries: AuditEntry[] = [];
	for (let n = 1; n <= count; n++) {
		const entry = {
			...{ n, atMs: 1_764_500_000_000 + n, by: "k.tanaka", action: "comment.entered", subject: `L${n}` },
			...{
				detail: `{"text":"„${n}\\u0001\u{1f50b}"}`,
				previousHash: entries.at(-1)?.hash ?? firstPreviousHash,
			},
		};
		entries.push({ ...entry, hash: auditHash(entry) });
	}
	return entries;
}

const lines = (entries: readonly AuditEntry[]) => entries.map(auditLine);

/** The first fault of an export, with its line. */
function faultOf(text: readonly string[], anchors: readonly AuditAnchor[] = []): string | undefined {
	const check = new AuditCheck(anchors);
	for (const line of text) {
		const fault = check.add(line);
		if (fault !== undefined) return `${fault.line}: ${fault.message}`;
	}
	const fault = check.end();
	return fault === undefined ? undefined : `${fault.line}: ${fault.message}`;
}

const five = chain(5);
/** An entry with other content and the hash that fits it. */
const forged = (entry: AuditEntry, change: Partial<AuditEntry>) => {
	const { hash: _hash, ...rest } = { ...entry, ...change };
	return { ...rest, hash: auditHash(rest) };
};
const at = (index: number) => five[index] as AuditEntry;

test("a sound chain is sound, from its beginning and from anywhere, and its head is told", () => {
	expect(faultOf(lines(five))).toBeUndefined();
	expect(faultOf(lines(five.slice(2)))).toBeUndefined();
	const check = new AuditCheck();
	for (const line of lines(five)) check.add(line);
	expect(check.head).toEqual({ n: 5, hash: at(4).hash });
	expect(check.first?.n).toBe(1);
});

describe("the first broken line is named, and why", () => {
	const changed = (change: (entries: AuditEntry[]) => void) => {
		const copy = [...five];
		change(copy);
		return lines(copy);
	};
	test.each([
		[
			"content changed",
			changed((all) => all.splice(2, 1, { ...at(2), by: "somebody" })),
			/^3: entry 3: expected hash .* changed/,
		],
		[
			"content and hash changed",
			changed((all) => all.splice(2, 1, forged(at(2), { by: "x" }))),
			/^4: entry 4: expected the hash of the entry before/,
		],
		[
			"an entry taken out",
			changed((all) => all.splice(2, 1)),
			/^3: expected entry 3, found 4: what stood between is missing/,
		],
		["two exchanged", changed((all) => all.splice(1, 2, at(2), at(1))), /^2: expected entry 2, found 3/],
		[
			"one twice",
			changed((all) => all.splice(2, 0, at(1))),
			/^3: expected entry 3, found 2: an entry was put in or moved/,
		],
		[
			"another beginning",
			changed((all) => all.splice(0, 1, forged(at(0), { previousHash: "f".repeat(64) }))),
			/^1: entry 1: expected the hash of the entry before, 0+, found f+/,
		],
		["no JSON", ["{"], /^1: expected one entry as JSON/],
		["another value", ["[1]"], /^1: expected one entry as JSON/],
		["a key more", [`${auditLine(at(0)).slice(0, -1)},"z":1}`], /^1: expected exactly the keys action, atMs/],
		[
			"a key twice, of which people see the first",
			[auditLine(at(0)).replace('{"action"', '{"action":"harmless","action"')],
			/^1: expected canonical JSON/,
		],
		["another spelling of the same", [auditLine(at(0)).replace(",", ", ")], /^1: expected canonical JSON/],
		["a number as text", [auditLine(at(0)).replace('"n":1', '"n":"1"')], /^1: n: expected a whole number/],
		["nothing", [], /^0: expected at least one entry, found none/],
	])("%s", (_title, text, message) => {
		expect(faultOf(text)).toMatch(message);
	});

	test("any change of one character anywhere is found", () => {
		const text = lines(five);
		fc.assert(
			fc.property(
				fc.nat(4),
				fc.nat(10_000),
				fc.constantFrom(...'0a"{}, \u{1f50b}'.split("")),
				(line, place, character) => {
					const before = text[line] as string;
					const index = place % before.length;
					fc.pre(before[index] !== character);
					const copy = [...text];
					copy[line] = before.slice(0, index) + character + before.slice(index + 1);
					// The head is known, because a last entry that is changed with its hash is only another last entry.
					expect(faultOf(copy, [{ n: 5, hash: at(4).hash }])).toBeDefined();
				},
			),
			{ seed, numRuns: 400 },
		);
	});
});

describe("anchors", () => {
	const anchor = (index: number, n: number | undefined = index + 1) => [{ n, hash: at(index).hash }];
	test("are met with and without a number, also before the first line of a later part", () => {
		expect(faultOf(lines(five), anchor(4))).toBeUndefined();
		expect(faultOf(lines(five), [{ n: undefined, hash: at(1).hash }])).toBeUndefined();
		expect(faultOf(lines(five.slice(2)), anchor(1))).toBeUndefined();
	});
	test("an end that was cut off shows only against one", () => {
		expect(faultOf(lines(five.slice(0, 3)))).toBeUndefined();
		expect(faultOf(lines(five.slice(0, 3)), anchor(4))).toMatch(
			/^0: expected to reach the anchor, entry 5, found the end at 3/,
		);
		expect(faultOf(lines(five.slice(0, 3)), [{ n: undefined, hash: at(4).hash }])).toMatch(
			/^0: .*the end was cut off/,
		);
	});
	test("a record that was made anew, with every hash right, shows against one", () => {
		const anew: AuditEntry[] = [];
		for (const entry of five)
			anew.push(forged(entry, { by: "forger", previousHash: anew.at(-1)?.hash ?? firstPreviousHash }));
		expect(faultOf(lines(anew))).toBeUndefined();
		expect(faultOf(lines(anew), anchor(3))).toMatch(/^4: entry 4: expected the anchor's hash/);
	});
	test("one before the part that was exported asks for more of it", () => {
		expect(faultOf(lines(five.slice(3)), anchor(0))).toMatch(
			/^0: the anchor is entry 1, and this begins with 4/,
		);
	});
});
