import type { Entering } from "../../../collector/api/entry-routes.ts";
import { LabEntering } from "../../../collector/laboratory/lab-entering.ts";
import { LotDeciding } from "../../../collector/lots/lot-deciding.ts";
import { LotDocuments } from "../../../collector/lots/lot-documents.ts";
import type { EntryPort } from "../../../collector/people-port.ts";
import type { Specification } from "../../../collector/specification.ts";
import type { StoreReader } from "../../../collector/store/reader.ts";
import type { Store } from "../../../collector/store/store.ts";
import { systemClock } from "../../../common/runtime/clock.ts";

/** What people send, taken as the collector takes it. */
export function enteringOf(
	{
		entries,
		reader,
		store,
	}: { entries: EntryPort; reader: StoreReader; store: Pick<Store, "commitLaboratory"> },
	specification?: Specification,
): Entering & { documents: LotDocuments } {
	const inForce = () => (specification === undefined ? undefined : { specification, hash: "" });
	const documents = new LotDocuments({
		...{ store: reader, results: async (lot: string) => (await reader.lotResults(lot)).results },
		...{ specificationAt: inForce, phaseTag: "Phase", simulated: true },
	});
	return {
		results: new LabEntering({ clock: systemClock, entries, store, inForce, onEntered: () => {} }),
		decisions: new LotDeciding({ clock: systemClock, entries, facts: (lot) => documents.facts(lot) }),
		documents,
	};
}
