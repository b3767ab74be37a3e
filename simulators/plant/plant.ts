import type { Batch, Lot } from "./batch.ts";
import { BatchUnit } from "./batch-unit.ts";
import { Intake } from "./intake.ts";
import { Laboratory } from "./laboratory.ts";
import { closedTransferFactor, ppmvOf, roomDewPointCelsius } from "./moisture.ts";
import type { Scenario, ScenarioPlant } from "./pipeline.ts";
import { batchUnits, runPhase, utilityUnits } from "./recipe.ts";
import { Unit } from "./unit.ts";
import type { PlantWrite } from "./variables.ts";

export interface PlantOptions {
	readonly seed: number;
	/** Plant time at which the line begins. */
	readonly startMs: number;
	/** Batches that are blended into one lot, 1 to 4. */
	readonly batchesPerLot: number;
	readonly scenarios: readonly Scenario[];
}

const minuteMs = 60_000;

/**
 * Where the batches are when the line starts. Not every unit has one: a furnace that takes 17 hours per
 * batch would make the first new lot wait for each of those ahead of it.
 */
const warmBatches: readonly { unit: string; phase: string; remainingMinutes: number }[] = [
	{ unit: "U700", phase: "LABEL", remainingMinutes: 4 },
	{ unit: "U650", phase: "SAMPLE", remainingMinutes: 9 },
	{ unit: "U600", phase: "SIEVE", remainingMinutes: 14 },
	{ unit: "U500", phase: "UNLOAD", remainingMinutes: 20 },
	{ unit: "U400", phase: "COOL", remainingMinutes: 75 },
	{ unit: "U310", phase: "MILL", remainingMinutes: 75 },
];
const firstReleaseMinutes = 20;

/**
 * The whole line as a pure function of its seed and of plant time: `step` moves it on and returns every
 * value that its instruments gave meanwhile, in the order in which they gave them.
 */
export class Plant implements ScenarioPlant {
	readonly #options: PlantOptions;
	readonly #units: BatchUnit[];
	readonly #utilities: Unit[];
	readonly #laboratory: Laboratory;
	readonly #intake: Intake;
	#nowMs: number;
	#writes: PlantWrite[] = [];

	constructor(options: PlantOptions) {
		this.#options = options;
		this.#nowMs = options.startMs;
		const emit = (write: PlantWrite) => this.#writes.push(write);
		const { seed, startMs } = options;
		this.#units = batchUnits.map((definition) => new BatchUnit(definition, { seed, startMs, emit }));
		this.#utilities = utilityUnits.map(
			({ id }) => new Unit({ id, firstPhase: runPhase, seed, startMs, emit }),
		);
		this.#laboratory = new Laboratory({ seed, emit });
		this.#intake = new Intake({
			batchesPerLot: options.batchesPerLot,
			firstBatch: 117,
			firstLot: 36,
			firstReleaseMs: startMs + firstReleaseMinutes * minuteMs,
		});
	}

	get nowMs(): number {
		return this.#nowMs;
	}

	/** The line as it is found at its start: one value of every variable. */
	begin(): PlantWrite[] {
		const nowMs = this.#nowMs;
		const reported = this.#intake.warmBatch().lot;
		const warm = warmBatches.map((place) => ({ ...place, batch: this.#intake.warmBatch() }));
		for (const unit of this.#units) {
			const place = warm.find((candidate) => candidate.unit === unit.id);
			if (place === undefined) unit.beginIdle(nowMs);
			else {
				unit.accept(place.batch, nowMs, { phase: place.phase, remainingS: place.remainingMinutes * 60 });
			}
			unit.unit.sampleAll(nowMs);
		}
		for (const unit of this.#utilities) {
			unit.setContext(nowMs, { Batch: "", Lot: "", Recipe: "", Phase: runPhase, Busy: true });
			unit.enterPhase(runPhase, 0, { elapsedS: 0 });
			unit.sampleAll(nowMs);
		}
		this.#laboratory.begin(reported, nowMs);
		// 90 minutes of cleaning after UNLOAD; the batches in U310 and U400 are ahead of every new one.
		const furnace = this.#unit("U500");
		this.#intake.reserveFurnace(furnace.nextEventMs + 90 * minuteMs, 2);
		return this.#taken();
	}

	/** Moves the line on to `toMs`, through everything that happens on the way. */
	step(toMs: number): PlantWrite[] {
		for (const scenario of this.#options.scenarios) scenario.advance(this, toMs - this.#nowMs);
		while (this.#nowMs < toMs) {
			const nextMs = Math.min(toMs, this.#nextEventMs());
			this.#integrate(nextMs - this.#nowMs);
			this.#nowMs = nextMs;
			this.#settle();
		}
		for (const { unit } of this.#units) unit.sample(toMs);
		for (const unit of this.#utilities) unit.sample(toMs);
		this.#laboratory.beat(toMs);
		return this.#taken();
	}

	phaseOf(unitId: string): string {
		return this.#unit(unitId).unit.phase;
	}

	lotIn(unitId: string): Lot | undefined {
		return this.#unit(unitId).batch?.lot;
	}

	steer(tag: string, target: number | undefined): void {
		for (const unit of this.#everyUnit()) unit.instrument(tag)?.steer(target);
	}

	#everyUnit(): Unit[] {
		return [...this.#units.map(({ unit }) => unit), ...this.#utilities];
	}

	#unit(id: string): BatchUnit {
		const unit = this.#units.find((candidate) => candidate.id === id);
		if (unit === undefined) throw new Error(`expected a batch unit, found ${id}`);
		return unit;
	}

	#taken(): PlantWrite[] {
		const writes = this.#writes;
		this.#writes = [];
		return writes;
	}

	#nextEventMs(): number {
		let nextMs = Math.min(this.#laboratory.nextEventMs, this.#later(this.#intake.nextReleaseMs));
		for (const unit of this.#units) {
			nextMs = Math.min(nextMs, unit.nextEventMs);
			// A unit being turned over may be waited for.
			if (unit.batch === undefined) nextMs = Math.min(nextMs, this.#later(unit.readyMs));
		}
		return Math.max(nextMs, this.#nowMs);
	}

	#later(timeMs: number): number {
		return timeMs > this.#nowMs ? timeMs : Number.POSITIVE_INFINITY;
	}

	#integrate(dtMs: number): void {
		if (dtMs <= 0) return;
		for (const { unit } of this.#units) unit.advance(dtMs);
		for (const unit of this.#utilities) unit.advance(dtMs);
		const packing = this.#unit("U700");
		const lot = packing.batch?.lot;
		if (lot !== undefined && (packing.unit.phase === "FILL" || packing.unit.phase === "SEAL")) {
			const room = packing.unit.instrument("K700.AT03")?.state ?? roomDewPointCelsius;
			const excess = ppmvOf(room) - ppmvOf(roomDewPointCelsius);
			lot.moistureDose += (closedTransferFactor * excess * dtMs) / 3_600_000;
		}
	}

	/** Lets everything that is due at this moment happen, the end of the line first so that units empty. */
	#settle(): void {
		const nowMs = this.#nowMs;
		let again = true;
		while (again) {
			again = this.#laboratory.handle(nowMs);
			for (let index = this.#units.length - 1; index >= 0; index--) {
				const unit = this.#units[index] as BatchUnit;
				if (unit.handle(nowMs)) again = true;
				if (unit.leaving && this.#passOn(unit, this.#units[index + 1], unit.batch as Batch)) again = true;
			}
		}
		for (const unit of this.#units) if (unit.leaving) unit.hold(nowMs);
		const first = this.#units[0] as BatchUnit;
		const free = first.batch === undefined && nowMs >= first.readyMs;
		if (free && nowMs >= this.#intake.nextReleaseMs) first.accept(this.#intake.release(nowMs), nowMs);
	}

	#passOn(unit: BatchUnit, next: BatchUnit | undefined, batch: Batch): boolean {
		if (next === undefined) this.#laboratory.submit(batch.lot, this.#nowMs);
		else if (next.canAccept(batch, this.#nowMs)) next.accept(batch, this.#nowMs);
		else return false;
		unit.release(this.#nowMs);
		return true;
	}
}
