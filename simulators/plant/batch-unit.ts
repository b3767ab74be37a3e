import type { Batch, Lot } from "./batch.ts";
import type { Emit } from "./beats.ts";
import {
	bagKg,
	batchKg,
	collectPhase,
	type BatchUnit as Definition,
	holdPhase,
	idlePhase,
	millNoLoadKw,
	recipeName,
} from "./recipe.ts";
import { Unit } from "./unit.ts";

/** An emptied unit is turned over before it takes the next batch. */
const changeoverMs = 60_000;

const blender = "U650";
const packer = "U700";

/**
 * A unit that takes one batch at a time through its phases. It never looks at other units: it says when
 * something is due, and the plant moves batches between units.
 */
export class BatchUnit {
	readonly unit: Unit;
	readonly #definition: Definition;
	#batch: Batch | undefined;
	#phaseIndex = -1;
	#phaseEndsMs = Number.POSITIVE_INFINITY;
	#readyMs = 0;
	#leaving = false;
	#bagsMs: number[] = [];

	constructor(definition: Definition, options: { seed: number; startMs: number; emit: Emit }) {
		this.#definition = definition;
		this.unit = new Unit({ id: definition.id, firstPhase: idlePhase, ...options });
	}

	get id(): string {
		return this.#definition.id;
	}

	get batch(): Batch | undefined {
		return this.#batch;
	}

	/** The batch is done here and wants to go on. */
	get leaving(): boolean {
		return this.#leaving;
	}

	/** When something happens next by itself. */
	get nextEventMs(): number {
		return Math.min(this.#phaseEndsMs, this.#bagsMs[0] ?? Number.POSITIVE_INFINITY);
	}

	/** When an empty unit can take a batch again. */
	get readyMs(): number {
		return this.#readyMs;
	}

	canAccept(batch: Batch, nowMs: number): boolean {
		if (this.#batch === undefined) return nowMs >= this.#readyMs;
		return this.unit.phase === collectPhase && batch.lot === this.#batch.lot;
	}

	/** Takes a batch; `warm` puts it somewhere inside a phase, as if it had been there for a while. */
	accept(batch: Batch, nowMs: number, warm?: { phase: string; remainingS: number }): void {
		this.#batch = batch;
		this.unit.beginBatch();
		if (warm === undefined) {
			this.#enterPhase(0, nowMs);
			return;
		}
		// Walks through the phases before, so that quantities that hold a target have it.
		const index = this.#definition.phases.findIndex((phase) => phase.name === warm.phase);
		for (const phase of this.#definition.phases.slice(0, index)) {
			const durationS = phase.minutes * 60;
			this.unit.enterPhase(phase.name, durationS, { elapsedS: durationS });
		}
		this.#enterPhase(index, nowMs, warm.remainingS);
	}

	/** Deals with whatever is due at `nowMs`; true when something was. */
	handle(nowMs: number): boolean {
		if (this.#bagsMs[0] !== undefined && this.#bagsMs[0] <= nowMs) {
			this.unit.emitEvent("K700.WT01", bagKg, nowMs);
			this.#bagsMs.shift();
			return true;
		}
		if (this.#batch === undefined || this.#phaseEndsMs > nowMs) return false;
		const ended = this.#definition.phases[this.#phaseIndex]?.name;
		if (this.id === blender && ended === "MAGNET" && !this.#lotComplete(this.#batch)) {
			this.#phaseEndsMs = Number.POSITIVE_INFINITY;
			this.unit.enterPhase(collectPhase, 0);
			this.#publish(collectPhase, nowMs);
		} else if (ended === this.#definition.leavesAfter) {
			this.#leaving = true;
			this.#phaseEndsMs = Number.POSITIVE_INFINITY;
		} else if (this.#phaseIndex === this.#definition.phases.length - 1) {
			this.#empty(nowMs);
		} else {
			this.#enterPhase(this.#phaseIndex + 1, nowMs);
		}
		return true;
	}

	/** The next unit is not free: the product stays here. */
	hold(nowMs: number): void {
		if (this.unit.phase === holdPhase) return;
		this.unit.enterPhase(holdPhase, 0);
		this.#publish(holdPhase, nowMs);
	}

	/** The product has left; what remains is work on the empty unit, if any. */
	release(nowMs: number): void {
		this.#leaving = false;
		if (this.#phaseIndex < this.#definition.phases.length - 1) this.#enterPhase(this.#phaseIndex + 1, nowMs);
		else this.#empty(nowMs);
	}

	/** Publishes the context of a unit that begins without a batch. */
	beginIdle(nowMs: number): void {
		this.#empty(nowMs);
		this.#readyMs = nowMs;
	}

	#empty(nowMs: number): void {
		this.#batch = undefined;
		this.#phaseIndex = -1;
		this.#phaseEndsMs = Number.POSITIVE_INFINITY;
		this.#readyMs = nowMs + changeoverMs;
		this.unit.enterPhase(idlePhase, 0);
		this.unit.setContext(nowMs, { Batch: "", Lot: "", Recipe: "", Phase: idlePhase, Busy: false });
	}

	#enterPhase(index: number, nowMs: number, remainingS?: number): void {
		const phase = this.#definition.phases[index];
		const batch = this.#batch;
		if (phase === undefined || batch === undefined) throw new Error(`${this.id}: no phase ${index}`);
		this.#phaseIndex = index;
		const durationS = this.#durationS(phase.name, phase.minutes * 60, batch.lot);
		const elapsedS = remainingS === undefined ? 0 : durationS - remainingS;
		this.#phaseEndsMs = nowMs + (durationS - elapsedS) * 1000;
		this.unit.enterPhase(phase.name, durationS, remainingS === undefined ? undefined : { elapsedS });
		if (this.id === packer && phase.name === "FILL") {
			const bags = Math.round((batchKg * batch.lot.size) / bagKg);
			this.#bagsMs = Array.from({ length: bags }, (_, bag) =>
				Math.round(nowMs + (((bag + 0.5) / bags) * durationS - elapsedS) * 1000),
			).filter((bagMs) => bagMs > nowMs);
		}
		this.#publish(phase.name, nowMs);
	}

	#durationS(phase: string, nominalS: number, lot: Lot): number {
		if (phase === "FILL") return nominalS * lot.size;
		if (phase !== "MILL") return nominalS;
		// Milling ends on net energy, so a mill that draws less mills longer.
		const gross = this.unit.instrument("M310.JT01");
		const grossKw = 9 * (gross?.batchFactor ?? 1);
		return Math.round((nominalS * (9 - millNoLoadKw)) / (grossKw - millNoLoadKw));
	}

	#lotComplete(batch: Batch): boolean {
		return batch.lot.batches.length >= batch.lot.size && batch.lot.batches.at(-1) === batch;
	}

	#publish(phase: string, nowMs: number): void {
		const batch = this.#batch;
		if (batch === undefined) return;
		this.unit.setContext(nowMs, {
			Batch: batch.id,
			Lot: batch.lot.id,
			Recipe: recipeName,
			Phase: phase,
			Busy: true,
		});
	}
}
