// What the configuration makes of genealogy: who reads it, who asks for it.

import type { CollectorConfig } from "../config.ts";
import type { GenealogyLink, GenealogyPort, LinksQuery, LotGenealogy } from "../genealogy-port.ts";
import type { Reason } from "../judgement-port.ts";
import type { MaterialVerdict } from "../material-port.ts";
import { LinkReader } from "./link-reader.ts";
import { genealogyGaps, lotGenealogy } from "./lot-genealogy.ts";
import { traceLinks } from "./trace.ts";

/** The store, as far as links go. */
interface LinkStore {
	links(query: LinksQuery): Promise<readonly GenealogyLink[]>;
	lotLinks(query: { lot: string; batches: readonly string[] }): Promise<readonly GenealogyLink[]>;
}

interface MaterialReader {
	materials(query: { lots: readonly string[]; limit: number }): Promise<readonly MaterialVerdict[]>;
}

export interface Genealogy {
	/** For the intake. */
	readonly links: LinkReader;
	/** For final verdicts: what nobody told of a lot's making. */
	readonly gaps: (lot: string, batches: readonly string[]) => Promise<readonly Reason[]>;
	/** For a lot's documents. */
	readonly ofLot: (lot: string, batches: readonly string[]) => Promise<LotGenealogy>;
	/** For whoever asks. */
	readonly port: GenealogyPort;
}

const verdictsMost = 1_000;

/** A plant's names of materials may differ from the laboratory's by their case: `li2s`, `Li2S`. */
function verdictsOf(verdicts: readonly MaterialVerdict[]) {
	const key = (material: string, lot: string) => JSON.stringify([material.toLowerCase(), lot]);
	const known = new Map(
		verdicts.map(({ judgement: { material, lot, verdict } }) => [key(material, lot), verdict] as const),
	);
	return (material: string, lot: string) => known.get(key(material, lot));
}

/** Verdicts read from `evidence`, people from `asked`. Undefined when the configuration names no tag. */
export function genealogyOf(
	config: CollectorConfig["genealogy"],
	{ evidence, asked }: { evidence: LinkStore; asked: LinkStore & MaterialReader },
): Genealogy | undefined {
	if (config === undefined) return undefined;
	const { tag, materials } = config;
	return {
		links: new LinkReader(tag),
		gaps: async (lot, batches) =>
			genealogyGaps(lot, await evidence.lotLinks({ lot, batches }), batches, materials),
		ofLot: async (lot, batches) => {
			const links = await asked.lotLinks({ lot, batches });
			const lots = [...new Set(links.filter(({ kind }) => kind === "charge").map(({ from }) => from))];
			return lotGenealogy(lot, links, verdictsOf(await asked.materials({ lots, limit: verdictsMost })));
		},
		port: { trace: (id, direction) => traceLinks(id, direction, (query) => asked.links(query)) },
	};
}
