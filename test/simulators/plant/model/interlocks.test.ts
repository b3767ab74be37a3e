import { describe, expect, test } from "vitest";
import type { Batch } from "../../../../simulators/plant/model/batch.ts";
import type { IncidentOptions } from "../../../../simulators/plant/model/incident.ts";
import { actionOf, Interlocks } from "../../../../simulators/plant/model/interlocks.ts";
import { ProcessLine } from "../../../../simulators/plant/model/line.ts";
import { Signal } from "../../../../simulators/plant/model/signal.ts";
import { tagNamed, tags } from "../../../../simulators/plant/model/tags.ts";
import type { Unit } from "../../../../simulators/plant/model/unit.ts";
import { type ModelParameters, modelSchema } from "../../../../simulators/plant/parameters.ts";
import { mean } from "./clean-line.ts";

const rule = mean().interlocks;

/** The interlocks of one instrument in the phase it is judged in, and a way to let time pass at a value. */
function watching(name: string, changed: Partial<ModelParameters["interlocks"]> = {}) {
	const tag = tagNamed(name);
	const signal = new Signal(tag, 0);
	const interlocks = new Interlocks([signal], { ...rule, ...changed });
	const held = new Set<string>();
	const pass = (value: number, seconds: number, steadyS = tag.blankingS) => {
		signal.settle(value);
		for (let second = 0; second < seconds; second += 10)
			interlocks.look(tag.phases[0] ?? "", steadyS, 10, held);
		return interlocks.text;
	};
	return { interlocks, held, pass };
}

describe("an interlock", () => {
	test("stands once its quantity has been beyond the outer limit for its delay, and not at the warning limit", () => {
		const { pass } = watching("M310.VT01");
		expect(pass(6, 600)).toBe("");
		expect(pass(7.2, 20)).toBe("");
		expect(pass(6, 10)).toBe("");
		expect(pass(7.2, 20)).toBe("");
		expect(pass(7.2, 10)).toBe("trip M310.VT01 HH");
	});

	test("lets go when the quantity has been within its warning limit for long enough, and no earlier", () => {
		const { pass, interlocks } = watching("M310.VT01");
		pass(8, 60);
		expect([interlocks.stops, interlocks.trips]).toEqual([true, true]);
		expect(pass(5, 3000)).toBe("trip M310.VT01 HH");
		expect(pass(4, 590)).toBe("trip M310.VT01 HH");
		expect(pass(4, 10)).toBe("");
		expect(interlocks.stops).toBe(false);
	});

	test("does not look while the quantity is still arriving, nor in other phases", () => {
		const { pass } = watching("M310.VT01");
		expect(pass(8, 600, 60)).toBe("");
		const signal = new Signal(tagNamed("M310.VT01"), 9);
		const interlocks = new Interlocks([signal], rule);
		interlocks.look("DRAIN", 1000, 600, undefined);
		expect(interlocks.text).toBe("");
	});

	test("of a critical parameter puts the batch on hold, and the phase goes on", () => {
		const { pass, held, interlocks } = watching("F500.TT01");
		expect(pass(530, 60)).toBe("hold-batch F500.TT01 HH");
		expect([interlocks.stops, interlocks.trips]).toEqual([false, false]);
		expect(pass(500, 10)).toBe("");
		expect([...held]).toEqual(["F500.TT01 HH"]);
	});

	test("of safety stops the phase until a person lets the line go on in spite of it", () => {
		const { pass, interlocks } = watching("K700.AT04");
		expect(pass(1.5, 60)).toBe("hold-phase K700.AT04 HH");
		expect([interlocks.stops, interlocks.trips]).toEqual([true, false]);
		expect(pass(1.5, 7200)).toBe("hold-phase K700.AT04 HH overridden");
		expect(interlocks.stops).toBe(false);
		expect(pass(0.1, 600)).toBe("");
	});

	test("is what the rule says: by tag before by class, and none of it where it says none", () => {
		expect(actionOf(tagNamed("F500.TT01"), rule)).toBe("hold-batch");
		expect(actionOf(tagNamed("F500.TT01"), { ...rule, tags: { "F500.TT01": "trip" } })).toBe("trip");
		expect(actionOf(tagNamed("F500.TT01"), { ...rule, cpp: "hold-phase" })).toBe("hold-phase");
		const { pass } = watching("M310.VT01", { pp: "none" });
		expect(pass(20, 600)).toBe("");
	});
});

test("every tag with an outer limit has an action, and each of the low limits works as well", () => {
	for (const tag of tags) {
		const { lowLow, highHigh } = tag.range;
		for (const [value, limit] of [
			[lowLow === undefined ? undefined : lowLow - Math.abs(lowLow) * 0.01 - 1e-12, "LL"],
			[highHigh === undefined ? undefined : highHigh + Math.abs(highHigh) * 0.01 + 1e-12, "HH"],
		] as const) {
			if (value === undefined || tag.phases.length === 0) continue;
			const { pass } = watching(tag.name);
			expect(pass(value, 60), tag.name).toBe(`${actionOf(tag, rule)} ${tag.name} ${limit}`);
		}
	}
});

interface Course {
	readonly states: Map<string, number>;
	readonly batches: Batch[];
	readonly texts: Set<string>;
	/** Seconds that the unit was in the phase. */
	readonly phaseS: number;
	readonly line: ProcessLine;
}

/** Runs two lots and watches one unit in one phase of the second batch. */
function course(options: {
	parameters: ModelParameters;
	incidents: IncidentOptions[];
	unit: string;
	phase: string;
	look?: (unit: Unit) => void;
}): Course {
	const batches: Batch[] = [];
	const states = new Map<string, number>();
	const texts = new Set<string>();
	let phaseS = 0;
	const line = new ProcessLine({
		parameters: options.parameters,
		seed: 1,
		incidents: options.incidents,
		onLot: (lot) => batches.push(...lot.batches),
	});
	const unit = line.units.find(({ id }) => id === options.unit) as Unit;
	while (batches.length < 2) {
		line.advance(line.nowS + 30);
		if (unit.interlock !== "") texts.add(unit.interlock);
		if (unit.batch?.inTrain !== 2 || unit.phase !== options.phase) continue;
		phaseS += 30;
		states.set(unit.state, (states.get(unit.state) ?? 0) + 30);
		options.look?.(unit);
	}
	return { states, batches, texts, phaseS, line };
}

const value = (unit: Unit, tag: string) =>
	unit.signals.find((one) => one.tag.name === tag)?.value ?? Number.NaN;

test("a furnace that trips on overtemperature cools, comes back to its course, and still gives the whole soak", () => {
	const base = mean();
	const trip = modelSchema.parse({
		...base,
		interlocks: { ...base.interlocks, tags: { "F500.TT01": "trip" } },
	});
	const incidents: IncidentOptions[] = [{ name: "furnace-overshoot", train: 1, batch: 2, batches: 1 }];
	const heater: number[] = [];
	const watch = { unit: "U500", phase: "SOAK", incidents };
	const tripped = course({
		...watch,
		parameters: trip,
		look: (unit) => {
			if (unit.state === "TRIPPED") heater.push(value(unit, "F500.JT01"));
		},
	});
	expect([...tripped.texts].some((text) => text.startsWith("trip F500.TT01 HH"))).toBe(true);
	expect(tripped.states.get("TRIPPED")).toBeGreaterThan(600);
	expect(heater.at(-1)).toBeLessThan(0.01);
	// The time off is not counted as soak, so the phase takes that much longer.
	expect(tripped.phaseS).toBeGreaterThan(240 * 60 + 600);
	// By the rule as it comes, the same batch is put on hold and goes through.
	const held = course({ ...watch, parameters: base });
	expect(held.states).toEqual(new Map([["RUNNING", 240 * 60]]));
	expect(held.batches[1]?.holds).toContain("F500.TT01 HH");
	expect([...(held.batches[0]?.holds ?? [])]).toEqual([]);
	// Energy is accounted for through a trip as well.
	const a = tripped.batches[1]?.accounts;
	const went = (a?.furnaceLostKwh ?? 0) + (a?.furnaceCooledKwh ?? 0) + (a?.furnaceStoredKwh ?? 0);
	expect(Math.abs(went / (a?.furnaceInKwh ?? 1) - 1)).toBeLessThan(1e-3);
});

test("a mill whose slurry boils over its limit stops and goes on by itself, and the batch gets its energy", () => {
	const base = mean();
	const hot = modelSchema.parse({ ...base, mill: { ...base.mill, cooling_kw_k: 0.035 } });
	const { states, batches, texts } = course({
		parameters: hot,
		incidents: [],
		unit: "U310",
		phase: "MILL",
	});
	expect(texts).toContain("trip M310.TT01 HH");
	expect(states.get("TRIPPED")).toBeGreaterThan(600);
	expect(states.get("RUNNING")).toBeGreaterThan(3600);
	expect(batches[1]?.history.milledKwhKg).toBeGreaterThan(1);
	// What cools meanwhile is accounted for, too.
	const a = batches[1]?.accounts;
	const went = (a?.millJacketKwh ?? 0) + (a?.millLostKwh ?? 0) + (a?.millStoredKwh ?? 0);
	expect(Math.abs(went / (a?.millInKwh ?? 1) - 1)).toBeLessThan(1e-3);
});

test("while the scrubber is down its unit says so and no batch is charged, until a person lets the line go on", () => {
	const line = new ProcessLine({
		// Long enough for a charge to fall due meanwhile.
		parameters: modelSchema.parse({ ...mean(), size: { preset: "LP" }, interlocks: { longest_s: 6 * 3600 } }),
		seed: 1,
		incidents: [{ name: "abatement-failure", train: 3, batch: 2, batches: 6 }],
	});
	const charged = () => line.trains.reduce((sum, train) => sum + train.charged, 0);
	const texts = new Set<string>();
	let waited = 0;
	let before = { state: "RUNNING", charged: 0 };
	while (line.nowS < 60 * 3600) {
		line.advance(line.nowS + 60);
		const { state, interlock } = line.abatement;
		for (const text of interlock.split("; ")) texts.add(text);
		const due = line.trains.some(({ first, nextReleaseS }) => first.free && nextReleaseS < line.nowS);
		if (state === "HELD" && before.state === "HELD") {
			expect(charged()).toBe(before.charged);
			if (due) waited += 60;
		}
		before = { state, charged: charged() };
	}
	expect(waited).toBeGreaterThan(600);
	expect(texts).toContain("hold-phase S900.FT01 LL");
	expect(texts).toContain("hold-phase S900.FT01 LL overridden");
	expect(line.abatement.state).toBe("RUNNING");
	expect(charged()).toBeGreaterThan(20);
});
