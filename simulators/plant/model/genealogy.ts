// What went into what, as a plant's batch system tells it: one link at a time, when it happens.

import type { Charge } from "./batch.ts";

/**
 * `charge`: a supplier's lot into a batch. `blend`: a batch into a lot. `pack`: a lot into a package. `from` and `into`
 * are their ids.
 */
export interface GenealogyLink {
	readonly link: "charge" | "blend" | "pack";
	readonly from: string;
	readonly into: string;
	readonly kg: number;
	readonly material?: string;
	readonly supplier?: string;
	/** By the supplier's certificate, wt %. */
	readonly assay?: number;
}

/** The link of what was weighed out of one supplier's lot; `kg` is what the scale showed. */
export function chargeLink(
	{ material, lot, supplier, assayWtPct }: Charge,
	into: string,
	kg: number,
): GenealogyLink {
	return { link: "charge", from: lot, into, kg, material, supplier, assay: assayWtPct };
}

/** A link as the tag `Genealogy` carries it: one JSON object, fields always in this order, kg with three digits. */
export function genealogyText({ link, from, into, kg, material, supplier, assay }: GenealogyLink): string {
	const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
	return JSON.stringify({
		link,
		from,
		into,
		kg: rounded(kg, 3),
		...(material === undefined ? {} : { material }),
		...(supplier === undefined ? {} : { supplier }),
		...(assay === undefined ? {} : { assay: rounded(assay, 3) }),
	});
}
