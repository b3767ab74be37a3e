// What the process model itself says of a line: no instrument, no server, no laboratory in between.

import type { Batch } from "../../simulators/plant/model/batch.ts";
import { lotTests } from "../../simulators/plant/model/laboratory-tests.ts";
import { Plant, type PlantScenario } from "../../simulators/plant/model/plant.ts";
import { type Quality, qualityOf, type TestId } from "../../simulators/plant/model/quality.ts";
import { gaussianMax } from "../../simulators/plant/model/random.ts";
import type { Signal } from "../../simulators/plant/model/signal.ts";
import type { Unit } from "../../simulators/plant/model/unit.ts";
import type { ModelParameters } from "../../simulators/plant/parameters.ts";

/** One lot of one batch, seen from its charging to its packing. */
export interface TrueLot {
	readonly lot: string;
	readonly train: number;
	/** Counts the lots of its train that begin after the line does, from 1. */
	readonly number: number;
	readonly quality: Quality;
	/** Tests whose true value is outside its limits. */
	readonly fails: readonly TestId[];
	/** Tags of its own units that were truly outside their range in a phase in which it counts. */
	readonly outside: readonly string[];
	/** The same, and tags whose instrument at its worst may have shown them outside. */
	readonly nearlyOutside: readonly string[];
	/** Hours from the beginning until the first scenario was at work on it; undefined without one. */
	readonly hitHours: number | undefined;
	/** Hours until the last of its laboratory results, corrections included; 0 while one of them is still to come. */
	readonly reportedHours: number;
}

const hourMs = 3_600_000;

/** Runs the model for so many plant hours in the same steps as the simulator does. */
export function truthOf(options: {
	parameters: ModelParameters;
	seed: number;
	stepS: number;
	hours: number;
	scenarios: readonly PlantScenario[];
}): TrueLot[] {
	const { parameters, seed, stepS, hours, scenarios } = options;
	const plant = new Plant({ parameters, seed, startMs: 0, scenarios });
	const begun = new Map<
		string,
		{ batch: Batch; number: number; outside: Set<string>; nearly: Set<string>; hitMs?: number }
	>();
	const before = new Set<string>();
	for (const { batch } of plant.line.units) if (batch !== undefined) before.add(batch.id);
	const counted = new Map<number, number>();
	const reports = new Map<string, { readonly tests: Set<string>; lastMs: number }>();
	plant.begin();
	let [labLot, stepMs] = ["", 0];
	while (plant.nowMs < hours * hourMs) {
		stepMs = plant.nowMs + stepS * 1000;
		for (const { variable, value } of plant.step(stepMs)) {
			if (variable.key === "L900/Lot") labLot = String(value);
			else if (variable.unit === "L900" && variable.eu !== undefined) {
				const report = reports.get(labLot) ?? { tests: new Set(), lastMs: 0 };
				report.tests.add(variable.name);
				report.lastMs = stepMs;
				reports.set(labLot, report);
			}
		}
		for (const unit of plant.line.units) {
			const { batch } = unit;
			if (batch === undefined || before.has(batch.id)) continue;
			let one = begun.get(batch.id);
			if (one === undefined) {
				const number = (counted.get(batch.train) ?? 0) + 1;
				counted.set(batch.train, number);
				one = { batch, number, outside: new Set(), nearly: new Set() };
				begun.set(batch.id, one);
			}
			if (batch.causes.size > 0) one.hitMs ??= stepMs;
			for (const signal of unit.signals) {
				const { name } = signal.tag;
				if (isOutside(unit, signal, 0)) one.outside.add(name);
				if (isOutside(unit, signal, gaussianMax)) one.nearly.add(name);
			}
		}
	}
	return [...begun.values()]
		.filter(({ batch }) => Number.isFinite(batch.finishedS))
		.map(({ batch, number, outside, nearly, hitMs }) => {
			const quality = qualityOf(batch, parameters);
			const report = reports.get(batch.lot.id);
			return {
				lot: batch.lot.id,
				train: batch.train,
				number,
				quality,
				fails: lotTests.filter((test) => marginOf(test.id, quality) < 0).map(({ id }) => id),
				outside: [...outside].sort(),
				nearlyOutside: [...nearly].sort(),
				hitHours: hitMs === undefined ? undefined : hitMs / hourMs,
				reportedHours: report?.tests.size === lotTests.length ? report.lastMs / hourMs : 0,
			};
		});
}

/** How far inside its limits the true value of a test is, in standard deviations of what the laboratory reports. */
export function marginOf(id: TestId, quality: Quality): number {
	const test = lotTests.find((one) => one.id === id);
	if (test === undefined) throw new Error(`expected a test, found ${id}`);
	const { lsl = Number.NEGATIVE_INFINITY, usl = Number.POSITIVE_INFINITY } = test;
	const sd = test.rsd * Math.abs(quality[id]) + test.sd;
	return Math.min(quality[id] - lsl, usl - quality[id]) / sd;
}

/** Whether a quantity is outside its range where that counts, with so many standard deviations of its instrument's noise. */
function isOutside(unit: Unit, { tag, value }: Signal, deviations: number): boolean {
	if (typeof tag.sample !== "number") return false;
	if (!tag.phases.includes(unit.phase) || unit.elapsedS < tag.blankingS) return false;
	const { low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY } = tag.range;
	const noise = deviations * (tag.noiseSd + tag.noiseShare * Math.abs(value));
	return value - noise < low || value + noise > high;
}
