import type { LineSize, ModelParameters } from "../parameters.ts";
import type { Batch, Lot } from "./batch.ts";
import { Blender } from "./blender.ts";
import { Dryer } from "./dryer.ts";
import { Furnace } from "./furnace.ts";
import { JetMill } from "./jet-mill.ts";
import type { Knobs } from "./knobs.ts";
import { Mill } from "./mill.ts";
import { Packing } from "./packing.ts";
import { Random } from "./random.ts";
import { Slurry } from "./slurry.ts";
import type { SiteState, Unit, UnitContext } from "./unit.ts";
import { Weighing } from "./weighing.ts";

/** Charging that ends this much before a furnace is free keeps the furnace from waiting. */
const bufferS = 900;
/** What milling takes when nothing is missing. */
const millingMin = 480;
const millLimitPhase = "MILL";

/** Seconds of the phases of a unit, with its work between two batches. */
function occupancyS(unit: Unit): number {
	const minutes = unit.phases.reduce(
		(sum, phase) => sum + (phase.name === millLimitPhase ? millingMin : phase.minutes),
		0,
	);
	return minutes * 60 + unit.turnS;
}

/**
 * One chain of units from weighing to packing, with dryers and retorts side by side. Batches are charged just in time
 * for the furnaces, which set the pace: they neither queue for half a day nor leave a furnace empty.
 */
export class Train {
	readonly number: number;
	readonly stages: readonly (readonly Unit[])[];
	readonly units: readonly Unit[];
	readonly #upstreamS: number;
	readonly #firingS: number;
	/** When each furnace will have done what is on its way to it. */
	readonly #furnaceFreeS: number[];
	openLot: Lot | undefined;
	charged = 0;

	constructor(options: {
		number: number;
		parameters: ModelParameters;
		size: LineSize;
		seed: number;
		knobs: Knobs;
		site: SiteState;
	}) {
		const { number, parameters, size, seed, knobs, site } = options;
		this.number = number;
		const context = (name: string): UnitContext => ({
			parameters,
			size,
			train: number,
			random: new Random(seed, "unit", name),
			knobs,
			site,
		});
		const prefix = size.trains > 1 ? `T${number}.` : "";
		const make = <T extends Unit>(
			Kind: new (name: string, context: UnitContext) => T,
			id: string,
			count = 1,
		) =>
			Array.from({ length: count }, (_, index) => {
				const name = `${prefix}${id}${count > 1 ? "ABCD"[index] : ""}`;
				return new Kind(name, context(name));
			});
		const dryers = make(Dryer, "U400", size.dryers);
		const furnaces = make(Furnace, "U500", size.furnaces);
		this.stages = [
			make(Weighing, "U200"),
			make(Slurry, "U300"),
			make(Mill, "U310"),
			dryers,
			furnaces,
			make(JetMill, "U600"),
			make(Blender, "U650"),
			make(Packing, "U700"),
		];
		this.units = this.stages.flat();
		this.#upstreamS = this.stages.slice(0, 4).reduce((sum, [unit]) => sum + occupancyS(unit as Unit), 0);
		this.#firingS = occupancyS(furnaces[0] as Unit);
		this.#furnaceFreeS = furnaces.map(() => 0);
	}

	/** When the next batch should be charged. */
	get nextReleaseS(): number {
		if (this.charged === 0) return 0;
		return Math.min(...this.#furnaceFreeS) - this.#upstreamS - bufferS;
	}

	get first(): Unit {
		return (this.stages[0] as readonly Unit[])[0] as Unit;
	}

	/** Books a furnace for a batch that is charged now. */
	book(nowS: number): void {
		const index = this.#furnaceFreeS.indexOf(Math.min(...this.#furnaceFreeS));
		const free = this.#furnaceFreeS[index] ?? 0;
		this.#furnaceFreeS[index] = Math.max(free, nowS + this.#upstreamS) + this.#firingS;
		this.charged += 1;
	}

	/** A unit of the stage behind `unit` that takes its batch; undefined when none is free, null behind the last. */
	nextFor(unit: Unit, batch: Batch): Unit | undefined | null {
		const stage = this.stages.findIndex((units) => units.includes(unit));
		const next = this.stages[stage + 1];
		return next === undefined ? null : next.find((candidate) => candidate.accepts(batch));
	}
}
