import { expect, test } from "vitest";
import { type Baseline, freezeBaseline, isIntact } from "../../../collector/spc/baseline.ts";

const content: Omit<Baseline, "hash"> = {
	...{ characteristic: "soak/mean", version: 1, chart: "imr", center: 2, sigma: 0.5, meanRange: 0.56, n: 2 },
	points: [
		{ id: "L1", atMs: 1, value: 1.5, excluded: undefined },
		{ id: "L2", atMs: 2, value: 9, excluded: "thermocouple replaced" },
		{ id: "L3", atMs: 3, value: 2.5, excluded: undefined },
	],
	...{ by: "M. Weber", atMs: 4, reason: "first lots of campaign 7" },
};

test("nothing of a frozen baseline can be changed", () => {
	const baseline = freezeBaseline(content);
	expect(() => Object.assign(baseline, { center: 3 })).toThrow(TypeError);
	expect(() => Object.assign(baseline.points[0] as object, { value: 3 })).toThrow(TypeError);
	expect(() => (baseline.points as unknown[]).push({})).toThrow(TypeError);
	expect(isIntact(baseline)).toBe(true);
});

test("the hash is that of the content, whatever the order of its keys, and notices any change", () => {
	const { hash } = freezeBaseline(content);
	expect(hash).toMatch(/^[0-9a-f]{64}$/);
	const turned = Object.fromEntries(Object.entries(content).reverse()) as typeof content;
	expect(freezeBaseline(turned).hash).toBe(hash);
	for (const change of [
		{ center: 2.0000001 },
		{ by: "somebody" },
		{ version: 2 },
		{ points: content.points.slice(1) },
		{ points: content.points.map((point) => ({ ...point, excluded: undefined })) },
	])
		expect(isIntact({ ...content, ...change, hash })).toBe(false);
});

test.each([
	[{ by: " " }, "expected a name of who freezes the baseline"],
	[{ reason: "" }, "expected a reason for the baseline"],
	[{ points: [{ id: "L9", atMs: 1, value: 1, excluded: " " }] }, "expected a reason why L9 is excluded"],
])("%j is refused", (change, message) => {
	expect(() => freezeBaseline({ ...content, ...change })).toThrow(message);
});
