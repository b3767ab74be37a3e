import { describe, expect, test } from "vitest";
import { ProcessLine } from "../../../../simulators/plant/model/line.ts";
import { modelSchema } from "../../../../simulators/plant/parameters.ts";
import { laboratoryVerdicts, ppkLower, run, undisturbed } from "./clean-line.ts";

describe("2,000 batches on which nothing goes wrong", () => {
	const parameters = undisturbed();
	const clean = run({ parameters, seed: 1, lots: 2000, judge: true });

	test("no value is outside its window", () => {
		expect(clean.outside.slice(0, 5)).toEqual([]);
	});

	test("more than 99 % pass at once, with a capability of 1.2 to 1.6", () => {
		const { firstPass, sigma, failed } = laboratoryVerdicts(clean.lots, parameters, 1);
		const ppk = ppkLower(sigma, 3);
		process.stdout.write(`first pass ${(100 * firstPass).toFixed(2)} %, Ppk ${ppk.toFixed(2)}\n`);
		expect(firstPass, failed.slice(0, 10).join("; ")).toBeGreaterThan(0.99);
		expect(ppk).toBeGreaterThan(1.2);
		expect(ppk).toBeLessThan(1.6);
	});
});

test("30 days of the large line, states and phases, take at most 60 s", () => {
	const parameters = modelSchema.parse({ size: { preset: "LP" } });
	const beganMs = performance.now();
	let phases = 0;
	const line = new ProcessLine({ parameters, seed: 1, onPhase: () => phases++ });
	line.advance(30 * 86_400);
	const tookS = (performance.now() - beganMs) / 1000;
	process.stdout.write(`30 days of LP: ${tookS.toFixed(1)} s, ${phases} phases\n`);
	expect(phases).toBeGreaterThan(10_000);
	expect(tookS).toBeLessThan(60);
});

test("with a special cause on 8 % of the batches, 92 to 96 % pass at once", () => {
	const parameters = modelSchema.parse({ special_causes: 0.08 });
	const { lots } = run({ parameters, seed: 3, lots: 1500 });
	const { firstPass } = laboratoryVerdicts(lots, parameters, 3);
	const hit =
		lots.filter(({ batches }) => batches.some(({ causes }) => causes.size > 0)).length / lots.length;
	process.stdout.write(
		`special causes on ${(100 * hit).toFixed(1)} %, first pass ${(100 * firstPass).toFixed(1)} %\n`,
	);
	expect(hit).toBeGreaterThan(0.06);
	expect(hit).toBeLessThan(0.1);
	expect(firstPass).toBeGreaterThan(0.92);
	expect(firstPass).toBeLessThan(0.96);
});
