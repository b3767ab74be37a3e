// Runs the process model and looks at each batch and each true value on the way.

import type { Batch, Lot } from "../../../../simulators/plant/model/batch.ts";
import type { IncidentOptions } from "../../../../simulators/plant/model/incident.ts";
import { Laboratory } from "../../../../simulators/plant/model/laboratory.ts";
import { lotTests, passes } from "../../../../simulators/plant/model/laboratory-tests.ts";
import { ProcessLine } from "../../../../simulators/plant/model/line.ts";
import { type Quality, qualityOf } from "../../../../simulators/plant/model/quality.ts";
import { gaussianMax } from "../../../../simulators/plant/model/random.ts";
import type { Signal } from "../../../../simulators/plant/model/signal.ts";
import type { Unit } from "../../../../simulators/plant/model/unit.ts";
import { type ModelParameters, modelSchema } from "../../../../simulators/plant/parameters.ts";

/** Parameters of a line on which nothing goes wrong by itself. */
export function undisturbed(size: Partial<ModelParameters["size"]> = {}): ModelParameters {
	return modelSchema.parse({ special_causes: 0, size });
}

/** The same with no spread from batch to batch: every batch is the mean one. */
export function mean(): ModelParameters {
	const parameters = undisturbed();
	const none = (section: Record<string, number>) =>
		Object.fromEntries(Object.keys(section).map((key) => [key, 0]));
	return modelSchema.parse({
		...parameters,
		variation: none(parameters.variation),
		warehouse: { ...parameters.warehouse, impurity_lot_wt_pct: 0, impurity_batch_wt_pct: 0 },
	});
}

export interface Run {
	readonly line: ProcessLine;
	readonly lots: readonly Lot[];
	/** `tag: value in phase`, for each value that an instrument at its worst would show outside its window. */
	readonly outside: readonly string[];
	/** Tags that were judged at least once. */
	readonly judged: ReadonlySet<string>;
}

/** Runs until `lots` lots are packed; looks at every true value every three minutes when told to `judge`. */
export function run(options: {
	parameters: ModelParameters;
	seed: number;
	lots: number;
	judge?: boolean;
	incidents?: readonly IncidentOptions[];
}): Run {
	const lots: Lot[] = [];
	const outside: string[] = [];
	const judged = new Set<string>();
	const judge = (unit: Unit, signal: Signal) => {
		const { tag, value } = signal;
		const { low, high } = tag.range;
		if (low === undefined && high === undefined) return;
		if (!tag.phases.includes(unit.phase) || unit.elapsedS < tag.blankingS) return;
		judged.add(tag.name);
		const noise = gaussianMax * (tag.noiseSd + tag.noiseShare * Math.abs(value));
		const rounding = tag.resolution / 2;
		if (
			value + noise + rounding > (high ?? Number.POSITIVE_INFINITY) ||
			value - noise - rounding < (low ?? Number.NEGATIVE_INFINITY)
		) {
			outside.push(`${tag.name}: ${value} in ${unit.phase}`);
		}
	};
	const line = new ProcessLine({
		parameters: options.parameters,
		seed: options.seed,
		incidents: options.incidents ?? [],
		onLot: (lot) => lots.push(lot),
		onHappening: ({ unit, signal }) => judge(unit, signal),
	});
	const limitS = (options.lots * 18 + 400) * 3600;
	while (lots.length < options.lots) {
		if (line.nowS > limitS)
			throw new Error(`expected ${options.lots} lots in ${limitS / 3600} h, found ${lots.length}`);
		line.advance(line.nowS + (options.judge === true ? 180 : 3600));
		if (options.judge !== true) continue;
		for (const unit of line.units) {
			for (const signal of unit.signals) if (typeof signal.tag.sample === "number") judge(unit, signal);
		}
	}
	return { line, lots, outside, judged };
}

export function batchesOf(lots: readonly Lot[]): Batch[] {
	return lots.flatMap(({ batches }) => batches);
}

export function qualities(lots: readonly Lot[], parameters: ModelParameters): Quality[] {
	return batchesOf(lots).map((batch) => qualityOf(batch, parameters));
}

/** What the laboratory finally reports of each lot (corrections done), and how many lots pass all tests. */
export function laboratoryVerdicts(
	lots: readonly Lot[],
	parameters: ModelParameters,
	seed: number,
): { firstPass: number; sigma: number[]; failed: string[] } {
	const laboratory = new Laboratory(parameters, seed);
	const sigma: number[] = [];
	const failed: string[] = [];
	let passed = 0;
	for (const lot of lots) {
		const batch = lot.batches[0] as Batch;
		laboratory.submit(lot.id, qualityOf(batch, parameters), batch.finishedS);
	}
	const last = new Map<string, Map<string, number>>();
	for (const result of laboratory.take(Number.POSITIVE_INFINITY)) {
		const ofLot = last.get(result.lot) ?? new Map<string, number>();
		last.set(result.lot, ofLot.set(result.test, result.value));
	}
	for (const [lot, results] of last) {
		const bad = lotTests.filter((one) => !passes(one, results.get(one.id) ?? Number.NaN));
		failed.push(...bad.map(({ id }) => `${lot} ${id} ${results.get(id)}`));
		if (bad.length === 0) passed += 1;
		sigma.push(results.get("sigma_ion") ?? Number.NaN);
	}
	return { firstPass: passed / lots.length, sigma, failed };
}

/** Capability against a lower limit, overall standard deviation. */
export function ppkLower(values: readonly number[], lower: number): number {
	const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
	const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
	return (mean - lower) / (3 * Math.sqrt(variance));
}
