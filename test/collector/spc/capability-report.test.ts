import { expect, test } from "vitest";
import { capabilityReport } from "../../../collector/spc/capability-report.ts";

const both = { lower: 8, upper: 20, target: 14 };
const basis = { mean: 16, overallMean: 16, within: 2, overall: 2.5, n: 50, refusal: undefined };

test("of a baseline in control there is capability and performance", () => {
	const { capability, performance, refused } = capabilityReport(basis, both);
	expect(capability?.spread?.value).toBeCloseTo(1, 12);
	expect(performance?.spread?.value).toBeCloseTo(0.8, 12);
	expect(refused).toEqual({});
});

test("without a baseline there is performance only, and the reason", () => {
	const { capability, performance, refused } = capabilityReport(
		{ ...basis, refusal: "there is no baseline" },
		both,
	);
	expect(capability).toBeUndefined();
	expect(performance?.worst.value).toBeCloseTo(4 / 7.5, 12);
	expect(refused).toEqual({
		...{ cp: "there is no baseline", cpl: "there is no baseline", cpu: "there is no baseline" },
		...{ cpk: "there is no baseline", cpm: "there is no baseline" },
	});
});

test("one limit has no width, and the side without one has no index", () => {
	const { capability, refused } = capabilityReport(basis, { upper: 20 });
	expect(capability?.worst.value).toBeCloseTo(2 / 3, 12);
	expect(refused).toEqual({
		...{ cp: "one limit alone has no width", pp: "one limit alone has no width" },
		...{ cpm: "one limit alone has no width", ppm: "one limit alone has no width" },
		...{ cpl: "there is no lower limit", ppl: "there is no lower limit" },
	});
});

test("without variation there is nothing, and it says so", () => {
	const { capability, performance, refused } = capabilityReport(
		{ ...basis, within: 0, overall: undefined },
		both,
	);
	expect([capability, performance]).toEqual([undefined, undefined]);
	expect(refused.cpk).toBe("there is no variation");
	expect(refused.ppk).toBe("there is no variation");
});
