import type { ScenarioName, Severity } from "../pipeline.ts";
import type { Batch } from "./batch.ts";
import type { Knobs } from "./knobs.ts";
import { type ScenarioKind, scenarios } from "./scenarios.ts";
import type { Unit } from "./unit.ts";

export interface IncidentOptions {
	readonly name: ScenarioName;
	readonly severity?: Severity;
	/** The train, and which of the batches charged there it begins with, counted from 1. */
	readonly train: number;
	readonly batch: number;
	/** Batches it lasts for; the scenario's own number without it. */
	readonly batches?: number;
}

/** One scenario at work on one train: waits for its batch, departs from normal, and goes back. */
export class Incident {
	readonly name: ScenarioName;
	readonly train: number;
	readonly #kind: ScenarioKind;
	readonly #places: Pick<ScenarioKind, "from" | "until">;
	readonly #severity: Severity;
	readonly #first: number;
	readonly #last: number;
	#stage: "waiting" | "begun" | "ending" | "over" = "waiting";
	#level = 0;
	#grown = 0;
	#lastSeen = false;

	constructor(options: IncidentOptions) {
		this.name = options.name;
		this.train = options.train;
		this.#kind = scenarios[options.name];
		this.#severity = options.severity ?? "stated";
		this.#places = (this.#severity === "severe" ? this.#kind.severe : undefined) ?? this.#kind;
		this.#first = options.batch;
		this.#last = options.batch + (options.batches ?? this.#kind.batches) - 1;
	}

	get over(): boolean {
		return this.#stage === "over";
	}

	/** Looks where the batches are and moves the departure on by `dtS`. */
	advance(units: readonly Unit[], dtS: number): void {
		for (const unit of units) if (unit.holdsProduct) this.#look(unit, unit.batch as Batch);
		const { rampS } = this.#kind;
		if (this.#stage === "begun") this.#level = Math.min(1, this.#level + dtS / rampS);
		if (this.#stage !== "ending") return;
		this.#level = Math.max(0, this.#level - dtS / rampS);
		if (this.#level === 0) this.#stage = "over";
	}

	/** Begins with a batch that is about to be charged, where that is where it begins; true while it concerns charging. */
	charging(inTrain: number): boolean {
		if (this.#places.from.unit !== "U200" || inTrain < this.#first || inTrain > this.#last) return false;
		if (this.#stage === "waiting") this.#stage = "begun";
		this.#level = 1;
		this.#grow(inTrain);
		return true;
	}

	apply(knobs: Knobs): void {
		if (this.#level > 0) this.#kind.apply(knobs, this.#level, this.#grown, this.#severity);
	}

	#grow(inTrain: number): void {
		this.#grown = Math.max(this.#grown, (inTrain - this.#first + 1) / (this.#last - this.#first + 1));
	}

	#look(unit: Unit, batch: Batch): void {
		const { from, until } = this.#places;
		const number = batch.inTrain;
		if (number < this.#first || number > this.#last) return;
		if (this.#stage === "waiting" && number >= this.#first && reached(unit, from)) this.#stage = "begun";
		if (this.#stage === "waiting") return;
		if (unit.id === from.unit) {
			this.#grow(number);
			batch.causes.add(this.name);
		}
		if (number !== this.#last || this.#stage !== "begun") return;
		if (unit.id === until.unit && unit.phase === until.phase) this.#lastSeen = true;
		else if (this.#lastSeen && unit.id === until.unit && unit.phase !== "HOLD") this.#stage = "ending";
		else if (this.#lastSeen && unit.id !== until.unit) this.#stage = "ending";
	}
}

function reached(unit: Unit, place: { readonly unit: string; readonly phase: string }): boolean {
	if (unit.id !== place.unit) return false;
	return unit.phaseIndex >= unit.phases.findIndex(({ name }) => name === place.phase);
}
