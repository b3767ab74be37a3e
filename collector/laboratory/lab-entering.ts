import type { Clock } from "../../common/runtime/clock.ts";
import type { Assembled } from "../laboratory-port.ts";
import type { EnteringPort, EntryPort, Person } from "../people-port.ts";
import type { SpecVersion } from "../specification-port.ts";
import { enteredResults, inputOfResult } from "./entry-json.ts";
import { type ResultEntry, resultEntries } from "./result-entry.ts";
import { testUnits } from "./test-units.ts";

export interface LabEnteringOptions {
	readonly clock: Clock;
	readonly entries: EntryPort;
	/** Keeps aside what is refused. */
	readonly store: { commitLaboratory(assembled: Assembled): Promise<void> };
	/** The version in force now, whose tests and units results are held against; without one every test is taken. */
	readonly inForce: () => SpecVersion | undefined;
	/** A lot is to be judged again. */
	readonly onEntered: (lot: string) => void;
}

/** Takes laboratory results that a person, or a program for one, sends: each for itself, so that one bad one stops no other. */
export class LabEntering implements EnteringPort {
	readonly body = resultEntries;
	readonly #options: LabEnteringOptions;

	constructor(options: LabEnteringOptions) {
		this.#options = options;
	}

	/** @returns how many were taken, and which were refused, by their place in the request. @throws CodedError STORE_FAILED */
	async enter({ results: wanted }: { results: readonly ResultEntry[] }, { name: by }: Person) {
		const { clock, entries, store, inForce, onEntered } = this.#options;
		const specification = inForce()?.specification;
		const { results, refused, refusedRows } = enteredResults(wanted, {
			...{ road: "http", enteredMs: clock.wallMs(), enteredBy: by },
			...(specification === undefined ? {} : { euOf: testUnits(specification) }),
		});
		for (const result of results) {
			const { lot, material, test, sample, version, value, reason } = result;
			await entries.enter(inputOfResult(result), {
				...{ by, action: "laboratory.entered", subject: lot },
				detail: { material, test, sample, version, value: value ?? null, reason },
			});
			if (material === "") onEntered(lot);
		}
		if (refusedRows.length > 0)
			await store.commitLaboratory({ results: [], refused: refusedRows, withdrawn: [], state: undefined });
		return { taken: results.length, refused };
	}
}
