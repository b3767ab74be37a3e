// The life of a version: draft, approved, retired; never back. Two persons: who wrote it does not approve it. Pure.

import type { Specification } from "./specification.ts";
import type { SpecificationFinding } from "./specification-checks.ts";

/** What of a version its life is about. */
export type SpecLife = Pick<
	Specification,
	"status" | "author" | "approved_by" | "approval" | "retirement" | "effective_from" | "effective_to"
>;

/** What a person wants done with a version. Times are wall clock; `effectiveTo` is a source time. */
export type SpecStep =
	| { readonly kind: "approve"; readonly by: string; readonly time: Date; readonly reason: string }
	| {
			readonly kind: "retire";
			readonly by: string;
			readonly time: Date;
			readonly reason: string;
			/** What is made from then on is not judged by it. */
			readonly effectiveTo: Date;
	  };

export type SpecRefusal =
	| "no_author"
	| "not_a_draft"
	| "not_approved"
	| "same_person"
	| "no_name"
	| "no_reason"
	| "ends_before_it_begins"
	| "ends_later_than_it_did";

export type SpecStepResult<T extends SpecLife> =
	| { readonly ok: true; readonly version: T }
	| { readonly ok: false; readonly refusal: SpecRefusal; readonly message: string };

/** What becomes of a version. Says no, and why, rather than throw: a person asked. */
export function takeStep<T extends SpecLife>(version: T, step: SpecStep): SpecStepResult<T> {
	const no = (refusal: SpecRefusal, message: string) => ({ ok: false, refusal, message }) as const;
	const by = step.by.trim();
	const reason = step.reason.trim();
	if (by === "") return no("no_name", "expected the name of who does it, found nothing");
	if (reason === "") return no("no_reason", "expected a reason, found nothing");
	if (step.kind === "approve") {
		if (version.status !== "draft")
			return no("not_a_draft", `expected a draft, found a version that is ${version.status}`);
		if (version.author === undefined)
			return no("no_author", "expected the version's author, found none; name who wrote it");
		if (samePerson(version.author, by))
			return no(
				"same_person",
				`expected another person than the author to approve, found ${version.author} for both`,
			);
		return {
			ok: true,
			version: { ...version, status: "approved", approved_by: by, approval: { time: step.time, reason } },
		};
	}
	if (version.status !== "approved")
		return no("not_approved", `expected an approved version, found a version that is ${version.status}`);
	const { effectiveTo: end } = step;
	if (end.getTime() <= version.effective_from.getTime())
		return no(
			"ends_before_it_begins",
			`expected an end after ${version.effective_from.toISOString()}, found ${end.toISOString()}`,
		);
	if (version.effective_to !== undefined && end.getTime() > version.effective_to.getTime())
		return no(
			"ends_later_than_it_did",
			`expected an end not after ${version.effective_to.toISOString()}, which was approved, found ${end.toISOString()}`,
		);
	return {
		ok: true,
		version: {
			...version,
			status: "retired",
			effective_to: end,
			retirement: { by, time: step.time, reason },
		},
	};
}

/** Names are compared without case and without space around them: they are typed by hand. */
export function samePerson(one: string, other: string): boolean {
	const plain = (name: string) => name.normalize("NFKC").trim().replaceAll(/\s+/g, " ").toLowerCase();
	return plain(one) === plain(other);
}

/** What is wrong with the dates and names of a file. */
export function statusFindings(specification: SpecLife): SpecificationFinding[] {
	const { status, author, approved_by: approver, effective_from: from, effective_to: to } = specification;
	const found: SpecificationFinding[] = [];
	if (to !== undefined && to.getTime() <= from.getTime())
		found.push({
			path: ["effective_to"],
			message: `expected a time after effective_from, found ${to.toISOString()} and ${from.toISOString()}`,
		});
	if (status === "draft") {
		if (approver !== undefined)
			found.push({
				path: ["approved_by"],
				message: `expected nobody while it is a draft, found ${approver}`,
			});
	} else if (author === undefined || approver === undefined) {
		const missing = [
			...(author === undefined ? ["author"] : []),
			...(approver === undefined ? ["approved_by"] : []),
		];
		found.push({
			path: ["status"],
			message: `expected author and approved_by of a version that is ${status}, found no ${missing.join(" and no ")}; name two persons, or write status: draft`,
		});
	} else if (samePerson(author, approver)) {
		found.push({
			path: ["approved_by"],
			message: `expected another person than the author, found ${approver} for both`,
		});
	}
	if (status === "retired" && to === undefined)
		found.push({
			path: ["status"],
			message: "expected effective_to of a retired version, from when on it judges nothing new, found none",
		});
	if (status !== "retired" && specification.retirement !== undefined)
		found.push({
			path: ["retirement"],
			message: `expected status: retired beside retirement, found ${status}`,
		});
	return found;
}
