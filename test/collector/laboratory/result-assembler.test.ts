import fc from "fast-check";
import { expect, test } from "vitest";
import { ResultAssembler } from "../../../collector/laboratory/result-assembler.ts";
import type { LabResult, RefusedResult } from "../../../collector/laboratory-port.ts";
import { batchOf, recordsOf, samplesOf, series, server, type Told, type ToldRecord } from "./told-results.ts";

/** What is in the store after batches, the last of which says that the device is complete. */
class Assembly {
	assembler = this.#made(undefined);
	readonly results = new Map<string, LabResult>();
	readonly refused = new Map<string, RefusedResult>();
	#state: string | undefined;

	#made(state: string | undefined): ResultAssembler {
		const made = new ResultAssembler([server], { throughs: [], state });
		for (const one of series) made.addSeries(one);
		return made;
	}

	batch(records: readonly ToldRecord[], throughMs?: number, fails = false): void {
		const batch = batchOf(records, throughMs);
		const told = this.assembler.take(batch);
		if (fails) {
			this.assembler.discard();
			return;
		}
		this.assembler.keep();
		if (told === undefined) return;
		for (const result of told.results) this.results.set(result.id, result);
		for (const id of told.withdrawn) this.refused.delete(id);
		for (const row of told.refused) this.refused.set(row.id, row);
		this.#state = told.state ?? this.#state;
	}

	/** The collector ends and starts again. */
	again(): void {
		this.assembler = this.#made(this.#state);
	}

	get told() {
		const results = [...this.results.values()].map(({ lot, test, value, repeats, version, reportedMs }) =>
			JSON.stringify([lot, test, value, repeats, version, reportedMs]),
		);
		return { results: results.toSorted(), refused: [...this.refused.keys()].toSorted() };
	}
}

const expected = (told: readonly Told[]) =>
	[
		...new Set(
			told.map(({ lot, test, value, repeats, version = 1, atMs }) =>
				JSON.stringify([lot, test, value, repeats, version, atMs]),
			),
		),
	].toSorted();

const d50: Told = { lot: "L1", test: "d50", value: 3.02, repeats: [3, 3.04, 3.02], atMs: 100 };
const d90: Told = { ...d50, test: "d90", value: 7.1, repeats: [7.1] };

test("a result is put together from its fields, with everything that it says", () => {
	const assembly = new Assembly();
	assembly.batch(recordsOf(samplesOf(d50), []));
	expect([...assembly.results.values()]).toEqual([
		{
			...{
				id: expect.stringMatching(/^[0-9a-f]{32}$/),
				lot: "L1",
				material: "",
				sample: "L1-S1",
				test: "d50",
			},
			...{ eu: "um", value: 3.02, censored: undefined, repeats: [3, 3.04, 3.02], operator: "lab-1" },
			...{ instrument: "LD-1", calibrationDueMs: undefined, method: "Laser", detectionLimit: undefined },
			...{ temperatureC: 25.1, measuredMs: 99, reportedMs: 100, version: 1, reason: "", road: "opcua" },
			...{ enteredMs: 1_000, enteredBy: "" },
		},
	]);
});

test("a field without a value that is a record of its own holds the parts of a result together", () => {
	const samples = samplesOf({ lot: "L1", test: "d10", value: 0, repeats: [], atMs: 100 });
	for (let cut = 1; cut < samples.length - 1; cut++) {
		const assembly = new Assembly();
		for (const record of recordsOf(samples, [cut, cut + 1])) assembly.batch([record]);
		assembly.batch([], 1_000);
		expect([cut, assembly.results.size, assembly.refused.size]).toEqual([cut, 1, 0]);
	}
});

const toldResults = fc
	.array(
		fc.record({
			lot: fc.constantFrom("L1", "L2"),
			test: fc.constantFrom("d10", "d50", "d90"),
			value: fc.integer({ min: 0, max: 3 }),
			repeats: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 3 }),
			atMs: fc.constantFrom(100, 200),
			version: fc.constantFrom(1, 2),
		}),
		{ minLength: 1, maxLength: 6 },
	)
	.map((told) => told.toSorted((a, b) => a.atMs - b.atMs));

test("order, splitting and duplication of arrival, failed commits and restarts make no difference", () => {
	fc.assert(
		fc.property(
			toldResults,
			fc.array(fc.nat(120), { maxLength: 8 }),
			fc.array(fc.nat(120), { maxLength: 8 }),
			fc.array(fc.nat(1_000), { minLength: 20, maxLength: 20 }),
			fc.array(
				fc.record({ size: fc.integer({ min: 1, max: 4 }), fails: fc.boolean(), again: fc.boolean() }),
				{
					minLength: 1,
					maxLength: 8,
				},
			),
			fc.nat(250),
			(told, cuts, otherCuts, turns, batches, earlyMs) => {
				const samples = told.flatMap(samplesOf);
				const within = (list: number[]) => list.filter((cut) => cut > 0 && cut < samples.length);
				// The journal that began anew holds everything once more, cut otherwise.
				const records = [...recordsOf(samples, within(cuts)), ...recordsOf(samples, within(otherCuts), 8)];
				const shuffled = records
					.map((record, index) => ({ record, turn: turns[index % turns.length] as number, index }))
					.toSorted((a, b) => a.turn - b.turn || a.index - b.index)
					.map(({ record }) => record);
				const assembly = new Assembly();
				for (let from = 0, turn = 0; from < shuffled.length; turn++) {
					const { size, fails, again } = batches[turn % batches.length] as (typeof batches)[number];
					const some = shuffled.slice(from, from + size);
					if (fails) assembly.batch(some, earlyMs, true);
					assembly.batch(some, earlyMs);
					if (again) assembly.again();
					from += size;
				}
				assembly.batch([], 1_000);
				expect(assembly.told).toEqual({ results: expected(told), refused: [] });
			},
		),
		{ numRuns: 400 },
	);
});

test("a record that never comes makes no result, and what it left is refused, whatever came in between and in which order", () => {
	fc.assert(
		fc.property(
			toldResults,
			fc.array(fc.nat(120), { minLength: 1, maxLength: 8 }),
			fc.nat(20),
			fc.array(fc.nat(1_000), { minLength: 10, maxLength: 10 }),
			(told, cuts, lost, turns) => {
				const samples = told.flatMap(samplesOf);
				const records = recordsOf(
					samples,
					cuts.filter((cut) => cut > 0 && cut < samples.length),
				);
				const left = records.filter((_, index) => index !== lost % records.length);
				const one = new Assembly();
				one.batch(left);
				one.batch([], 1_000);
				const other = new Assembly();
				const shuffled = left
					.map((record, index) => ({ record, turn: turns[index % turns.length] as number, index }))
					.toSorted((a, b) => a.turn - b.turn || a.index - b.index);
				for (const { record } of shuffled) other.batch([record], 1_000);
				expect(other.told).toEqual(one.told);
				const all = new Set(expected(told));
				expect(one.told.results.filter((result) => !all.has(result))).toEqual([]);
			},
		),
		{ numRuns: 300 },
	);
});

test("the tail of one result and the head of the next never become one, even when together they have every field", () => {
	const samples = [d50, d90, { ...d50, test: "dmax" }].flatMap(samplesOf);
	const each = samples.length / 3;
	// The middle of it is lost, as much as one result is long.
	const [head, , tail] = recordsOf(samples, [each + 4, 2 * each + 4]) as [ToldRecord, ToldRecord, ToldRecord];
	const assembly = new Assembly();
	assembly.batch([head, tail], 100);
	expect(assembly.told.results).toEqual(expected([d50]));
	expect([...assembly.refused.values()].map(({ code, where }) => `${code} ${where}`)).toEqual([
		"INCOMPLETE L900/Result at 1970-01-01T00:00:00.100Z",
		"INCOMPLETE L900/Result at 1970-01-01T00:00:00.100Z",
	]);
});

test("a refusal is withdrawn when the rest comes after all", () => {
	const assembly = new Assembly();
	const [head, tail] = recordsOf(samplesOf(d50), [5]) as [ToldRecord, ToldRecord];
	assembly.batch([head]);
	expect(assembly.told).toEqual({ results: [], refused: [] });
	assembly.batch([], 100);
	const [refusal] = [...assembly.refused.values()];
	expect(refusal?.message).toBe(
		"expected every field in the order of laboratory.fields, found none of BelowDetectionLimit, Operator, Instrument, Method, DetectionLimit, SampleTemperature, MeasuredTime, Version, Reason",
	);
	assembly.again();
	assembly.batch([tail]);
	expect(assembly.told).toEqual({ results: expected([d50]), refused: [] });
});

test("a part that is told again whole, as after a crash of the agent, is no incomplete result", () => {
	for (const wholeFirst of [true, false]) {
		const assembly = new Assembly();
		const [part] = recordsOf(samplesOf(d50), [6]) as [ToldRecord];
		const whole = recordsOf(samplesOf(d50), [], 8);
		assembly.batch(wholeFirst ? whole : [part], 100);
		assembly.batch(wholeFirst ? [part] : whole, 100);
		expect(assembly.told).toEqual({ results: expected([d50]), refused: [] });
	}
});

test("fields without a value, as while nothing is connected, say nothing; one that is not Good is no value", () => {
	const assembly = new Assembly();
	const bad = samplesOf(d50).map((sample) => ({ ...sample, value: null, status: 0x80310000 }));
	assembly.batch(recordsOf(bad, [7]), 1_000);
	expect(assembly.told).toEqual({ results: [], refused: [] });
	const uncertain = samplesOf(d50).map((sample) =>
		sample.value === 3.02 && sample.series === 5 ? { ...sample, status: 0x40000000 } : sample,
	);
	assembly.batch(recordsOf(uncertain, []));
	expect([...assembly.results.values()].map(({ value }) => value)).toEqual([undefined]);
});

test.each<[string, Partial<Told>, string]>([
	["no lot", { lot: "" }, "NO_LOT expected a lot, found none"],
	["no test", { test: " " }, "NO_TEST expected a test, found none"],
	["a version of 0", { version: 0 }, "VERSION_INVALID expected a version from 1, found 0"],
	["a lot of 501 characters", { lot: "x".repeat(501) }, "TOO_LONG Lot: expected at most 500 characters"],
])("a result with %s is kept aside, named", (_, change, message) => {
	const assembly = new Assembly();
	assembly.batch(recordsOf(samplesOf({ ...d50, ...change }), []));
	expect([...assembly.refused.values()].map((row) => `${row.code} ${row.message}`)).toEqual([message]);
	expect(assembly.results.size).toBe(0);
});

test("what waits for its rest is bounded; the oldest is refused for it", () => {
	const assembly = new Assembly();
	for (let index = 0; index < 600; index++) {
		const [head] = recordsOf(samplesOf({ ...d50, atMs: 100 + index }), [5]) as [ToldRecord];
		assembly.batch([{ ...head, offset: 2 * index + 1 }]);
	}
	expect(assembly.refused.size).toBe(100);
});
