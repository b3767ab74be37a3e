import { lineSize, type ModelParameters } from "../parameters.ts";
import type {
	PlantLabEvent,
	PlantLabInstrument,
	PlantModel,
	PlantVariable,
	PlantWrite,
	ScenarioName,
	Severity,
} from "../pipeline.ts";
import { Beats } from "./beats.ts";
import { type GenealogyLink, genealogyText } from "./genealogy.ts";
import { factorOf, Instrument, type MeasuringFault, type Reading, statusOf } from "./instruments.ts";
import { LaboratoryReports } from "./laboratory-reports.ts";
import { ProcessLine } from "./line.ts";
import { Published, recipeName } from "./published.ts";
import type { Happening, Unit } from "./unit.ts";

export interface PlantScenario {
	readonly name: ScenarioName;
	/** Counts the lots of its train that begin after the line does, from 1. */
	readonly lot: number;
	/** Counts from 1, which it is without it. */
	readonly train?: number;
	readonly severity?: Severity;
	/** Batches that it lasts for, instead of the scenario's own number. */
	readonly batches?: number;
}

export interface PlantOptions {
	readonly parameters: ModelParameters;
	readonly seed: number;
	/** Plant time at which the line begins. */
	readonly startMs: number;
	readonly scenarios?: readonly PlantScenario[];
	/** Called for each measurement of the laboratory that begins or ends, those of two days before the beginning included. */
	readonly onLabEvent?: (event: PlantLabEvent) => void;
	/** Times in seconds from the beginning. */
	readonly faults?: readonly MeasuringFault[];
}

/** The line has run for this long before anybody looks, so that every unit has its batch and its history. */
const runInS = 5 * 86_400;
/** A new batch is charged this long after the beginning. */
const firstChargeS = 1200;

/** Units that have all batches of a lot. */
const wholeLots = new Set(["U650", "U700"]);

interface Sampled {
	readonly instrument: Instrument;
	readonly variable: PlantVariable;
	readonly periodMs: number;
	lastMs: number;
}

interface Watched {
	readonly unit: Unit;
	readonly beats: Beats;
	readonly context: Map<string, string | boolean>;
	/** Links of this step, with the time of each. */
	readonly links: { readonly value: string; ms: number }[];
	readonly sampled: Sampled[];
	readonly byName: Map<string, Sampled>;
}

/** The whole line as a pure function of its parameters, its seed and of plant time, with instruments that are read. */
export class Plant implements PlantModel {
	readonly published: Published;
	readonly line: ProcessLine;
	readonly #startMs: number;
	readonly #runInS: number;
	readonly #parameters: ModelParameters;
	readonly #watched = new Map<string, Watched>();
	readonly #laboratory: LaboratoryReports;
	#nowMs: number;
	#toMs: number;
	#begun = false;
	#writes: PlantWrite[] = [];

	constructor(options: PlantOptions) {
		const { parameters, seed, startMs } = options;
		this.#parameters = parameters;
		this.#startMs = startMs;
		this.#nowMs = startMs;
		this.#toMs = startMs;
		const { trains, furnaces } = lineSize(parameters);
		this.#laboratory = new LaboratoryReports({
			parameters,
			seed,
			benches: trains * furnaces,
			onEvent: options.onLabEvent ?? (() => {}),
		});
		this.line = new ProcessLine({
			parameters,
			seed,
			onHappening: (happening) => this.#happened(happening),
			onPhase: (unit) => this.#publish(unit),
			onLink: (unit, link) => this.#linked(unit, link),
			onLot: (lot, nowS) => this.#laboratory.packed(lot, nowS),
		});
		this.published = new Published(this.line);
		this.#runInS = this.#runIn();
		const shifted = (options.faults ?? []).map((fault) => ({
			...fault,
			fromS: fault.fromS + this.#runInS,
			...(fault.untilS === undefined ? {} : { untilS: fault.untilS + this.#runInS }),
		}));
		for (const unit of this.line.units) this.#watched.set(unit.name, this.#watch(unit, seed, shifted));
		for (const scenario of options.scenarios ?? []) this.#schedule(scenario);
	}

	get nowMs(): number {
		return this.#nowMs;
	}

	get labInstruments(): readonly PlantLabInstrument[] {
		return this.#laboratory.instruments;
	}

	get variables(): readonly PlantVariable[] {
		return this.published.variables;
	}

	readonly #emit = (write: PlantWrite): void => {
		this.#writes.push(write);
	};

	begin(): PlantWrite[] {
		this.#begun = true;
		const nowMs = this.#nowMs;
		for (const watched of this.#watched.values()) {
			this.#publish(watched.unit);
			if (this.published.has(watched.unit.name, "Genealogy")) {
				const variable = this.published.variable(watched.unit.name, "Genealogy");
				watched.beats.emit({ variable, value: "", timeMs: nowMs });
			}
			for (const sampled of watched.byName.values()) this.#read(watched, sampled, nowMs);
			watched.beats.beat(nowMs);
		}
		this.#laboratory.begin(this.published, this.#emit, this.#startMs, this.line.nowS);
		return this.#taken();
	}

	step(toMs: number): PlantWrite[] {
		this.#toMs = toMs;
		this.line.advance(this.#runInS + (toMs - this.#startMs) / 1000);
		for (const watched of this.#watched.values()) {
			for (const sampled of watched.sampled) {
				if (toMs - sampled.lastMs < sampled.periodMs) continue;
				this.#read(watched, sampled, toMs);
			}
			this.#tellLinks(watched);
			watched.beats.beat(toMs);
		}
		this.#laboratory.step(this.#nowMs, toMs, this.line.nowS);
		this.#nowMs = toMs;
		return this.#taken();
	}

	/** Runs the line in until its next batch is due just after the beginning; returns how long that took. */
	#runIn(): number {
		const { line } = this;
		line.advance(runInS);
		const [first] = line.trains;
		if (first === undefined) return runInS;
		// Wait for the next charge and stop short of the one after it.
		const charged = first.charged;
		while (first.charged === charged) line.advance(line.nowS + 60);
		line.advance(Math.max(line.nowS, first.nextReleaseS - firstChargeS));
		return line.nowS;
	}

	#watch(unit: Unit, seed: number, faults: readonly MeasuringFault[]): Watched {
		const beats = new Beats(
			this.published.variable(unit.name, "Written"),
			this.published.variable(unit.name, "Heartbeat"),
			this.#emit,
		);
		const byName = new Map<string, Sampled>();
		const sampled: Sampled[] = [];
		for (const signal of unit.signals) {
			const { name, sample } = signal.tag;
			const one: Sampled = {
				instrument: new Instrument(signal, {
					seed,
					name: `${unit.name}/${name}`,
					factor: factorOf(name, this.line.size),
					faults,
				}),
				variable: this.published.variable(unit.name, name),
				periodMs: typeof sample === "number" ? sample * 1000 : Number.POSITIVE_INFINITY,
				lastMs: this.#startMs,
			};
			byName.set(name, one);
			if (typeof sample === "number") sampled.push(one);
		}
		return { unit, beats, context: new Map(), links: [], sampled, byName };
	}

	#schedule({ name, lot, train: number = 1, severity, batches }: PlantScenario): void {
		const train = this.line.trains[number - 1];
		if (train === undefined)
			throw new Error(`expected one of ${this.line.trains.length} trains, found ${number}`);
		const { openLot } = train;
		const joining = openLot === undefined ? 0 : Math.max(0, openLot.size - openLot.batches.length);
		const perLot = this.#parameters.size.batches_per_lot;
		const batch = train.charged + joining + (lot - 1) * perLot + 1;
		this.line.addIncident({
			name,
			train: train.number,
			batch,
			batches: batches ?? perLot,
			...(severity === undefined ? {} : { severity }),
		});
	}

	/** Plant time of what happens now: later than the last heartbeat, and not later than the next. */
	get #eventMs(): number {
		const ms = this.#startMs + (this.line.nowS - this.#runInS) * 1000;
		return Math.min(this.#toMs, Math.max(this.#nowMs + 1, Math.ceil(ms - 1e-3)));
	}

	#publish(unit: Unit): void {
		const watched = this.#watched.get(unit.name);
		if (watched === undefined || !this.#begun) return;
		const { batch } = unit;
		// Where a lot is blended and packed, what holds one of its batches holds it.
		const together = wholeLots.has(unit.id) ? (batch?.lot.batches ?? []) : batch === undefined ? [] : [batch];
		const holds = new Set(together.flatMap((one) => [...one.holds]));
		const runs = unit.phases.length === 0;
		const context = {
			Batch: batch?.id ?? "",
			Lot: batch?.lot.id ?? "",
			Recipe: batch === undefined ? "" : recipeName,
			Phase: unit.phase,
			Busy: batch !== undefined || runs,
			State: unit.state,
			Interlock: unit.interlock,
			...(runs ? {} : { BatchHold: [...holds].join(", ") }),
		};
		const timeMs = this.#toMs === this.#startMs ? this.#startMs : this.#eventMs;
		for (const [name, value] of Object.entries(context)) {
			if (watched.context.get(name) === value) continue;
			watched.context.set(name, value);
			watched.beats.emit({ variable: this.published.variable(unit.name, name), value, timeMs });
		}
	}

	#happened({ unit, signal, value }: Happening): void {
		const watched = this.#watched.get(unit.name);
		const sampled = watched?.byName.get(signal.tag.name);
		if (watched === undefined || sampled === undefined || !this.#begun) return;
		// The unit's context comes first: it may have changed at this very moment.
		this.#publish(unit);
		const timeMs = this.#eventMs;
		this.#write(watched, sampled, sampled.instrument.readOnce(value, this.line.nowS), timeMs);
	}

	#linked(unit: Unit, link: GenealogyLink): void {
		if (!this.#begun) return;
		this.#watched.get(unit.name)?.links.push({ value: genealogyText(link), ms: this.#eventMs });
	}

	/** Two lots of one charge are two values: each has a time of its own, none later than the heartbeat. */
	#tellLinks({ unit, beats, links }: Watched): void {
		if (links.length === 0) return;
		const variable = this.published.variable(unit.name, "Genealogy");
		let latestMs = this.#toMs;
		for (const link of links.toReversed()) {
			link.ms = Math.min(link.ms, latestMs);
			latestMs = link.ms - 1;
		}
		for (const { value, ms } of links.splice(0)) beats.emit({ variable, value, timeMs: ms });
	}

	#read(watched: Watched, sampled: Sampled, nowMs: number): void {
		sampled.lastMs = nowMs;
		this.#write(watched, sampled, sampled.instrument.read(this.line.nowS), nowMs);
	}

	#write(watched: Watched, { variable }: Sampled, { value, status }: Reading, timeMs: number): void {
		watched.beats.emit(
			status === statusOf.good ? { variable, value, timeMs } : { variable, value, timeMs, status },
		);
	}

	#taken(): PlantWrite[] {
		const writes = this.#writes;
		this.#writes = [];
		return writes;
	}
}
