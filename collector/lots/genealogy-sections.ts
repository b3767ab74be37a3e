import type { LotGenealogy } from "../genealogy-port.ts";
import { html, numberText, section, timeText } from "./page-parts.ts";

const kgText = (kg: number) => `${numberText(kg)} kg`;

/** What a lot was made of and packed into, as sections of its record; nothing when nobody reads genealogy. */
export function genealogySections(genealogy: LotGenealogy | undefined): string[] {
	if (genealogy === undefined) return [];
	const { materials, batches, packages } = genealogy;
	return [
		section(
			"Made of",
			["material", "lot", "supplier", "assay", "verdict", "amount", "batches"],
			materials.map(({ material, lot, supplier, assay, kg, batches: own, verdict }) => [
				...[html(material), html(lot), html(supplier), assay === undefined ? "" : `${numberText(assay)} %`],
				verdict === undefined ? "no result" : `<span class="${verdict}">${verdict.replace("_", " ")}</span>`,
				...[kgText(kg), html(own.join(", "))],
			]),
			"Nothing says what it was made of.",
		),
		section(
			"Batches",
			["batch", "amount"],
			batches.map(({ batch, kg }) => [html(batch), kgText(kg)]),
			"Nothing says which batches went into it.",
		),
		packagesSection(packages),
	];
}

/** A customer sees the parents' lots and the packages. */
export function certificateGenealogy(genealogy: LotGenealogy | undefined): string[] {
	if (genealogy === undefined) return [];
	return [
		section(
			"Parents",
			["material", "lot", "assay by the supplier"],
			genealogy.materials.map(({ material, lot, assay }) => [
				...[html(material), html(lot), assay === undefined ? "" : `${numberText(assay)} %`],
			]),
			"Nothing says what it was made of.",
		),
		packagesSection(genealogy.packages),
	];
}

function packagesSection(packages: LotGenealogy["packages"]): string {
	return section(
		"Packages",
		["package", "amount", "filled"],
		packages.map(({ id, kg, atMs }) => [html(id), kgText(kg), timeText(atMs)]),
		"None yet.",
	);
}
