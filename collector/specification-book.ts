// The versions that a collector judges by: those of its files, and those that it has judged by before. Pure.

import { CodedError } from "../common/runtime/coded-error.ts";
import { configDiff } from "../common/runtime/config-diff.ts";
import type { Specification } from "./specification.ts";
import type {
	SpecificationApproval,
	SpecificationRow,
	SpecStatus,
	SpecVersion,
	SpecVersions,
} from "./specification-port.ts";
import { samePerson } from "./specification-status.ts";
import {
	judges,
	specificationBody,
	specificationHash,
	specificationOfBody,
	versionInForce,
} from "./specification-version.ts";

/** Decides what is stored and what judges when a collector starts. */
export class SpecificationBook implements SpecVersions {
	readonly versions: readonly SpecVersion[];
	/** What is new or has changed, to be stored before anything is judged. */
	readonly toStore: readonly SpecificationRow[];

	/**
	 * @throws CodedError SPECIFICATION_CHANGED when a file does not say what was approved under its version, or takes back a
	 * step of its life
	 */
	constructor(files: readonly Specification[], stored: readonly SpecificationRow[], nowMs: number) {
		const versions: SpecVersion[] = [];
		const toStore: SpecificationRow[] = [];
		const product = files[0]?.product.code;
		const ofProduct = stored.filter((row) => row.product === product);
		for (const specification of files) {
			const row = ofProduct.find(({ version }) => version === specification.version);
			const next = nextRow(specification, row, nowMs);
			if (next !== row) toStore.push(next);
			versions.push({ specification, hash: next.hash });
		}
		for (const row of ofProduct) {
			if (row.status === "draft" || files.some(({ version }) => version === row.version)) continue;
			versions.push({ specification: storedSpecification(row), hash: row.hash });
		}
		this.versions = versions.filter(({ specification }) => judges(specification));
		this.toStore = toStore;
	}

	inForce(madeMs: number): SpecVersion | undefined {
		return versionInForce(this.versions, madeMs);
	}

	/** The version of a number; undefined when it judges nothing. */
	version(version: number): SpecVersion | undefined {
		return this.versions.find(({ specification }) => specification.version === version);
	}
}

/** What the store is to have; the same row when nothing is new. */
function nextRow(
	specification: Specification,
	row: SpecificationRow | undefined,
	nowMs: number,
): SpecificationRow {
	const fresh: SpecificationRow = {
		product: specification.product.code,
		version: specification.version,
		status: specification.status,
		hash: specificationHash(specification),
		fromMs: specification.effective_from.getTime(),
		toMs: specification.effective_to?.getTime(),
		body: specificationBody(specification),
		author: specification.author,
		approvals: approvalsOf(specification),
		storedMs: nowMs,
	};
	if (row === undefined) return fresh;
	if (row.status === "draft") {
		const { storedMs: _had, ...before } = row;
		const { storedMs: _has, ...now } = fresh;
		return JSON.stringify(before) === JSON.stringify(now) ? row : fresh;
	}
	refuseChange(specification, row);
	const kept = { ...fresh, hash: row.hash, body: row.body };
	return row.status === kept.status ? row : kept;
}

/** An approved version is what was approved, for good. */
function refuseChange(specification: Specification, row: SpecificationRow): void {
	const found: string[] = [];
	const had = JSON.parse(specificationBody(specificationOfBody(row.body)));
	const has = JSON.parse(specificationBody(specification));
	const changes = configDiff(had, has);
	for (const { where, kind } of changes.slice(0, 5)) found.push(`${where} ${kind}`);
	if (changes.length > 5) found.push(`${changes.length - 5} more`);
	if (!same(row.author, specification.author))
		found.push(`author ${row.author} is now ${specification.author}`);
	const approver = row.approvals.find(({ step }) => step === "approved")?.by;
	if (!same(approver, specification.approved_by))
		found.push(`approved_by ${approver} is now ${specification.approved_by}`);
	const order: SpecStatus[] = ["draft", "approved", "retired"];
	if (order.indexOf(specification.status) < order.indexOf(row.status))
		found.push(`status ${row.status} is now ${specification.status}`);
	const toMs = specification.effective_to?.getTime();
	const retires = row.status === "approved" && specification.status === "retired";
	const endsEarlier = (toMs ?? Number.POSITIVE_INFINITY) <= (row.toMs ?? Number.POSITIVE_INFINITY);
	if (toMs !== row.toMs && !(retires && endsEarlier))
		found.push("effective_to changed without being retired");
	if (found.length === 0) return;
	const { product, version, hash } = row;
	throw new CodedError(
		"SPECIFICATION_CHANGED",
		`specification ${product} version ${version}: expected what was approved (SHA-256 ${hash.slice(0, 16)}…), found ${found.join(", ")}; give the change the next version and have it approved, or put back the approved text (GET /api/v1/specification?version=${version} of this collector when it runs with the old file)`,
	);
}

function approvalsOf({
	approved_by: approver,
	approval,
	retirement,
}: Specification): SpecificationApproval[] {
	const steps: SpecificationApproval[] = [];
	if (approver !== undefined)
		steps.push({
			...{ step: "approved", by: approver, timeMs: approval?.time.getTime(), reason: approval?.reason },
		});
	if (retirement !== undefined)
		steps.push({
			...{ step: "retired", by: retirement.by, timeMs: retirement.time.getTime(), reason: retirement.reason },
		});
	return steps;
}

/** A stored version whose file is gone: it goes on judging what was made under it. */
function storedSpecification(row: SpecificationRow): Specification {
	return {
		...specificationOfBody(row.body),
		status: row.status,
		author: row.author,
		approved_by: row.approvals.find(({ step }) => step === "approved")?.by,
		effective_to: row.toMs === undefined ? undefined : new Date(row.toMs),
	};
}

function same(one: string | undefined, other: string | undefined): boolean {
	return one === other || (one !== undefined && other !== undefined && samePerson(one, other));
}
