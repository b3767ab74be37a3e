// pipeline.ts's part about lots of raw materials: what the laboratory's results say of them.

import type { Judged, Reason, WindowVerdict } from "./judgement-port.ts";
import type { LabResult } from "./laboratory-port.ts";
import type { OutboxRow } from "./pipeline.ts";

/** What is judged: one lot of one raw material, by the material's name in the specification. */
export interface MaterialLot {
	readonly material: string;
	readonly lot: string;
}

/** A pure function of the lot's results and of the version in force when the first of them was measured. Source times. */
export interface MaterialJudgement extends MaterialLot {
	readonly specVersion: number;
	/** SHA-256 of the specification's canonical form; empty when no version was in force. */
	readonly specHash: string;
	readonly verdict: Judged;
	/** When the first and the last of its results were measured. */
	readonly fromMs: number;
	readonly toMs: number;
	/** From then on the first of its tests wants to be made again; undefined when none does. */
	readonly retestMs: number | undefined;
	/** A verdict for each test that the specification has of the material. */
	readonly windows: readonly WindowVerdict[];
	readonly reasons: readonly Reason[];
}

/** A stored verdict in its envelope; the newest revision counts. */
export interface MaterialVerdict {
	/** Hash of the lot, the judgement's canonical form and the verdict before. */
	readonly id: string;
	/** Counts from 1. */
	readonly revision: number;
	readonly corrects: string | undefined;
	readonly hash: string;
	/** Knowledge time: wall clock. */
	readonly judgedMs: number;
	readonly judgement: MaterialJudgement;
}

/** One transaction of the material watch. */
export interface MaterialCommit extends MaterialLot {
	/** How many results it was judged by: with more of them it is judged again. */
	readonly results: number;
	/** Undefined when the newest one says the same. */
	readonly verdict:
		| {
				readonly id: string;
				readonly corrects: string | undefined;
				readonly hash: string;
				/** RFC 8785 JSON of the judgement. */
				readonly canonical: string;
				readonly verdict: Judged;
				readonly judgedMs: number;
		  }
		| undefined;
	readonly outbox: readonly OutboxRow[];
}

/** The store as far as raw materials go. */
export interface MaterialStore {
	/** Lots that have other results than they were judged by; with `all` every lot. The first by name after `after`. */
	materialsToJudge(query: {
		all: boolean;
		after: MaterialLot | undefined;
		limit: number;
	}): Promise<MaterialLot[]>;
	/** Every version of each result of a lot, and the newest verdict. */
	materialResults(lot: MaterialLot): Promise<{
		readonly results: readonly LabResult[];
		readonly newest: { id: string; hash: string } | undefined;
	}>;
	/** Resolves with the lots of the product that are to be judged again, because they were made of it. */
	commitMaterial(commit: MaterialCommit): Promise<readonly string[]>;
}
