import { Beats, type Emit } from "./beats.ts";
import { EnergyCounter } from "./energy-counter.ts";
import { Instrument, type Measured } from "./instrument.ts";
import { profiles } from "./profiles.ts";
import { instrumentTags } from "./tags.ts";
import { type PlantValue, type PlantVariable, variableOf } from "./variables.ts";

interface Sampled {
	readonly instrument: Measured;
	readonly variable: PlantVariable;
	readonly periodMs: number;
	lastMs: number;
}

/** A piece of equipment with its instruments and its published context. */
export class Unit {
	readonly id: string;
	readonly #emit: Emit;
	readonly #sampled: Sampled[] = [];
	readonly #byName = new Map<string, Measured>();
	readonly #context = new Map<string, PlantValue>();
	readonly #beats: Beats;

	constructor(options: { id: string; firstPhase: string; seed: number; startMs: number; emit: Emit }) {
		this.id = options.id;
		this.#beats = new Beats(options.id, options.emit);
		this.#emit = this.#beats.emit;
		for (const tag of instrumentTags.filter((candidate) => candidate.unit === options.id)) {
			const profile = profiles[tag.name];
			if (profile === undefined) throw new Error(`expected a profile for ${tag.name}`);
			const instrument =
				tag.name === "Y820.JQ01"
					? new EnergyCounter(tag, options.seed)
					: new Instrument(tag, profile, options.seed, options.firstPhase);
			this.#byName.set(tag.name, instrument);
			if (tag.samplePeriodS === "event") continue;
			this.#sampled.push({
				instrument,
				variable: variableOf(options.id, tag.name),
				periodMs: tag.samplePeriodS * 1000,
				lastMs: options.startMs,
			});
		}
	}

	get phase(): string {
		return String(this.#context.get("Phase") ?? "");
	}

	instrument(name: string): Measured | undefined {
		return this.#byName.get(name);
	}

	/** Publishes what changed of the context, and nothing else. */
	setContext(
		nowMs: number,
		context: { Batch: string; Lot: string; Recipe: string; Phase: string; Busy: boolean },
	): void {
		for (const [name, value] of Object.entries(context)) {
			if (this.#context.get(name) === value) continue;
			this.#context.set(name, value);
			this.#emit({ variable: variableOf(this.id, name), value, timeMs: nowMs });
		}
	}

	beginBatch(): void {
		for (const instrument of this.#byName.values()) instrument.beginBatch();
	}

	enterPhase(phase: string, durationS: number, settled?: { elapsedS: number }): void {
		for (const instrument of this.#byName.values()) instrument.enterPhase(phase, durationS, settled);
	}

	advance(dtMs: number): void {
		const dtS = dtMs / 1000;
		for (const instrument of this.#byName.values()) instrument.advance(dtS);
	}

	/** Reads every instrument that is due, then beats. */
	sample(nowMs: number): void {
		for (const sampled of this.#sampled) {
			const sinceMs = nowMs - sampled.lastMs;
			if (sinceMs < sampled.periodMs) continue;
			sampled.lastMs = nowMs;
			this.#emit({
				variable: sampled.variable,
				value: sampled.instrument.read(sinceMs / 1000),
				timeMs: nowMs,
			});
		}
		this.beat(nowMs);
	}

	/** Reads every instrument once, whatever its period: the values a line starts with. */
	sampleAll(nowMs: number): void {
		for (const [name, instrument] of this.#byName) {
			const event = instrument.tag.samplePeriodS === "event";
			const value = event ? instrument.readEvent(instrument.state) : instrument.read(10);
			this.#emit({ variable: variableOf(this.id, name), value, timeMs: nowMs });
		}
		this.beat(nowMs);
	}

	emitEvent(name: string, value: number, nowMs: number): void {
		const instrument = this.#byName.get(name);
		if (instrument === undefined) return;
		this.#emit({
			variable: variableOf(this.id, name),
			value: instrument.readEvent(value),
			timeMs: nowMs,
		});
	}

	beat(nowMs: number): void {
		this.#beats.beat(nowMs);
	}
}
