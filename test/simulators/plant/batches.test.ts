import { describe, expect, test } from "vitest";
import type { PlantWrite } from "../../../simulators/plant/pipeline.ts";
import { batchUnits, smallPlant } from "./small-line.ts";

const hourMs = 3_600_000;

interface Stay {
	readonly batch: string;
	readonly lot: string;
	readonly phase: string;
	readonly beganMs: number;
}

/** Every phase that each unit went through, with its batch and lot; and the laboratory's lots. */
function history(options: { batchesPerLot: number; hours: number }) {
	const plant = smallPlant({ seed: 3, startMs: 0, batchesPerLot: options.batchesPerLot });
	const context = new Map<string, string>();
	const stays = new Map<string, Stay[]>();
	const reported: { lot: string; atMs: number }[] = [];
	const bags: number[] = [];
	const take = (writes: PlantWrite[]) => {
		for (const { variable, value, timeMs } of writes) {
			context.set(variable.key, String(value));
			if (variable.key === "U700/K700.WT01") bags.push(timeMs);
			if (variable.unit === "L900" && variable.dataType === "Double") {
				reported.push({ lot: context.get("L900/Lot") ?? "", atMs: timeMs });
			}
			if (variable.name !== "Phase") continue;
			const own = stays.get(variable.unit) ?? [];
			stays.set(variable.unit, own);
			own.push({
				batch: context.get(`${variable.unit}/Batch`) ?? "",
				lot: context.get(`${variable.unit}/Lot`) ?? "",
				phase: String(value),
				beganMs: timeMs,
			});
		}
	};
	take(plant.begin());
	while (plant.nowMs < options.hours * hourMs) take(plant.step(plant.nowMs + 60_000));
	return { stays, reported, bags };
}

describe("with one batch per lot", () => {
	const { stays, reported, bags } = history({ batchesPerLot: 1, hours: 160 });
	const of = (unit: string) => stays.get(unit) ?? [];
	const begun = of("U200").filter(({ phase }) => phase === "PURGE");

	test("a new batch is charged within the first hour, and then at the pace of the furnace", () => {
		expect(begun[0]?.beganMs).toBeLessThanOrEqual(hourMs);
		const gapsH = begun
			.slice(2)
			.map(({ beganMs }, index) => (beganMs - (begun[index + 1]?.beganMs ?? 0)) / hourMs);
		for (const gapH of gapsH) expect(gapH).toBeCloseTo(17, 0);
	});

	test("two lots that begin after the line does are packed within 67 plant hours", () => {
		const second = begun[1]?.lot;
		const packed = of("U700").findIndex(({ lot, phase }) => lot === second && phase === "LABEL");
		expect(of("U700")[packed + 1]?.beganMs).toBeLessThan(67 * hourMs);
	});

	test("a batch goes through every phase of every unit, in order", () => {
		const batch = begun[0]?.batch;
		for (const unit of batchUnits) {
			const phases = of(unit.id).filter((stay) => stay.batch === batch);
			const walked = phases.map(({ phase }) => phase).filter((phase) => phase !== "HOLD");
			expect.soft(walked).toEqual(unit.phases.map(({ name }) => name));
		}
	});

	test("an idle unit has neither batch nor lot", () => {
		const idle = [...stays.values()].flat().filter(({ phase }) => phase === "IDLE");
		expect(idle.length).toBeGreaterThan(10);
		expect(new Set(idle.map(({ batch, lot }) => batch + lot))).toEqual(new Set([""]));
	});

	test("five bags are weighed per lot, and the laboratory has most results within 36 hours of packing", () => {
		const fill = of("U700").findIndex(({ lot, phase }) => lot === begun[0]?.lot && phase === "FILL");
		const [beganMs, sealedMs, packedMs] = [fill, fill + 1, fill + 4].map(
			(at) => of("U700")[at]?.beganMs ?? 0,
		);
		expect(bags.filter((atMs) => atMs >= Number(beganMs) && atMs <= Number(sealedMs))).toHaveLength(5);
		const results = reported.filter(({ lot }) => lot === begun[0]?.lot);
		// One of each of the 25 tests, and what is corrected a second time.
		expect(results.length).toBeGreaterThanOrEqual(25);
		expect(results.length).toBeLessThan(30);
		const waitsH = results.map(({ atMs }) => (atMs - Number(packedMs)) / hourMs).sort((a, b) => a - b);
		expect(waitsH[0]).toBeGreaterThan(12);
		expect(waitsH[20]).toBeGreaterThan(20);
		expect(waitsH[20]).toBeLessThanOrEqual(36);
	});
});

test("three batches of one lot are collected in the blender, blended once and packed together", () => {
	const { stays, bags } = history({ batchesPerLot: 3, hours: 130 });
	const lot = stays.get("U200")?.find(({ phase }) => phase === "PURGE")?.lot;
	const blender = (stays.get("U650") ?? []).filter((stay) => stay.lot === lot).map(({ phase }) => phase);
	expect(blender).toEqual(["MAGNET", "COLLECT", "MAGNET", "COLLECT", "MAGNET", "BLEND", "SAMPLE"]);
	const fill = stays.get("U700")?.find((stay) => stay.lot === lot && stay.phase === "FILL");
	expect(bags.filter((atMs) => atMs > Number(fill?.beganMs))).toHaveLength(15);
});
