import { expect, test } from "vitest";
import { parseChaos } from "../../../simulators/load/chaos-plan.ts";
import { serverOf, unitsOf, unitsOfServer } from "../../../simulators/load/load-tags.ts";
import { checkShares, parseStatusShare } from "../../../simulators/load/status-share.ts";

test("trouble is read as it is written", () => {
	expect(parseChaos("cut:30")).toEqual({ action: "cut", everyMs: 30_000, forMs: 0 });
	expect(parseChaos("freeze:45:1.5")).toEqual({ action: "freeze", everyMs: 45_000, forMs: 1_500 });
	expect(parseChaos("delay:200")).toEqual({ action: "delay", everyMs: 200, forMs: 0 });
});

test.each([
	["", "one of cut:SECONDS; delay"],
	["toString:5", "one of cut:SECONDS"],
	["cut", "cut:SECONDS"],
	["cut:0", "cut:SECONDS"],
	["cut:-1", "cut:SECONDS"],
	["cut:1e3", "cut:SECONDS"],
	["cut:5:5", "cut:SECONDS"],
	["freeze:5", "freeze:SECONDS:FOR"],
	["freeze:5:5", "freeze:SECONDS:FOR, lasting less"],
	["freeze:5:1:1", "freeze:SECONDS:FOR"],
])("trouble %j is refused with what was expected", (text, expected) => {
	expect(() => parseChaos(text)).toThrow(`--chaos ${text}: expected ${expected}`);
});

test("shares are percentages of statuses that exist, at most everything together", () => {
	expect(parseStatusShare("2.5:BadSensorFailure")).toEqual({ share: 0.025, status: "BadSensorFailure" });
	for (const text of ["2.5", "101:Bad", "0:Bad", "5:BadNothingLikeThis", "5:toString", "-1:Bad"])
		expect(() => parseStatusShare(text), text).toThrow("expected PERCENT:STATUS");
	checkShares([parseStatusShare("60:Bad"), parseStatusShare("40:Uncertain")]);
	expect(() => checkShares([parseStatusShare("60:Bad"), parseStatusShare("41:Uncertain")])).toThrow(
		"at most 100 percent",
	);
});

test("servers share the units among them, each tag at one", () => {
	const shares = [0, 1, 2].map((server) => unitsOfServer(4_200, 3, server));
	expect(shares.flat().sort((a, b) => a.first - b.first)).toEqual(unitsOf(4_200));
	for (const [server, units] of shares.entries())
		for (const { first, count } of units)
			for (const tag of [first, first + count - 1]) expect(serverOf(tag, 3)).toBe(server);
});
