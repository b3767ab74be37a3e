import { expect, test } from "vitest";
import { LoadGenerator, type StatusShare } from "../../../simulators/load/generator.ts";

function run(statuses: readonly StatusShare[], tags: number, elapsedMs: number) {
	const generator = new LoadGenerator({ tags, valuesPerSecond: 1_000, statuses });
	const emitted: [tag: number, value: number, status: string | undefined][] = [];
	const emit = (...value: [number, number, string | undefined]) => emitted.push(value);
	generator.begin(emit);
	generator.advance(elapsedMs, 1_000_000, emit);
	return { generator, emitted };
}

test("each tag counts up by one in turn, and the ledger says how far", () => {
	const { generator, emitted } = run([], 3, 7);
	expect(emitted.map(([tag, value]) => [tag, value])).toEqual([
		[0, 1],
		[1, 1],
		[2, 1],
		[0, 2],
		[1, 2],
		[2, 2],
		[0, 3],
		[1, 3],
		[2, 3],
		[0, 4],
	]);
	expect([0, 1, 2].map((tag) => generator.count(tag))).toEqual([4, 3, 3]);
	expect(generator.produced).toBe(10);
});

test("what a held-up process owes comes in bounded bursts and is not forgotten", () => {
	const generator = new LoadGenerator({ tags: 10, valuesPerSecond: 1_000, statuses: [] });
	let emitted = 0;
	const count = () => {
		emitted++;
	};
	generator.begin(count);
	generator.advance(1_000, 600, count);
	expect(emitted).toBe(610);
	generator.advance(1_000, 600, count);
	expect(emitted).toBe(1_010);
});

test.each([2_000, 100, 7])(
	"shares of statuses are kept over all values and over the values of each of %i tags, the same in every run",
	(tags) => {
		const statuses = [
			{ status: "BadSensorFailure", share: 0.02 },
			{ status: "UncertainLastUsableValue", share: 0.25 },
		];
		const { generator, emitted } = run(statuses, tags, 400_000);
		const of = (status: string | undefined) => emitted.filter((value) => value[2] === status).length;
		expect(of("BadSensorFailure") / emitted.length).toBeCloseTo(0.02, 3);
		expect(of("UncertainLastUsableValue") / emitted.length).toBeCloseTo(0.25, 3);
		expect(generator.producedByStatus).toEqual({
			BadSensorFailure: of("BadSensorFailure"),
			UncertainLastUsableValue: of("UncertainLastUsableValue"),
		});
		const ofTag = emitted.filter(([tag]) => tag === 5);
		const share = ofTag.filter(([, , status]) => status === "UncertainLastUsableValue").length / ofTag.length;
		expect(share).toBeGreaterThan(0.15);
		expect(share).toBeLessThan(0.35);
		expect(run(statuses, tags, 1_000).emitted).toEqual(emitted.slice(0, tags + 1_000));
	},
);
