// pipeline.ts's part about genealogy: what went into what, as the plant's batch system tells it value by value.

import type { SampleColumns, SampleValue } from "../common/contract/samples.ts";
import type { Judged } from "./judgement-port.ts";
import type { Series } from "./pipeline.ts";

/** `charge`: a material lot into a batch. `blend`: a batch into a lot. `pack`: a lot into a package. */
export const linkKinds = ["charge", "blend", "pack"] as const;
export type LinkKind = (typeof linkKinds)[number];

/** One thing that went into another. What is told twice is one link; times are source times. */
export interface GenealogyLink {
	readonly kind: LinkKind;
	readonly from: string;
	readonly into: string;
	/** What the scale showed. */
	readonly kg: number;
	/** What was charged; empty for links of other kinds. */
	readonly material: string;
	readonly supplier: string;
	/** By the supplier's certificate, wt % (a gas: vol %). */
	readonly assay: number | undefined;
	/** The unit that told it. */
	readonly unit: string;
	readonly atMs: number;
}

/** A value of the genealogy tag that is no link: it stays among the samples, and nothing follows from it. */
export interface LinkRefusal {
	readonly unit: string;
	readonly atMs: number;
	readonly reason: string;
}

/** What a batch of samples has told. */
export interface LinksTold {
	readonly links: readonly GenealogyLink[];
	readonly refused: readonly LinkRefusal[];
}

/** Reads links out of samples as they come. */
export interface GenealogyReader {
	addSeries(series: Series): void;
	/** Undefined when they tell none. */
	take(samples: SampleColumns): LinksTold | undefined;
}

/** Some values of one tag of every unit. */
export interface TagValues {
	readonly values: readonly {
		readonly unit: string;
		readonly atMs: number;
		readonly status: number;
		readonly value: SampleValue;
	}[];
	/** Where to go on; undefined at the end. Values of that time may come again. */
	readonly nextMs: number | undefined;
}

/** Links into these ids, or out of them; more than `most` are not read, and the answer says so. */
export interface LinksQuery {
	readonly ids: readonly string[];
	readonly direction: TraceDirection;
	readonly most: number;
}

/** `back`: what something was made of. `forward`: what became of it. */
export const traceDirections = ["back", "forward"] as const;
export type TraceDirection = (typeof traceDirections)[number];

/** What stands behind an id or before it. */
export interface Trace {
	readonly id: string;
	readonly direction: TraceDirection;
	/** Each id once, the nearest first; the id itself is not among them. */
	readonly found: readonly TracedId[];
	readonly links: readonly GenealogyLink[];
	/** There is more, but one answer has no more than this. */
	readonly isCut: boolean;
}

export interface TracedId {
	readonly id: string;
	readonly is: "material" | "batch" | "lot" | "package";
	/** How many links away. */
	readonly steps: number;
	/** What was charged; empty for other things. */
	readonly material: string;
	/** How much of it is in the id that was asked for, or of that in it, when blends were even; undefined in a circle. */
	readonly kg: number | undefined;
}

/** What a lot was made of, and what it was packed into. */
export interface LotGenealogy {
	readonly materials: readonly {
		readonly material: string;
		readonly lot: string;
		readonly supplier: string;
		readonly assay: number | undefined;
		readonly kg: number;
		readonly batches: readonly string[];
		/** What the laboratory's results say of the lot; undefined when there are none. */
		readonly verdict: Judged | undefined;
	}[];
	readonly batches: readonly { readonly batch: string; readonly kg: number }[];
	readonly packages: readonly { readonly id: string; readonly kg: number; readonly atMs: number }[];
}

/** Genealogy as people ask for it. */
export interface GenealogyPort {
	/** @throws CodedError STORE_FAILED */
	trace(id: string, direction: TraceDirection): Promise<Trace>;
}
