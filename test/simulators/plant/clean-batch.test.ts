import { describe, expect, test } from "vitest";
import { lotTests } from "../../../simulators/plant/model/laboratory-tests.ts";
import type { PlantScenario } from "../../../simulators/plant/model/plant.ts";
import { batchUnits, instrumentTags, smallPlant } from "./small-line.ts";
import {
	laboratoryTests,
	materialTests,
	phaseAggregates,
	streamWindows,
	WindowJudge,
} from "./specification-windows.ts";

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 0, 5);

function judged(options: {
	seed: number;
	hours: number;
	stepS: number;
	scenarios?: PlantScenario[];
}): WindowJudge {
	const plant = smallPlant({ seed: options.seed, startMs, scenarios: options.scenarios ?? [] });
	const judge = new WindowJudge();
	for (const write of plant.begin()) judge.take(write);
	while (plant.nowMs < startMs + options.hours * hourMs) {
		for (const write of plant.step(plant.nowMs + options.stepS * 1000)) judge.take(write);
	}
	return judge;
}

describe("the specification of the example", () => {
	test("judges at least twenty tags, each in its own unit, phases, engineering unit and range", () => {
		expect(streamWindows.length).toBeGreaterThanOrEqual(20);
		expect(new Set(streamWindows.map(({ id }) => id)).size).toBe(streamWindows.length);
		for (const window of streamWindows) {
			const tag = instrumentTags.find(({ name }) => name === window.tag);
			const { id, unit, eu, low, high, phases } = window;
			expect.soft({ id, unit, eu, low, high, phases }).toEqual({
				id,
				unit: tag?.unit,
				eu: tag?.eu,
				low: tag?.range.low,
				high: tag?.range.high,
				phases: tag?.phases,
			});
			const known = batchUnits.find((candidate) => candidate.id === unit)?.phases.map(({ name }) => name);
			expect.soft(known ?? ["RUN"]).toEqual(expect.arrayContaining(phases));
		}
	});

	test("makes its aggregates from tags of their own unit, in phases that the unit has", () => {
		for (const { id, unit, tag, eu, basis, phases } of phaseAggregates) {
			const instrument = instrumentTags.find(({ name }) => name === tag);
			const suffix = { integral: " h", rate: "/h" }[basis] ?? "";
			const expected = basis === "time_outside" ? "h" : `${instrument?.eu}${suffix}`;
			expect.soft({ id, unit, eu }).toEqual({ id, unit: instrument?.unit, eu: expected });
			const known = batchUnits.find((candidate) => candidate.id === unit)?.phases.map(({ name }) => name);
			expect.soft(known).toEqual(expect.arrayContaining(phases));
		}
	});

	test("judges every critical process parameter, the 25 tests of the laboratory and all raw materials", () => {
		const critical = instrumentTags.filter((tag) => tag.class === "CPP").map(({ name }) => name);
		const judgedTags = new Set([...streamWindows, ...phaseAggregates].map(({ tag }) => tag));
		expect(critical.filter((tag) => !judgedTags.has(tag))).toEqual([]);
		const limits = (all: readonly { id: string; eu: string; low?: number; high?: number }[]) =>
			all.map(({ id, eu, low, high }) => ({ id, eu, low, high }));
		expect(limits(laboratoryTests)).toEqual(
			limits(lotTests.map(({ id, eu, lsl: low, usl: high }) => ({ id, eu, low, high }) as never)),
		);
		expect([...new Set(materialTests.map(({ material }) => material))]).toEqual([
			"Li2S",
			"P2S5",
			"LiCl",
			"solvent",
			"argon",
		]);
	});
});

describe("a clean batch", () => {
	for (const seed of [1, 2, 20_260_105]) {
		test(`is inside every window, seed ${seed}`, () => {
			const judge = judged({ seed, hours: 120, stepS: 20 });
			expect(judge.outside.slice(0, 5)).toEqual([]);
			// Nothing is inside for want of samples.
			expect([...judge.judged.keys()].sort()).toEqual(streamWindows.map(({ id }) => id).sort());
			expect([...judge.numbers.keys()].sort()).toEqual(phaseAggregates.map(({ id }) => id).sort());
		});
	}

	test("is inside every window at other steps as well, because the lag is integrated exactly", () => {
		const hoursOf: Record<number, number> = { 1: 8, 7: 40, 60: 90 };
		for (const stepS of [1, 7, 60]) {
			const judge = judged({ seed: 9, hours: hoursOf[stepS] ?? 90, stepS });
			expect(judge.outside.slice(0, 5)).toEqual([]);
		}
	});
});

describe("dew-point-excursion", () => {
	let judge: WindowJudge | undefined;
	const excursion = () => {
		if (judge !== undefined) return judge;
		const scenarios: PlantScenario[] = [{ name: "dew-point-excursion", lot: 1 }];
		judge = judged({ seed: 1, hours: 75, stepS: 20, scenarios });
		return judge;
	};

	test("takes the room's dew point out of its window for longer than its delay, in one lot only", () => {
		const { outside } = excursion();
		const room = outside.filter(({ window }) => window === "K700.AT03-pack");
		const delayS = streamWindows.find(({ id }) => id === "K700.AT03-pack")?.on_delay_s ?? 0;
		// Every sample after blanking, from then until the bags are sealed.
		const first = room[0];
		const last = room.at(-1);
		expect((Number(last?.timeMs) - Number(first?.timeMs)) / 1000).toBeGreaterThan(10 * delayS);
		expect(new Set(room.map(({ lot }) => lot))).toEqual(new Set(["L00040"]));
		expect(Math.max(...room.map(({ value }) => value))).toBeGreaterThan(-37);
		expect(Math.max(...room.map(({ value }) => value))).toBeLessThan(-28);
	});

	test("shows the wheel before room and gas, and nothing else", () => {
		const { outside } = excursion();
		const began = (id: string) => outside.find(({ window }) => window === id)?.timeMs ?? Number.NaN;
		expect(began("Y830.TT01-wheel")).toBeLessThan(began("K700.AT03-pack"));
		expect(began("Y830.TT01-wheel")).toBeLessThan(began("K700.AT04-pack"));
		// The bags lie open for longer as well.
		const windows = ["K700.AT03-pack", "K700.AT04-pack", "K700.KT01-open", "Y830.TT01-wheel"];
		expect([...new Set(outside.map(({ window }) => window))].sort()).toEqual(windows);
	});

	test("is over within a few hours of packing", () => {
		const { outside } = excursion();
		const times = outside.map(({ timeMs }) => timeMs);
		expect(Math.max(...times) - Math.min(...times)).toBeLessThan(4 * hourMs);
	});
});
