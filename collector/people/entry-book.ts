import type { AuditHead } from "../../common/runtime/audit-chain.ts";
import { type Clock, every } from "../../common/runtime/clock.ts";
import { CodedError } from "../../common/runtime/coded-error.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { Deed, EntryPort, InputRow } from "../people-port.ts";
import type { CollectorTelemetry } from "../telemetry.ts";

export interface EntryBookOptions {
	readonly clock: Clock;
	readonly telemetry: CollectorTelemetry;
	readonly store: {
		enter(input: Omit<InputRow, "n">, deed: Deed): Promise<{ n: number; isNew: boolean }>;
		record(deed: Deed, atMs: number): Promise<void>;
		auditHead(): Promise<AuditHead | undefined>;
	};
	/** What the collector is started with: versions and hashes of its configuration. */
	readonly started: Deed;
}

const dayMs = 86_400_000;

/** What people enter, on its way into the store; and once a day the record's newest hash, on its way out. */
export class EntryBook implements EntryPort, Part {
	readonly name = "entry book";
	readonly #options: EntryBookOptions;
	#stopTelling: (() => void) | undefined;

	constructor(options: EntryBookOptions) {
		this.#options = options;
	}

	async start(): Promise<void> {
		if (this.#stopTelling !== undefined) return;
		const { clock, telemetry, started } = this.#options;
		await this.record(started);
		await this.#tellHead();
		this.#stopTelling = every(clock, dayMs, () => {
			this.#tellHead().catch((err: unknown) => telemetry.partFailed({ part: this.name, err }));
		});
	}

	async stop(): Promise<void> {
		if (this.#stopTelling === undefined) return;
		this.#stopTelling();
		this.#stopTelling = undefined;
		await this.#tellHead();
	}

	async enter(input: Omit<InputRow, "n">, deed: Deed): Promise<number> {
		const { store, telemetry } = this.#options;
		try {
			const { n, isNew } = await store.enter(input, deed);
			telemetry.people.entered(input.kind, isNew ? "entered" : "known");
			if (isNew) telemetry.people.recorded();
			return n;
		} catch (error) {
			if (error instanceof CodedError && error.code === "ENTRY_REFUSED")
				telemetry.people.entered(input.kind, "refused");
			throw error;
		}
	}

	async record(deed: Deed): Promise<void> {
		const { store, clock, telemetry } = this.#options;
		await store.record(deed, clock.wallMs());
		telemetry.people.recorded();
	}

	async #tellHead(): Promise<void> {
		const head = await this.#options.store.auditHead();
		if (head !== undefined) this.#options.telemetry.people.auditHead(head);
	}
}
