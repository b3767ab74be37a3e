// What the configuration makes of genealogy: who reads it, who asks for it.

import type { CollectorConfig } from "../config.ts";
import type { GenealogyLink, GenealogyPort, LinksQuery, LotGenealogy } from "../genealogy-port.ts";
import type { Reason } from "../judgement-port.ts";
import type { LabResult } from "../laboratory-port.ts";
import type { MaterialJudgement } from "../material-port.ts";
import { LinkReader } from "./link-reader.ts";
import { genealogyGaps, lotGenealogy, materialReasons, verdictsOf } from "./lot-genealogy.ts";
import { traceLinks } from "./trace.ts";

/** The store, as far as links go. */
interface LinkStore {
	links(query: LinksQuery): Promise<readonly GenealogyLink[]>;
	lotLinks(query: { lot: string; batches: readonly string[] }): Promise<readonly GenealogyLink[]>;
	/** Results of lots of raw materials with these ids. */
	materialLotResults(query: { lots: readonly string[] }): Promise<readonly LabResult[]>;
}

type MaterialJudge = (results: readonly LabResult[]) => readonly MaterialJudgement[];

export interface Genealogy {
	/** For the intake. */
	readonly links: LinkReader;
	/** For final verdicts: what nobody told of a lot's making, and what it was made of though it is out. */
	readonly reasons: (lot: string, batches: readonly string[]) => Promise<readonly Reason[]>;
	/** For a lot's documents. */
	readonly ofLot: (lot: string, batches: readonly string[]) => Promise<LotGenealogy>;
	/** For whoever asks. */
	readonly port: GenealogyPort;
}

/**
 * Verdicts read from `evidence`, people from `asked`; `judge` says what results of raw materials say. Undefined when the configuration
 * names no tag.
 */
export function genealogyOf(
	config: CollectorConfig["genealogy"],
	{ evidence, asked, judge }: { evidence: LinkStore; asked: LinkStore; judge: MaterialJudge },
): Genealogy | undefined {
	if (config === undefined) return undefined;
	const { tag, materials } = config;
	const made = async (store: LinkStore, lot: string, batches: readonly string[]) => {
		const links = await store.lotLinks({ lot, batches });
		const lots = [...new Set(links.filter(({ kind }) => kind === "charge").map(({ from }) => from))];
		return { links, judged: judge(await store.materialLotResults({ lots })) };
	};
	return {
		links: new LinkReader(tag),
		reasons: async (lot, batches) => {
			const { links, judged } = await made(evidence, lot, batches);
			return [...genealogyGaps(lot, links, batches, materials), ...materialReasons(links, judged)];
		},
		ofLot: async (lot, batches) => {
			const { links, judged } = await made(asked, lot, batches);
			return lotGenealogy(lot, links, verdictsOf(judged));
		},
		port: { trace: (id, direction) => traceLinks(id, direction, (query) => asked.links(query)) },
	};
}
