import { expect, test } from "vitest";
import type { Batch } from "../../../simulators/plant/model/batch.ts";
import { Laboratory } from "../../../simulators/plant/model/laboratory.ts";
import { qualityOf } from "../../../simulators/plant/model/quality.ts";
import { run, undisturbed } from "./model/clean-line.ts";
import { laboratoryTests } from "./specification-windows.ts";

test("a clean lot has no result outside its alert limits, or outside its window", () => {
	const parameters = undisturbed();
	const { lots } = run({ parameters, seed: 4, lots: 100 });
	const laboratory = new Laboratory(parameters, 4);
	for (const lot of lots) {
		const batch = lot.batches[0] as Batch;
		laboratory.submit(lot.id, qualityOf(batch, parameters), batch.finishedS);
	}
	const results = laboratory.take(Number.POSITIVE_INFINITY);
	const corrected = new Set(
		results.filter(({ version }) => version > 1).map(({ lot, test: id }) => `${lot} ${id}`),
	);
	const outside: string[] = [];
	for (const { lot, test: id, value, version } of results) {
		// The first report of a result that was corrected is a slip.
		if (version === 1 && corrected.has(`${lot} ${id}`)) continue;
		const window = laboratoryTests.find((one) => one.test === id);
		if (window === undefined) throw new Error(`expected a window of ${id}, found none`);
		const low = window.alert_low ?? window.low ?? Number.NEGATIVE_INFINITY;
		const high = window.alert_high ?? window.high ?? Number.POSITIVE_INFINITY;
		if (value < low || value > high) outside.push(`${lot} ${id} ${value}`);
	}
	expect(outside).toEqual([]);
	expect(new Set(results.map(({ test: id }) => id)).size).toBe(25);
});
