import { createHash } from "node:crypto";
import { canonicalJson, textHash } from "../../common/runtime/canonical-json.ts";
import { type Clock, every } from "../../common/runtime/clock.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { MaterialCommit, MaterialJudgement, MaterialLot, MaterialStore } from "../material-port.ts";
import type { OutboxRow } from "../pipeline.ts";
import type { SpecVersion } from "../specification-port.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { firstMeasuredMs, judgeMaterial } from "./material-verdict.ts";

export interface MaterialWatchOptions {
	readonly clock: Clock;
	readonly telemetry: Pick<CollectorTelemetry, "partFailed" | "laboratory">;
	readonly store: MaterialStore;
	/** The version in force at a source time. */
	readonly specificationAt: (sourceMs: number) => SpecVersion | undefined;
	readonly messages: (
		verdict: NonNullable<MaterialCommit["verdict"]>,
		judgement: MaterialJudgement,
	) => OutboxRow[];
	/** With the lots of the product that are to be judged again. */
	readonly onJudged: (lots: readonly string[]) => void;
}

const lookEveryMs = 5_000;
const lotsAtOnce = 100;

/**
 * Judges lots of raw materials when their results have changed, and every lot once after a start, because the versions may have. A
 * verdict that says nothing new is no revision.
 */
export class MaterialWatch implements Part {
	readonly name = "material watch";
	readonly #options: MaterialWatchOptions;
	#all = true;
	#working: Promise<void> | undefined;
	#stopping = false;
	#stopLooking = () => {};

	constructor(options: MaterialWatchOptions) {
		this.#options = options;
	}

	start(): void {
		this.#stopping = false;
		this.#stopLooking = every(this.#options.clock, lookEveryMs, () => void this.look());
		void this.look();
	}

	async stop(): Promise<void> {
		this.#stopping = true;
		this.#stopLooking();
		await this.#working;
	}

	/** Resolves when everything is judged that has changed; a failure is tried again with the next look. */
	async look(): Promise<void> {
		this.#working ??= this.#look()
			.catch((error: unknown) => this.#options.telemetry.partFailed({ part: this.name, err: error }))
			.finally(() => {
				this.#working = undefined;
			});
		await this.#working;
	}

	async #look(): Promise<void> {
		const { store } = this.#options;
		const all = this.#all;
		for (let after: MaterialLot | undefined; !this.#stopping; ) {
			const lots = await store.materialsToJudge({ all, after, limit: lotsAtOnce });
			for (const lot of lots) await this.#judge(lot);
			after = lots.at(-1);
			if (lots.length < lotsAtOnce) break;
		}
		if (!this.#stopping) this.#all = false;
	}

	async #judge(lot: MaterialLot): Promise<void> {
		const { store, specificationAt, messages, clock, telemetry, onJudged } = this.#options;
		const { results, newest } = await store.materialResults(lot);
		const madeMs = firstMeasuredMs(results);
		if (madeMs === undefined) return;
		const judgement = judgeMaterial(lot, results, specificationAt(madeMs));
		const canonical = canonicalJson(judgement);
		const hash = textHash(canonical);
		const isNew = newest?.hash !== hash;
		const id = createHash("sha256")
			.update(JSON.stringify(["material", lot.material, lot.lot, hash, newest?.id ?? ""]))
			.digest("hex")
			.slice(0, 32);
		const verdict = {
			...{ id, hash, canonical, corrects: newest?.id, verdict: judgement.verdict },
			judgedMs: clock.wallMs(),
		};
		const outbox = isNew ? messages(verdict, judgement) : [];
		const made = await store.commitMaterial({
			...{ material: lot.material, lot: lot.lot, results: results.length, outbox },
			verdict: isNew ? verdict : undefined,
		});
		if (!isNew) return;
		telemetry.laboratory.materialJudged(judgement);
		onJudged(made);
	}
}
