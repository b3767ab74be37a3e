import { expect, test } from "vitest";
import { Plant } from "../../../simulators/plant/model/plant.ts";
import { modelSchema } from "../../../simulators/plant/parameters.ts";

const hourMs = 3_600_000;

interface Told {
	readonly unit: string;
	readonly name: string;
	readonly value: string;
	readonly timeMs: number;
}

/** Every value of State, Interlock, BatchHold and Lot that the line writes in `hours`, and the first of each. */
function told(options: { hours: number; tags?: Record<string, "trip">; batchesPerLot?: number }): Told[] {
	const plant = new Plant({
		parameters: modelSchema.parse({
			special_causes: 0,
			size: { batches_per_lot: options.batchesPerLot ?? 1 },
			interlocks: options.tags === undefined ? {} : { tags: options.tags },
		}),
		seed: 1,
		startMs: 0,
		scenarios: [{ name: "furnace-overshoot", lot: 1, batches: 1 }],
	});
	const names = new Set(["State", "Interlock", "BatchHold", "Lot", "Batch"]);
	const values: Told[] = [];
	const take = (writes: ReturnType<Plant["step"]>) => {
		for (const { variable, value, timeMs } of writes) {
			if (!names.has(variable.name)) continue;
			values.push({ unit: variable.unit, name: variable.name, value: String(value), timeMs });
		}
	};
	take(plant.begin());
	while (plant.nowMs < options.hours * hourMs) take(plant.step(plant.nowMs + 60_000));
	return values;
}

test("the tags tell which interlock stands, and the hold goes with its batch to the end of the line", () => {
	const values = told({ hours: 60 });
	const of = (unit: string, name: string) =>
		values.filter((one) => one.unit === unit && one.name === name && one.value !== "");
	const texts = of("U500", "Interlock").map(({ value }) => value);
	expect(texts[0]).toBe("hold-batch F500.TT01 HH");
	expect(texts).toContain("hold-batch F500.TT01 HH; hold-batch F500.TT02 HH; hold-batch F500.TT03 HH");
	// It stands no longer than the quantity is away.
	expect(values.findLast(({ unit, name }) => unit === "U500" && name === "Interlock")?.value).toBe("");
	for (const unit of ["U600", "U650", "U700"]) {
		const holds = of(unit, "BatchHold");
		expect(
			holds.map(({ value }) => value),
			unit,
		).toEqual(["F500.TT01 HH, F500.TT02 HH, F500.TT03 HH, F500.PT02 HH"]);
		// It comes with the batch, at the same time.
		const batch = values.find(
			({ unit: at, name, timeMs }) => at === unit && name === "Batch" && timeMs === holds[0]?.timeMs,
		);
		expect(batch?.value).toMatch(/^B\d{6}$/);
	}
	for (const unit of ["U200", "U300", "U310", "U400"]) expect(of(unit, "BatchHold")).toEqual([]);
	expect(new Set(of("U500", "State").map(({ value }) => value))).not.toContain("TRIPPED");
});

test("a trip shows as the state of its unit, and RUNNING again when the line goes on", () => {
	const states = told({ hours: 60, tags: { "F500.TT01": "trip" } })
		.filter(({ unit, name }) => unit === "U500" && name === "State")
		.map(({ value }) => value);
	const at = states.indexOf("TRIPPED");
	expect(at).toBeGreaterThan(0);
	expect(states.slice(at - 1, at + 2)).toEqual(["RUNNING", "TRIPPED", "RUNNING"]);
});

test("where a lot of two batches is blended and packed, one of them on hold holds it", () => {
	const values = told({ hours: 110, batchesPerLot: 2 });
	const packed = values.filter(
		({ unit, name, value }) => unit === "U700" && name === "BatchHold" && value !== "",
	);
	expect(packed.map(({ value }) => value)).toEqual(["F500.TT01 HH, F500.TT02 HH, F500.TT03 HH"]);
});

test("undisturbed, no interlock stands at any time", () => {
	const plant = new Plant({ parameters: modelSchema.parse({ special_causes: 0 }), seed: 8, startMs: 0 });
	const found: string[] = [];
	const take = (writes: ReturnType<Plant["step"]>) => {
		for (const { variable, value } of writes) {
			if ((variable.name === "Interlock" || variable.name === "BatchHold") && value !== "")
				found.push(String(value));
		}
	};
	take(plant.begin());
	while (plant.nowMs < 150 * hourMs) take(plant.step(plant.nowMs + 60_000));
	expect(found).toEqual([]);
});
