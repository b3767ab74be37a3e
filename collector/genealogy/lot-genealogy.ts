import type { GenealogyLink, LotGenealogy } from "../genealogy-port.ts";
import { type Judged, materialCode, type Reason } from "../judgement-port.ts";
import type { MaterialJudgement } from "../material-port.ts";

/** `links`: those into the lot and its batches, and out of the lot. */
export function lotGenealogy(
	lot: string,
	links: readonly GenealogyLink[],
	verdictOf: (material: string, lot: string) => Judged | undefined,
): LotGenealogy {
	const batches = new Map<string, number>();
	const packages = new Map<string, { kg: number; atMs: number }>();
	const materials = new Map<string, { first: GenealogyLink; kg: number; batches: Set<string> }>();
	for (const link of links) {
		const { kind, from, into, kg, atMs } = link;
		if (kind === "blend" && into === lot) batches.set(from, (batches.get(from) ?? 0) + kg);
		if (kind === "pack" && from === lot) {
			const before = packages.get(into);
			packages.set(into, { kg: (before?.kg ?? 0) + kg, atMs: Math.max(before?.atMs ?? atMs, atMs) });
		}
		if (kind !== "charge") continue;
		const key = JSON.stringify([link.material, from, link.supplier]);
		const known = materials.get(key) ?? { first: link, kg: 0, batches: new Set() };
		known.kg += kg;
		known.batches.add(into);
		materials.set(key, known);
	}
	return {
		materials: [...materials.values()]
			.map(({ first: { material, from, supplier, assay }, kg, batches: own }) => ({
				...{ material, lot: from, supplier, assay, kg: rounded(kg), batches: [...own].sort() },
				verdict: verdictOf(material, from),
			}))
			.sort(
				(a, b) => compare(a.material, b.material) || compare(a.lot, b.lot) || compare(a.supplier, b.supplier),
			),
		batches: [...batches]
			.map(([batch, kg]) => ({ batch, kg: rounded(kg) }))
			.sort((a, b) => compare(a.batch, b.batch)),
		packages: [...packages]
			.map(([id, { kg, atMs }]) => ({ id, kg: rounded(kg), atMs }))
			.sort((a, b) => a.atMs - b.atMs || compare(a.id, b.id)),
	};
}

/**
 * What nobody told of a lot's making: batches that nothing says went into it, and materials that nothing says were charged. `seen`
 * are the batches that were on the line with this lot. Without `materials` any charge will do.
 */
export function genealogyGaps(
	lot: string,
	links: readonly GenealogyLink[],
	seen: Iterable<string>,
	materials: readonly string[],
): Reason[] {
	const blended = new Set(
		links.filter(({ kind, into }) => kind === "blend" && into === lot).map(({ from }) => from),
	);
	const gap = (text: string): Reason => ({ code: "genealogy_gap", text });
	const reasons: Reason[] = [];
	for (const batch of [...new Set([...seen, ...blended])].filter((one) => one !== "").sort()) {
		if (!blended.has(batch))
			reasons.push(gap(`genealogy: nothing says that batch ${batch} went into the lot`));
		const charged = new Set(
			links.filter(({ kind, into }) => kind === "charge" && into === batch).map(({ material }) => material),
		);
		const missing = materials.filter((material) => !charged.has(material));
		if (charged.size === 0) reasons.push(gap(`genealogy: nothing says what batch ${batch} was made of`));
		else if (missing.length > 0)
			reasons.push(gap(`genealogy: no lot of ${missing.join(", ")} is known of batch ${batch}`));
	}
	return reasons;
}

/**
 * What results say of each lot of a raw material, by the names of a plant, which may differ from the laboratory's by their case:
 * `li2s`, `Li2S`.
 */
export function verdictsOf(
	judged: readonly Pick<MaterialJudgement, "material" | "lot" | "verdict">[],
): (material: string, lot: string) => Judged | undefined {
	const key = (material: string, lot: string) => JSON.stringify([material.toLowerCase(), lot]);
	const known = new Map(judged.map(({ material, lot, verdict }) => [key(material, lot), verdict] as const));
	return (material, lot) => known.get(key(material, lot));
}

/** Lots of raw materials that are out and were charged into a lot's batches. `links`: as for `lotGenealogy`. */
export function materialReasons(
	links: readonly GenealogyLink[],
	judged: readonly Pick<MaterialJudgement, "material" | "lot" | "verdict">[],
): Reason[] {
	const verdictOf = verdictsOf(judged);
	const bad = links.filter(
		({ kind, material, from }) => kind === "charge" && verdictOf(material, from) === "out",
	);
	const texts = bad.map(
		({ material, from, into }) => `made of lot ${from} of ${material}, which is out, in batch ${into}`,
	);
	return [...new Set(texts)].sort().map((text) => ({ code: materialCode, text }));
}

/** Kilograms with the three digits of the scale. */
function rounded(kg: number): number {
	return Math.round(kg * 1e3) / 1e3;
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
