import { describe, expect, test } from "vitest";
import { Laboratory, type LabResult, measure } from "../../../../simulators/plant/model/laboratory.ts";
import { lotTests } from "../../../../simulators/plant/model/laboratory-tests.ts";
import { blendOf, type Quality, qualityOf } from "../../../../simulators/plant/model/quality.ts";
import { Random } from "../../../../simulators/plant/model/random.ts";
import { batchesOf, run, undisturbed } from "./clean-line.ts";

const parameters = undisturbed();
const { lots } = run({ parameters, seed: 1, lots: 1 });
const quality = qualityOf(batchesOf(lots)[0] as ReturnType<typeof batchesOf>[0], parameters);
const hourS = 3600;

function reported(count: number, everyH: number): LabResult[] {
	const laboratory = new Laboratory(parameters, 5);
	for (let lot = 0; lot < count; lot++) laboratory.submit(`L${lot}`, quality, lot * everyH * hourS);
	return laboratory.take(Number.POSITIVE_INFINITY);
}

describe("the error of each method", () => {
	test.each(lotTests.map((one) => [one.id, one] as const))(
		"%s scatters as its repeatability says",
		(_id, one) => {
			const truth = quality[one.id as keyof Quality];
			const values = Array.from(
				{ length: 3000 },
				(_, index) =>
					measure(
						{ ...one, detectionLimit: undefined, digits: 12 },
						truth,
						new Random(3, one.id, index),
						parameters.laboratory,
					).value,
			);
			const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
			const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
			// Repeats take out the part of the scatter that they show.
			const session = one.id === "sigma_ion" ? 0.9 : 0.45;
			const share = Math.sqrt(session ** 2 + (1 - session ** 2) / one.repeats);
			expect(sd / ((one.rsd * truth + one.sd) * share)).toBeGreaterThan(0.9);
			expect(sd / ((one.rsd * truth + one.sd) * share)).toBeLessThan(1.1);
			expect(Math.abs(mean - truth) / sd).toBeLessThan(0.15);
		},
	);
});

describe("the queue", () => {
	const results = reported(200, 17);

	test("each lot is reported whole, 24 to 36 hours after packing unless it is late", () => {
		const first = results.filter(({ version }) => version === 1);
		expect(first).toHaveLength(200 * 25);
		const hours = first
			.filter(({ reason }) => reason === "")
			.map(({ lot, reportedS }) => reportedS / hourS - Number(lot.slice(1)) * 17);
		expect(Math.min(...hours)).toBeGreaterThan(12);
		const whole = new Map<string, number>();
		for (const { lot, reportedS, reason } of first) {
			if (reason === "")
				whole.set(lot, Math.max(whole.get(lot) ?? 0, reportedS / hourS - Number(lot.slice(1)) * 17));
		}
		const last = [...whole.values()].sort((a, b) => a - b);
		expect(last[100]).toBeGreaterThan(24);
		expect(last[190]).toBeLessThan(36);
	});

	test("some results are late, and some are corrected by a second version", () => {
		const late = results.filter(({ reason }) => reason === "late").length / results.length;
		expect(late).toBeGreaterThan(0.02);
		expect(late).toBeLessThan(0.04);
		const corrections = results.filter(({ version }) => version === 2);
		expect(corrections.length).toBeGreaterThan(50);
		for (const second of corrections) {
			const first = results.find(
				({ lot, test: id, version }) => lot === second.lot && id === second.test && version === 1,
			);
			expect(second.reportedS).toBeGreaterThan(first?.reportedS ?? Number.POSITIVE_INFINITY);
		}
	});

	test("a laboratory that gets a lot every two hours falls behind on its diffractometer", () => {
		const busy = reported(100, 2).filter(({ instrument }) => instrument === "XRD-1");
		const waits = busy.map(({ lot, measuredS }) => measuredS / hourS - Number(lot.slice(1)) * 2);
		expect(Math.max(...waits)).toBeGreaterThan(500);
	});
});

test("a value below the detection limit is reported as the limit, and says so", () => {
	const one = lotTests.find(({ id }) => id === "res_li2s") as (typeof lotTests)[0];
	const result = measure(one, 0.02, new Random(1, "x"), parameters.laboratory);
	expect(result).toMatchObject({ value: 0.3, belowLimit: true });
});

test("a lot of two batches is their mean by weight", () => {
	const other = { ...quality, sigma_ion: quality.sigma_ion + 1 };
	const lot = blendOf([
		{ quality, kg: 75 },
		{ quality: other, kg: 25 },
	]);
	expect(lot.sigma_ion).toBeCloseTo(quality.sigma_ion + 0.25, 9);
	expect(lot.d50).toBeCloseTo(quality.d50, 9);
});
