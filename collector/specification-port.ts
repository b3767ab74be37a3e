// pipeline.ts's part about versions of the specification.

import type { Specification } from "./specification.ts";

export type SpecStatus = Specification["status"];

/** A version with what it is known by. The hash stays that of its first storing, whatever keys the product has gained since. */
export interface SpecVersion {
	readonly specification: Specification;
	/** SHA-256 of its canonical form (RFC 8785), in hexadecimal. */
	readonly hash: string;
}

/** Which version judges what. */
export interface SpecVersions {
	/** Those that judge, or did. */
	readonly versions: readonly SpecVersion[];
	/** For what was made at a source time; undefined when no approved version covers it. */
	inForce(madeMs: number): SpecVersion | undefined;
}

/** A version as the store keeps it. */
export interface SpecificationRow {
	readonly product: string;
	readonly version: number;
	readonly status: SpecStatus;
	/** Of `body`; SHA-256 in hexadecimal. */
	readonly hash: string;
	readonly fromMs: number;
	readonly toMs: number | undefined;
	/** RFC 8785 JSON of what was approved. */
	readonly body: string;
	readonly author: string | undefined;
	readonly approvals: readonly SpecificationApproval[];
	/** Wall clock: when a collector first had this version with this status. */
	readonly storedMs: number;
}

/** A step of a version's life as its file tells it; time and reason are there when it says so. */
export interface SpecificationApproval {
	readonly step: "approved" | "retired";
	readonly by: string;
	readonly timeMs: number | undefined;
	readonly reason: string | undefined;
}
