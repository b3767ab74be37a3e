// Judges simulated values by examples/pilot-line/specification.yaml in the simplest possible way: a sample
// is outside, or it is not. Delays are left out, so whatever this finds clean is clean for the product. Aggregates are made from
// the samples of a phase's run, each of which holds until the next.

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { PlantWrite } from "../../../simulators/plant/pipeline.ts";

export interface StreamWindow {
	readonly id: string;
	readonly unit: string;
	readonly tag: string;
	readonly phases: string[];
	readonly eu: string;
	readonly low?: number;
	readonly high?: number;
	readonly deadband: number;
	readonly on_delay_s: number;
	readonly off_delay_s: number;
	readonly blanking_s: number;
	readonly concerns: string[];
	readonly reaction: string;
}

export interface PhaseAggregate extends Omit<StreamWindow, "deadband" | "on_delay_s" | "off_delay_s"> {
	readonly basis: string;
	readonly reference?: number;
}

export interface Outside {
	readonly window: string;
	readonly lot: string;
	readonly value: number;
	readonly timeMs: number;
}

const file = new URL("../../../examples/pilot-line/specification.yaml", import.meta.url);

const specification = parse(readFileSync(file, "utf8")) as {
	windows: StreamWindow[];
	aggregates: PhaseAggregate[];
	laboratory: {
		id: string;
		test: string;
		eu: string;
		low?: number;
		high?: number;
		alert_low?: number;
		alert_high?: number;
	}[];
	materials: { id: string; material: string }[];
};
export const { laboratory: laboratoryTests, materials: materialTests } = specification;
export const streamWindows: readonly StreamWindow[] = specification.windows;
export const phaseAggregates: readonly PhaseAggregate[] = specification.aggregates;
const hourMs = 3_600_000;

/** One run of an aggregate's phases. */
class PhaseRun {
	readonly #values: { timeMs: number; value: number }[] = [];

	take(value: number, timeMs: number): void {
		this.#values.push({ timeMs, value });
	}

	/** The number that the run gives; undefined without values. */
	end({ basis, reference = 0 }: PhaseAggregate, endMs: number): number | undefined {
		const all = this.#values;
		const first = all[0];
		if (first === undefined) return undefined;
		const numbers = all.map(({ value }) => value);
		const sum = (of: (value: number) => number) =>
			all.reduce(
				(total, { timeMs, value }, at) => total + of(value) * ((all[at + 1]?.timeMs ?? endMs) - timeMs),
				0,
			);
		switch (basis) {
			case "end":
				return numbers.at(-1);
			case "min":
				return Math.min(...numbers);
			case "max":
				return Math.max(...numbers);
			case "time_weighted_mean":
				return endMs === first.timeMs ? first.value : sum((value) => value) / (endMs - first.timeMs);
			case "standard_deviation": {
				const mean = numbers.reduce((total, value) => total + value, 0) / numbers.length;
				const squares = numbers.reduce((total, value) => total + (value - mean) ** 2, 0);
				return numbers.length < 2 ? undefined : Math.sqrt(squares / (numbers.length - 1));
			}
			case "integral":
				return sum((value) => Math.max(0, value - reference)) / hourMs;
			case "time_outside":
				return sum((value) => (value > reference ? 1 : 0)) / hourMs;
			default:
				throw new Error(`expected a basis that this test knows, found ${basis}`);
		}
	}
}

export class WindowJudge {
	readonly outside: Outside[] = [];
	/** Samples that a window looked at, by window. */
	readonly judged = new Map<string, number>();
	readonly #phases = new Map<string, { name: string; beganMs: number }>();
	readonly #lots = new Map<string, string>();
	/** Numbers that an aggregate gave, by aggregate. */
	readonly numbers = new Map<string, number[]>();
	readonly #byTag = Map.groupBy(streamWindows, (window) => `${window.unit}/${window.tag}`);
	readonly #aggregatesByTag = Map.groupBy(phaseAggregates, ({ unit, tag }) => `${unit}/${tag}`);
	readonly #runs = new Map<string, { run: PhaseRun; beganMs: number }>();

	take({ variable, value, timeMs }: PlantWrite): void {
		const lot = this.#lots.get(variable.unit) ?? "";
		if (variable.name === "Phase") {
			this.#phases.set(variable.unit, { name: String(value), beganMs: timeMs });
			this.#changeRuns(variable.unit, String(value), timeMs, lot);
			return;
		}
		if (variable.name === "Lot") this.#lots.set(variable.unit, String(value));
		const phase = this.#phases.get(variable.unit);
		if (phase === undefined || typeof value !== "number") return;
		for (const window of this.#byTag.get(variable.key) ?? []) {
			if (!window.phases.includes(phase.name) || timeMs - phase.beganMs < window.blanking_s * 1000) continue;
			this.judged.set(window.id, (this.judged.get(window.id) ?? 0) + 1);
			if (isOutside(window, value)) this.outside.push({ window: window.id, lot, value, timeMs });
		}
		for (const { id, blanking_s } of this.#aggregatesByTag.get(variable.key) ?? []) {
			const now = this.#runs.get(id);
			if (now !== undefined && timeMs - now.beganMs >= blanking_s * 1000) now.run.take(value, timeMs);
		}
	}

	#changeRuns(unit: string, phase: string, timeMs: number, lot: string): void {
		for (const aggregate of phaseAggregates) {
			if (aggregate.unit !== unit) continue;
			const { id } = aggregate;
			const now = this.#runs.get(id);
			if (aggregate.phases.includes(phase)) {
				if (now === undefined) this.#runs.set(id, { run: new PhaseRun(), beganMs: timeMs });
				continue;
			}
			this.#runs.delete(id);
			const value = now?.run.end(aggregate, timeMs);
			if (value === undefined) continue;
			this.numbers.set(id, [...(this.numbers.get(id) ?? []), value]);
			if (isOutside(aggregate, value)) this.outside.push({ window: id, lot, value, timeMs });
		}
	}
}

function isOutside({ low, high }: Pick<StreamWindow, "low" | "high">, value: number): boolean {
	return (low !== undefined && value < low) || (high !== undefined && value > high);
}
