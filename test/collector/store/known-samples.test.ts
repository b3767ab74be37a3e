import { afterEach, beforeEach, expect, test } from "vitest";
import { readKnownSamples } from "../../../collector/store/known-samples.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";
import { beganMs, KnownStore } from "./known-store.ts";

let store: KnownStore;
beforeEach(() => {
	store = new KnownStore();
	store.series("U500", "T1", "Double");
	store.series("U500", "T2", "String");
});
afterEach(() => store.remove());

function asked(series: number, sourceMs: number, value: SampleValue, status = 0): boolean {
	const samples = new SampleColumns(1);
	samples.count = 1;
	samples.tagId[0] = series;
	samples.sourceMs[0] = sourceMs;
	samples.status[0] = status;
	samples.setValue(0, value);
	return readKnownSamples(store.file, { edgeNode: 1, device: "U500", samples })[0] as boolean;
}

test("only an equal series, source time, status and value of that edge node is known", () => {
	store.record("U500", [
		{ tag: "T1", atMs: beganMs, value: 0.1 },
		{ tag: "T1", atMs: beganMs + 59_999, value: 2, status: 0x80310000 },
		{ tag: "T2", atMs: beganMs + 5, value: "a" },
	]);
	expect(asked(1, beganMs, 0.1)).toBe(true);
	expect(asked(1, beganMs + 59_999, 2, 0x80310000)).toBe(true);
	expect(asked(2, beganMs + 5, "a")).toBe(true);
	expect([
		asked(2, beganMs, 0.1),
		asked(1, beganMs + 1, 0.1),
		asked(1, beganMs, 0.1, 0x80310000),
		asked(1, beganMs, 0.2),
		asked(1, beganMs, null),
		asked(2, beganMs + 5, "b"),
	]).toEqual(new Array(6).fill(false));
});

test.each<[string, SampleValue]>([
	["null", null],
	["NaN", Number.NaN],
	["infinity", Number.POSITIVE_INFINITY],
	["the highest UInt64", 2n ** 64n - 1n],
	["the lowest Int64", -(2n ** 63n)],
	["text", "露点"],
	["bytes", Buffer.from([0, 255])],
])("%s is told from other values", (_, value) => {
	store.record("U500", [{ tag: "T1", atMs: beganMs, value }]);
	expect(asked(1, beganMs, value)).toBe(true);
	expect(asked(1, beganMs, 7)).toBe(false);
});

test("the same name under another edge node is another device", () => {
	store.series("U500", "T1", "Double", undefined, 2);
	store.record("U500", [{ tag: "T1", atMs: beganMs, value: 1 }], 2);
	expect(asked(3, beganMs, 1)).toBe(false);
});
