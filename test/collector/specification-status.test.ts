import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	type SpecLife,
	type SpecStep,
	samePerson,
	statusFindings,
	takeStep,
} from "../../collector/specification-status.ts";

const from = new Date("2026-01-01T00:00:00Z");
const time = new Date("2026-02-01T00:00:00Z");
const draft: SpecLife = {
	status: "draft",
	author: "A. Ito",
	approved_by: undefined,
	approval: undefined,
	retirement: undefined,
	effective_from: from,
	effective_to: undefined,
};
const approve: SpecStep = { kind: "approve", by: "B. Weber", time, reason: "lots 1 to 25" };
const retire: SpecStep = { kind: "retire", by: "B. Weber", time, reason: "new mill", effectiveTo: time };

function lived(...steps: SpecStep[]): SpecLife {
	return steps.reduce((version, step) => {
		const taken = takeStep(version, step);
		if (!taken.ok) throw new Error(taken.message);
		return taken.version;
	}, draft);
}

describe("a version", () => {
	test("is approved by another person than its author, then retired, and its file is sound each time", () => {
		expect(lived(approve)).toMatchObject({
			status: "approved",
			approved_by: "B. Weber",
			approval: { time, reason: "lots 1 to 25" },
		});
		expect(lived(approve, retire)).toMatchObject({
			status: "retired",
			effective_to: time,
			retirement: { by: "B. Weber", time, reason: "new mill" },
		});
		for (const version of [draft, lived(approve), lived(approve, retire)])
			expect(statusFindings(version)).toEqual([]);
	});

	test.each<[string, SpecLife, SpecStep]>([
		["same_person", draft, { ...approve, by: " a. ito" }],
		["no_name", draft, { ...approve, by: " " }],
		["no_reason", draft, { ...approve, reason: "" }],
		["no_author", { ...draft, author: undefined }, approve],
		["not_a_draft", lived(approve), approve],
		["not_a_draft", lived(approve, retire), approve],
		["not_approved", draft, retire],
		["not_approved", lived(approve, retire), retire],
		["ends_before_it_begins", lived(approve), { ...retire, effectiveTo: from }],
		["ends_later_than_it_did", { ...lived(approve), effective_to: new Date("2026-01-15T00:00:00Z") }, retire],
	])("is not changed: %s", (refusal, version, step) => {
		const taken = takeStep(version, step);
		expect(taken).toMatchObject({ ok: false, refusal });
		if (!taken.ok) expect(taken.message).toMatch(/^expected .*, found /);
	});

	test("property: whatever is asked, no version is ever its author's own, and none goes back", () => {
		const person = fc.constantFrom("A. Ito", "a. ITO", "B. Weber", "");
		const step: fc.Arbitrary<SpecStep> = fc
			.oneof(
				fc.record({ kind: fc.constant("approve" as const), by: person, reason: fc.constantFrom("r", "") }),
				fc.record({
					kind: fc.constant("retire" as const),
					by: person,
					reason: fc.constant("r"),
					effectiveTo: fc.constantFrom(from, time),
				}),
			)
			.map((one) => ({ ...one, time }) as SpecStep);
		const rank = { draft: 0, approved: 1, retired: 2 };
		fc.assert(
			fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
				let version = draft;
				for (const one of steps) {
					const taken = takeStep(version, one);
					if (!taken.ok) continue;
					expect(rank[taken.version.status]).toBe(rank[version.status] + 1);
					version = taken.version;
				}
				expect(statusFindings(version)).toEqual([]);
				if (version.status !== "draft")
					expect(samePerson(version.author ?? "", version.approved_by ?? "")).toBe(false);
			}),
		);
	});
});
