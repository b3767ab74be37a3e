import { describe, expect, test } from "vitest";
import { occurrenceMessages, verdictMessages } from "../../../collector/notify/messages.ts";
import type { LotVerdict, Occurrence } from "../../../collector/pipeline.ts";
import { soakWindow, specificationOf } from "../quality/told-story.ts";

type Destination = Parameters<typeof verdictMessages>[2]["destinations"][number];

const raised: Occurrence = {
	id: "0c0ffee",
	window: "soak",
	specVersion: 3,
	unit: "U500",
	tag: "T1",
	batch: "B1",
	lot: "L1",
	phase: "SOAK",
	side: "high",
	limit: 10,
	startedMs: Date.UTC(2026, 10, 20, 6),
	raisedMs: Date.UTC(2026, 10, 20, 6, 1),
	clearedMs: undefined,
	clearedBy: undefined,
	extreme: 12.5,
};
const cleared: Occurrence = { ...raised, clearedMs: Date.UTC(2026, 10, 20, 7), clearedBy: "returned" };
const verdict: LotVerdict = {
	id: "beef",
	lot: "L1",
	specVersion: 3,
	verdict: "out",
	violations: 1,
	windows: 4,
	reasons: ["soak: 1 violation in batch B1"],
	observedWhole: true,
	judgedMs: Date.UTC(2026, 10, 21),
};
const specificationNow = specificationOf([soakWindow({ concerns: ["technical", "logistics"] })]);
const known = (version: number) => (version === 3 ? specificationNow : undefined);

function to(destination: Partial<Destination>, nowMs = raised.raisedMs) {
	const destinations = [{ name: "d", events: [], concerns: [], ...destination }];
	const context = { ...{ specificationOf: known, specificationAt: () => known(3) }, destinations, nowMs };
	const rows = [
		...occurrenceMessages({ alerts: [], occurrences: [raised, cleared] }, context),
		...verdictMessages(verdict, undefined, context),
	];
	return rows.map(({ type }) => type);
}

describe("a destination is told", () => {
	const everything = ["violation.raised", "violation.cleared", "lot.judged"];
	test.each<[string, Partial<Destination>, string[]]>([
		["everything when it names nothing", {}, everything],
		["only the events it names", { events: ["violation.cleared"] }, ["violation.cleared"]],
		["what concerns one of those it stands for", { concerns: ["procurement", "logistics"] }, everything],
		[
			"of a verdict, which concerns everybody, even when no violation concerns it",
			{ concerns: ["procurement"] },
			["lot.judged"],
		],
		[
			"nothing that only one of its two filters lets through",
			{ concerns: ["procurement"], events: ["violation.raised"] },
			[],
		],
	])("%s", (_, destination, types) => {
		expect(to(destination)).toEqual(types);
	});
});

describe("alert and action limits", () => {
	const context = (destination: Partial<Destination>) => ({
		...{ specificationOf: known, specificationAt: () => known(3) },
		destinations: [{ name: "d", events: [], concerns: [], ...destination }],
		nowMs: cleared.clearedMs ?? 0,
	});
	const action = { ...cleared, id: "a1", level: "action" as const, limit: 9 };

	test("have messages of their own, with depth and time outside", () => {
		const [row] = occurrenceMessages({ alerts: [action], occurrences: [] }, context({}));
		expect(row).toMatchObject({ id: "msg_alert_cleared_a1", type: "alert.cleared" });
		const { data } = JSON.parse(row?.body ?? "");
		expect(data).toMatchObject({
			...{ alert: "a1", level: "action", limit: 9, depth: 3.5, timeOutsideS: 3_600 },
			...{ concerns: ["technical", "logistics"], reaction: "look", clearedBy: "returned" },
		});
		expect(data.violation).toBeUndefined();
	});

	test("go to whom the window concerns, and to nobody who asks for violations only", () => {
		const alert = { ...raised, id: "a2", level: "alert" as const };
		const types = (destination: Partial<Destination>) =>
			occurrenceMessages({ alerts: [alert], occurrences: [] }, context(destination)).map(({ type }) => type);
		expect(types({ concerns: ["logistics"] })).toEqual(["alert.raised"]);
		expect(types({ concerns: ["procurement"] })).toEqual([]);
		expect(types({ events: ["violation.raised", "violation.cleared"] })).toEqual([]);
	});
});

test("the body says what happened, where, how far and what to do", () => {
	const context = {
		...{ specificationOf: known, specificationAt: () => known(3) },
		destinations: [{ name: "d", events: [], concerns: [] }],
		nowMs: cleared.clearedMs ?? 0,
	};
	const [row] = occurrenceMessages({ alerts: [], occurrences: [cleared] }, context);
	expect(JSON.parse(row?.body ?? "")).toEqual({
		type: "violation.cleared",
		timestamp: "2026-11-20T07:00:00.000Z",
		data: {
			...{
				violation: "0c0ffee",
				window: "soak",
				specificationVersion: 3,
				product: "LPSCl-3A",
				unit: "U500",
				tag: "T1",
			},
			...{
				batch: "B1",
				lot: "L1",
				phase: "SOAK",
				side: "high",
				limit: 10,
				extreme: 12.5,
				unitOfMeasure: "degC",
			},
			...{ startedTime: "2026-11-20T06:00:00.000Z", raisedTime: "2026-11-20T06:01:00.000Z" },
			...{ clearedTime: "2026-11-20T07:00:00.000Z", clearedBy: "returned" },
			...{ concerns: ["technical", "logistics"], reaction: "look", replayed: true },
		},
	});
});

test("a violation of plant time that lies behind the clock says that it is replayed", () => {
	const replayedAt = (nowMs: number) => {
		const context = {
			...{ specificationOf: known, specificationAt: () => known(3) },
			destinations: [{ name: "d", events: [], concerns: [] }],
			nowMs,
		};
		return JSON.parse(occurrenceMessages({ alerts: [], occurrences: [raised] }, context)[0]?.body ?? "").data
			.replayed;
	};
	expect(replayedAt(raised.raisedMs + 10 * 60_000)).toBe(false);
	expect(replayedAt(raised.raisedMs + 10 * 60_000 + 1)).toBe(true);
});

test("ids are the same for the same cause, different for raised and cleared, and hold no dot", () => {
	const ids = (nowMs: number) => {
		const context = {
			...{ specificationOf: known, specificationAt: () => known(3) },
			destinations: [{ name: "d", events: [], concerns: [] }],
			nowMs,
		};
		return [
			...occurrenceMessages({ alerts: [], occurrences: [raised, cleared] }, context),
			...verdictMessages(verdict, undefined, context),
		].map(({ id }) => id);
	};
	expect(ids(1)).toEqual(ids(2));
	expect(new Set(ids(1)).size).toBe(3);
	for (const id of ids(1)) expect(id).toMatch(/^msg_[A-Za-z0-9_]+$/);
});

test("a source time that no calendar knows is still told", () => {
	const context = {
		...{ specificationOf: known, specificationAt: () => known(3) },
		destinations: [{ name: "d", events: [], concerns: [] }],
		nowMs: 1,
	};
	const occurrences = [{ ...raised, startedMs: 9e15, raisedMs: 9e15 }];
	expect(occurrenceMessages({ alerts: [], occurrences }, context)).toHaveLength(1);
});
