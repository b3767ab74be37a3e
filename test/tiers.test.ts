import { expect, test } from "vitest";
import { parseTestCommand, partsOf, tierOf, tiers } from "./tiers.ts";

test("the folder decides the tier", () => {
	expect(tierOf("test/static/tidy.test.ts")).toBe("static");
	expect(tierOf("test/common/contract/ids.test.ts")).toBe("unit");
	expect(tierOf("test/tiers.test.ts")).toBe("unit");
	expect(tierOf("test/integration/broker.test.ts")).toBe("integration");
	expect(tierOf("test/end-to-end/demo.test.ts")).toBe("end-to-end");
	expect(tierOf("test/faults/power-cut.test.ts")).toBe("faults");
	expect(tierOf("test/bench/codec.test.ts")).toBe(undefined);
	expect(tierOf("test/faults/power-cut.full.test.ts")).toBe(undefined);
	expect(tierOf("test/helpers/peers.ts")).toBe(undefined);
});

test("a test of the full tier belongs to the part that claims its folder", () => {
	expect(partsOf("test/faults/power-cut.full.test.ts")).toEqual(["faults"]);
	expect(partsOf("test/faults/power-cut.test.ts")).toEqual([]);
	expect(partsOf("test/nowhere/a.full.test.ts")).toEqual([]);
});

test("the command line names tiers and parts, and hands on the rest", () => {
	expect(parseTestCommand([])).toMatchObject({ kind: "default", tiers: [...tiers], rest: [] });
	expect(parseTestCommand(["--only", "unit", "ids", "-t", "aliases"])).toMatchObject({
		tiers: ["unit"],
		rest: ["ids", "-t", "aliases"],
	});
	expect(parseTestCommand(["--full", "faults"])).toMatchObject({ kind: "full", parts: ["faults"], rest: [] });
	expect(parseTestCommand(["--full", "--list"])).toMatchObject({ kind: "list" });
	for (const args of [["--help"], ["--full", "--help"], ["-h"], ["--only", "unit", "--help"]])
		expect(parseTestCommand(args)).toMatchObject({ kind: "help", tiers: [], parts: [] });
	expect(parseTestCommand(["--only", "fast"])).toContain("expected one of static, unit");
	expect(parseTestCommand(["--full", "fault"])).toContain("expected a part");
});
