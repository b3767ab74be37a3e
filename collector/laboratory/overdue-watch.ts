import { type Clock, every } from "../../common/runtime/clock.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { LabOverdue } from "../laboratory-port.ts";
import type { OutboxRow } from "../pipeline.ts";
import type { SpecTest } from "../specification.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { type ExpectingLot, overdueChanges } from "./overdue.ts";

export interface OverdueWatchOptions {
	readonly clock: Clock;
	readonly telemetry: CollectorTelemetry;
	readonly store: {
		expectingLots(query: { fromMs: number; limit: number }): Promise<ExpectingLot[]>;
		commitOverdue(commit: { rows: readonly LabOverdue[]; outbox: readonly OutboxRow[] }): Promise<void>;
	};
	/** The tests that the version in force asks of what was made at a source time. */
	readonly testsAt: (madeMs: number) => readonly SpecTest[];
	/** Source time up to which everything of the line and of the laboratory is stored. */
	readonly plantTimeMs: () => number | undefined;
	readonly messages: (rows: readonly LabOverdue[]) => OutboxRow[];
	readonly onRaised: () => void;
}

const lookEveryMs = 10_000;
/** Lots that left the line longer ago are no news any more. */
const lookBackMs = 90 * 86_400_000;
const lotsMax = 500;

/** Raises results that are overdue by plant time, and clears them when they have come. */
export class OverdueWatch implements Part {
	readonly name = "overdue results";
	readonly #options: OverdueWatchOptions;
	#working: Promise<void> | undefined;
	#stopLooking = () => {};

	constructor(options: OverdueWatchOptions) {
		this.#options = options;
	}

	start(): void {
		this.#stopLooking = every(this.#options.clock, lookEveryMs, () => void this.look());
	}

	async stop(): Promise<void> {
		this.#stopLooking();
		await this.#working;
	}

	/** Resolves when everything is raised and cleared that is due; a failure is tried again with the next look. */
	async look(): Promise<void> {
		this.#working ??= this.#look()
			.catch((error: unknown) => this.#options.telemetry.partFailed({ part: this.name, err: error }))
			.finally(() => {
				this.#working = undefined;
			});
		await this.#working;
	}

	async #look(): Promise<void> {
		const { store, testsAt, plantTimeMs, messages, telemetry, onRaised } = this.#options;
		const atMs = plantTimeMs();
		if (atMs === undefined) return;
		const lots = await store.expectingLots({ fromMs: atMs - lookBackMs, limit: lotsMax });
		const { raised, cleared } = overdueChanges(lots, testsAt, atMs);
		const rows = [...raised, ...cleared];
		if (rows.length === 0) return;
		const outbox = messages(rows);
		await store.commitOverdue({ rows, outbox });
		for (const row of raised) telemetry.laboratory.overdue(row);
		if (outbox.length > 0) onRaised();
	}
}
