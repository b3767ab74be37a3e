// Judges simulated values by examples/pilot-line/specification.yaml in the simplest possible way: a sample
// is outside, or it is not. Delays are left out, so whatever this finds clean is clean for the product.

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

export interface Outside {
	readonly window: string;
	readonly lot: string;
	readonly value: number;
	readonly timeMs: number;
}

const file = new URL("../../../examples/pilot-line/specification.yaml", import.meta.url);

export const streamWindows: readonly StreamWindow[] = (
	parse(readFileSync(file, "utf8")) as { windows: StreamWindow[] }
).windows;

export class WindowJudge {
	readonly outside: Outside[] = [];
	/** Samples that a window looked at, by window. */
	readonly judged = new Map<string, number>();
	readonly #phases = new Map<string, { name: string; beganMs: number }>();
	readonly #lots = new Map<string, string>();
	readonly #byTag = new Map(streamWindows.map((window) => [`${window.unit}/${window.tag}`, window]));

	take({ variable, value, timeMs }: PlantWrite): void {
		if (variable.name === "Phase") {
			this.#phases.set(variable.unit, { name: String(value), beganMs: timeMs });
			return;
		}
		if (variable.name === "Lot") this.#lots.set(variable.unit, String(value));
		const window = this.#byTag.get(variable.key);
		const phase = this.#phases.get(variable.unit);
		if (window === undefined || phase === undefined || typeof value !== "number") return;
		if (!window.phases.includes(phase.name) || timeMs - phase.beganMs < window.blanking_s * 1000) return;
		this.judged.set(window.id, (this.judged.get(window.id) ?? 0) + 1);
		const below = window.low !== undefined && value < window.low;
		const above = window.high !== undefined && value > window.high;
		const lot = this.#lots.get(variable.unit) ?? "";
		if (below || above) this.outside.push({ window: window.id, lot, value, timeMs });
	}
}
