import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Specification } from "../../collector/specification.ts";
import { SpecificationBook } from "../../collector/specification-book.ts";
import { loadSpecificationFiles } from "../../collector/specification-files.ts";
import type { SpecificationRow } from "../../collector/specification-port.ts";
import { specificationHash, versionFindings, versionInForce } from "../../collector/specification-version.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { specificationFrom } from "./specification-of.ts";

const day = (n: number) => new Date(Date.UTC(2026, 0, n));

function version(n: number, from: number, more: Partial<Specification> = {}): Specification {
	const written = {
		version: n,
		effective_from: day(from).toISOString(),
		author: "A. Ito",
		approved_by: "B. Weber",
	};
	return { ...specificationFrom(written), ...more };
}

const known = (...specifications: Specification[]) =>
	specifications.map((specification) => ({ specification, hash: "" }));
const inForce = (at: number, ...specifications: Specification[]) =>
	versionInForce(known(...specifications), day(at).getTime())?.specification.version;

describe("the version in force", () => {
	const first = version(1, 10);
	const second = version(2, 20);

	test("is the one that began last when the material was made, from its first moment on", () => {
		expect([9, 10, 19, 20, 99].map((at) => inForce(at, second, first))).toEqual([undefined, 1, 1, 2, 2]);
	});

	test("is none after an end, even when an older one never ended", () => {
		const ended = version(2, 20, { effective_to: day(30) });
		expect([29, 30].map((at) => inForce(at, first, ended))).toEqual([2, undefined]);
	});

	test("is never a draft; a retired one goes on for what was made before its end", () => {
		const draft = version(3, 15, { status: "draft" });
		const retired = version(2, 20, { status: "retired", effective_to: day(25) });
		expect([16, 24, 26].map((at) => inForce(at, first, draft, retired))).toEqual([1, 2, undefined]);
	});

	test("property: versions without findings never leave a choice, in whatever order they are given", () => {
		const one = fc.record({
			from: fc.integer({ min: 1, max: 12 }),
			lasts: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
			status: fc.constantFrom("draft", "approved", "retired"),
		});
		fc.assert(
			fc.property(fc.array(one, { maxLength: 6 }), fc.integer({ min: 0, max: 25 }), (parts, at) => {
				const kept: Specification[] = [];
				for (const [index, { from, lasts, status }] of parts.entries()) {
					const to = lasts === undefined ? {} : { effective_to: day(from + lasts) };
					const next = version(index + 1, from, { status, ...to });
					if (versionFindings([...kept, next]).length === 0) kept.push(next);
				}
				const found = inForce(at, ...kept);
				expect(inForce(at, ...kept.toReversed())).toBe(found);
				// Of all whose dates hold it, those that never ended give way to the newest.
				const holding = kept.filter(
					({ status, effective_from: from, effective_to: to }) =>
						status !== "draft" && from <= day(at) && (to === undefined || day(at) < to),
				);
				if (found !== undefined) expect(holding.map((each) => each.version)).toContain(found);
				expect(holding.filter(({ effective_to: to }) => to !== undefined).length).toBeLessThanOrEqual(1);
			}),
		);
	});
});

describe("files of several versions", () => {
	const text = (n: number, from: string, more = "") => `kind: specification
schema: 1
product: { code: P, formula: F }
version: ${n}
author: A. Ito
approved_by: B. Weber
effective_from: ${from}
${more}windows:
  - { id: w, unit: U, tag: T, eu: degC, high: 20, concerns: [technical], reaction: look }
`;

	function load(...texts: string[]): { versions: number[] } | string[] {
		const folder = temporaryFolder();
		const files = texts.map((_, index) => join(folder, `v${index + 1}.yaml`));
		for (const [index, file] of files.entries()) writeFileSync(file, texts[index] as string);
		try {
			return { versions: loadSpecificationFiles(files, {}).map((one) => one.version) };
		} catch (error) {
			return (error as Error).message.replaceAll(`${folder}/`, "").split("\n");
		}
	}

	test("are read together", () => {
		expect(load(text(1, "2026-01-01"), text(2, "2026-02-01"))).toEqual({ versions: [1, 2] });
	});

	test.each<[string, string[], string]>([
		[
			"overlap",
			[text(1, "2026-01-01", "effective_to: 2026-03-01\n"), text(2, "2026-02-01")],
			"v2.yaml:7:17: effective_from: expected versions that do not overlap, found that version 1 ends at 2026-03-01T00:00:00.000Z and version 2 begins at 2026-02-01T00:00:00.000Z (v1.yaml)",
		],
		[
			"overlap, the older one later in the list",
			[text(2, "2026-02-01"), text(1, "2026-01-01", "effective_to: 2026-03-01\n")],
			"v2.yaml:8:15: effective_to: expected versions that do not overlap",
		],
		[
			"begin together",
			[text(1, "2026-01-01"), text(2, "2026-01-01")],
			"v2.yaml:7:17: effective_from: expected a beginning of its own",
		],
		[
			"are one version",
			[text(1, "2026-01-01"), text(1, "2026-02-01")],
			"v2.yaml:4:10: version: expected a version of its own, found 1 in both files (v1.yaml)",
		],
		[
			"are of two products",
			[text(1, "2026-01-01"), text(2, "2026-02-01").replace("code: P", "code: Q")],
			"v2.yaml:3:18: product.code: expected P, as in the other file, found Q (v1.yaml)",
		],
	])("are refused when they %s", (_, texts, problem) => {
		const problems = load(...texts);
		expect(problems).toEqual([expect.stringContaining(problem)]);
	});
});

describe("what was approved", () => {
	const approved = version(1, 10);
	const window = approved.windows[0] as Specification["windows"][number];
	const stored = (specification = approved): SpecificationRow[] => [
		...new SpecificationBook([specification], [], 5).toStore,
	];
	const again = (specification: Specification, rows = stored()) =>
		new SpecificationBook([specification], rows, 9);

	test("has a hash that names, reasons, ends and wishes for charts do not change, and limits do", () => {
		const hash = specificationHash(approved);
		expect(specificationHash({ ...approved, status: "draft", approved_by: undefined, author: "C" })).toBe(
			hash,
		);
		expect(specificationHash({ ...approved, effective_to: day(30), baselines: [] })).toBe(hash);
		expect(specificationHash({ ...approved, windows: [{ ...window, high: 2 }] })).not.toBe(hash);
		expect(specificationHash({ ...approved, effective_from: day(11) })).not.toBe(hash);
	});

	test("is stored once, and read again as it is", () => {
		expect(stored()).toMatchObject([
			{ version: 1, status: "approved", hash: specificationHash(approved), author: "A. Ito", storedMs: 5 },
		]);
		expect(again(approved).toStore).toEqual([]);
	});

	const { approved_by: _, ...draft } = approved;
	test.each<[string, Specification, string]>([
		["another limit", { ...approved, windows: [{ ...window, high: 2 }] }, "windows[any].high changed"],
		["another date", { ...approved, effective_from: day(11) }, "effective_from changed"],
		["another approver", { ...approved, approved_by: "C. Sato" }, "approved_by B. Weber is now C. Sato"],
		["another author", { ...approved, author: "C. Sato" }, "author A. Ito is now C. Sato"],
		["a draft again", { ...draft, status: "draft" } as Specification, "status approved is now draft"],
		[
			"an end nobody retired it by",
			{ ...approved, effective_to: day(30) },
			"effective_to changed without being retired",
		],
	])("stops the collector when the file has %s", (_name, changed, found) => {
		expect(() => again(changed)).toThrowError(
			expect.objectContaining({ code: "SPECIFICATION_CHANGED", message: expect.stringContaining(found) }),
		);
		expect(() => again(changed)).toThrow(/give the change the next version/);
	});

	test("may be retired, and is not approved again after that", () => {
		const retired: Specification = {
			...approved,
			status: "retired",
			effective_to: day(30),
			retirement: { by: "B. Weber", time: day(29), reason: "new mill" },
		};
		const { toStore } = again(retired);
		expect(toStore).toMatchObject([{ status: "retired", toMs: day(30).getTime(), hash: stored()[0]?.hash }]);
		expect(toStore[0]?.approvals.map(({ step, by }) => `${step} ${by}`)).toEqual([
			"approved B. Weber",
			"retired B. Weber",
		]);
		expect(() => again(approved, [...toStore])).toThrow("status retired is now approved");
	});

	test("is a draft's to change until then", () => {
		const first = { ...draft, status: "draft" } as Specification;
		const rows = stored(first);
		const changed = { ...first, windows: [{ ...window, high: 2 }] };
		expect(again(first, rows).toStore).toEqual([]);
		expect(again(changed, rows).toStore).toMatchObject([{ hash: specificationHash(changed) }]);
		expect(again(changed, rows).versions).toEqual([]);
		expect(again({ ...changed, status: "approved", approved_by: "B. Weber" }, rows).toStore).toHaveLength(1);
	});

	test("goes on judging what was made under it when its file is gone", () => {
		const book = new SpecificationBook([version(2, 20)], stored(), 9);
		expect(book.inForce(day(12).getTime())).toMatchObject({
			hash: stored()[0]?.hash,
			specification: { version: 1, approved_by: "B. Weber", windows: approved.windows },
		});
		expect(book.inForce(day(21).getTime())?.specification.version).toBe(2);
	});

	test("keeps its hash when the product has gained a key since", () => {
		// A body of a time when windows had no `grace_s`, stored under the hash that it had then.
		const body = JSON.parse(stored()[0]?.body ?? "");
		for (const window of body.windows) delete window.grace_s;
		const rows = stored().map((row) => ({ ...row, hash: "of-then", body: JSON.stringify(body) }));
		const book = again(approved, rows);
		expect([book.toStore, book.versions[0]?.hash]).toEqual([[], "of-then"]);
	});
});
