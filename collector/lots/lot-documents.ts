import type { VerdictRecord } from "../judgement-port.ts";
import type { LabResult } from "../laboratory-port.ts";
import type { LotRecord } from "../lot-port.ts";
import type { SamplesPort } from "../samples-port.ts";
import { certificatePage, certificateRefusal } from "./certificate-page.ts";
import { type LotRecordSources, lotFacts, lotRecord, type StoredLotRecord } from "./lot-record.ts";
import type { LotFacts } from "./lot-states.ts";
import { recordPage } from "./record-page.ts";

export interface LotDocumentsOptions
	extends Pick<LotRecordSources, "specificationAt" | "phaseTag" | "simulated" | "genealogy"> {
	readonly store: SamplesPort & {
		lotRows(lot: string): Promise<Omit<StoredLotRecord, "results"> | undefined>;
		verdicts(lot: string): Promise<readonly VerdictRecord[]>;
	};
	/** The laboratory's results of a lot, the newest version of each. */
	readonly results: (lot: string) => Promise<readonly LabResult[]>;
}

/** Lots as documents. */
export class LotDocuments {
	readonly #sources: LotRecordSources;

	constructor({ store, results, ...sources }: LotDocumentsOptions) {
		this.#sources = {
			...sources,
			samples: store,
			verdicts: (lot) => store.verdicts(lot),
			storedRecord: async (lot) => {
				const rows = await store.lotRows(lot);
				return rows === undefined ? undefined : { ...rows, results: await results(lot) };
			},
		};
	}

	/** What a lot's state follows from; undefined when nobody knows it. */
	facts(lot: string): Promise<LotFacts | undefined> {
		return lotFacts(lot, this.#sources);
	}

	record(lot: string): Promise<LotRecord | undefined> {
		return lotRecord(lot, this.#sources);
	}

	page(record: LotRecord): string {
		return recordPage(record);
	}

	/** HTML; or why there is none. */
	certificate(record: LotRecord): { page: string } | { refused: string } {
		const refused = certificateRefusal(record);
		if (refused !== undefined) return { refused };
		const tests = this.#sources.specificationAt(record.openedMs)?.specification.laboratory ?? [];
		return { page: certificatePage(record, tests) };
	}
}
