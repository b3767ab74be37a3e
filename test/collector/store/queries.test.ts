import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readAlerts } from "../../../collector/store/alert-table.ts";
import { commitFinalVerdict } from "../../../collector/store/judgement-table.ts";
import {
	readCounts,
	readGaps,
	readLots,
	readMessages,
	readTags,
	readTotals,
	readViolations,
} from "../../../collector/store/queries.ts";
import { statusCodes } from "../../../common/contract/status.ts";
import { beganMs, hourMs, KnownStore, knownOccurrence, minuteMs } from "./known-store.ts";
import { verdictCommit } from "./verdict-commit.ts";

let store: KnownStore;
let db: DatabaseSync;

beforeEach(() => {
	store = new KnownStore();
	store.series("", "Data/Opened", "String");
	store.series("U500", "F500.TT01", "Double", "degC");
	store.series("U500", "Phase", "String");
	db = new DatabaseSync(store.path, { readOnly: true });
});
afterEach(() => {
	db.close();
	store.remove();
});

const temperature = (minute: number, value: number | null, status = 0) => ({
	tag: "F500.TT01",
	atMs: beganMs + minute * minuteMs,
	value,
	status,
});

test("counts leave the edge node's own records out and add up data types", () => {
	store.record("", [{ tag: "Data/Opened", atMs: beganMs, value: "{}" }]);
	store.record("U500", [
		temperature(0, 500),
		temperature(1, 501),
		{ ...temperature(0, 0), tag: "Phase", value: "SOAK" },
	]);
	expect(readCounts(db)).toEqual({ total: 3, tags: { "U500/F500.TT01": 2, "U500/Phase": 1 } });

	// The server's programmer changed the type: another series, the same tag.
	store.series("U500", "F500.TT01", "Float", "degC");
	store.record("U500", [temperature(2, 502)]);
	expect(readCounts(db)).toEqual({ total: 4, tags: { "U500/F500.TT01": 3, "U500/Phase": 1 } });
	expect(readTotals(db).samples).toBe(4);
});

test("tags tell the last value with its status, exactly", () => {
	store.series("U500", "Counter", "UInt64");
	store.series("U500", "Small", "Int64");
	store.series("U500", "Raw", "Bytes");
	const atMs = beganMs;
	store.record("U500", [
		temperature(0, 500),
		temperature(1, null, statusCodes.BadNoCommunication),
		{ tag: "Phase", atMs, value: "SOAK" },
		{ tag: "Counter", atMs, value: 18_446_744_073_709_551_615n },
		{ tag: "Small", atMs, value: 42n },
		{ tag: "Raw", atMs, value: new Uint8Array([1, 2, 3]) },
	]);
	const byTag = new Map(readTags(db).map((row) => [row.tag, row]));
	expect(byTag.get("F500.TT01")).toEqual({
		group: "site",
		edgeNode: "agent-1",
		unit: "U500",
		tag: "F500.TT01",
		datatype: "Double",
		eu: "degC",
		samples: 2,
		lastSourceMs: beganMs + minuteMs,
		lastStatus: statusCodes.BadNoCommunication,
		lastValue: null,
	});
	expect(byTag.get("Counter")?.lastValue).toBe("18446744073709551615");
	expect(byTag.get("Small")?.lastValue).toBe(42);
	expect(byTag.get("Raw")?.lastValue).toBe("base64:AQID");
	expect(byTag.get("Phase")?.lastValue).toBe("SOAK");
});

test.each([
	[Number.NaN, "NaN"],
	[Number.POSITIVE_INFINITY, "Infinity"],
	[-0.5, -0.5],
	[null, null],
])("a last value %s is told as %j", (value, told) => {
	store.record("U500", [temperature(0, value)]);
	expect(readTags(db)[0]?.lastValue).toBe(told);
});

test("a signed 64-bit value beyond 2^53 keeps its digits", () => {
	store.series("U500", "Counter", "Int64");
	store.record("U500", [{ tag: "Counter", atMs: beganMs, value: -9_007_199_254_740_993n }]);
	expect(readTags(db)[0]?.lastValue).toBe("-9007199254740993");
});

test("long text is cut and says so", () => {
	store.record("U500", [{ tag: "Phase", atMs: beganMs, value: "x".repeat(5_000) }]);
	expect(readTags(db)[0]?.lastValue).toBe(`${"x".repeat(200)}… (5000 characters)`);
});

test("violations that are open come first, then the newest", () => {
	const cleared = (id: string, hours: number) => ({
		...knownOccurrence,
		id,
		raisedMs: beganMs + hours * hourMs,
		clearedMs: beganMs + (hours + 1) * hourMs,
		clearedBy: "returned" as const,
	});
	store.commit({ occurrences: [cleared("old", 1), knownOccurrence, cleared("new", 5)] });
	expect(readViolations(db, 10).map(({ id }) => id)).toEqual(["occurrence-1", "new", "old"]);
	expect(readViolations(db, 2).map(({ id }) => id)).toEqual(["occurrence-1", "new"]);
	expect(readViolations(db, 1)[0]).toEqual(knownOccurrence);
	expect(readTotals(db)).toMatchObject({ occurrences: 3, openOccurrences: 1 });
});

test("alerts are kept apart from violations, open ones first, and the last word on each stands", () => {
	const alert = (id: string, hours: number) => ({
		...knownOccurrence,
		...{ id, level: "alert" as const, limit: 503, raisedMs: beganMs + hours * hourMs },
	});
	const back = { clearedMs: beganMs + 6 * hourMs, clearedBy: "returned" as const };
	store.commit({ alerts: [alert("old", 1), alert("now", 2), { ...alert("high", 5), level: "action" }] });
	store.commit({
		alerts: [
			{ ...alert("old", 1), ...back },
			{ ...alert("high", 5), ...back, level: "action" },
		],
	});
	expect(readAlerts(db, 10)).toEqual([
		alert("now", 2),
		{ ...alert("high", 5), ...back, level: "action" },
		{ ...alert("old", 1), ...back },
	]);
	expect(readAlerts(db, 2).map(({ id }) => id)).toEqual(["now", "high"]);
	expect(readViolations(db, 10)).toEqual([]);
	expect(readTotals(db)).toMatchObject({ occurrences: 0, openOccurrences: 0 });
});

test("gaps tell tags, cause and edge node, the last noticed first", () => {
	const gap = (id: string, noticedMs: number, tags: string[]) => ({
		id,
		edgeNode: 1,
		device: "U500",
		tags,
		fromMs: beganMs,
		toMs: beganMs + hourMs,
		cause: "server_unreachable" as const,
		backfilled: false,
		noticedMs,
	});
	store.commit({ gaps: [gap("a", beganMs, []), gap("b", beganMs + 1, ["F500.TT01"])] });
	const { device: _, ...told } = {
		...gap("b", beganMs + 1, ["F500.TT01"]),
		edgeNode: "agent-1",
		unit: "U500",
	};
	expect(readGaps(db, 1)).toEqual([told]);
	expect(readGaps(db, 5).map(({ id }) => id)).toEqual(["b", "a"]);
	expect(readTotals(db).gaps).toBe(2);
});

test.each([
	["after it", [false, true]],
	["before it", [true, false]],
] as const)("a gap that is filled is one row, also when the word that it is comes %s", (_, words) => {
	const gap = { edgeNode: 1, device: "U500", tags: [], cause: "server_unreachable", noticedMs: 0 } as const;
	const period = { fromMs: beganMs, toMs: beganMs + hourMs };
	for (const [index, backfilled] of words.entries())
		store.commit({ gaps: [{ ...gap, ...period, id: `record ${index}`, backfilled }] });
	expect(readGaps(db, 5).map((row) => row.backfilled)).toEqual([true]);
	// Another tag's, or one of another time, is another gap.
	store.commit({ gaps: [{ ...gap, ...period, id: "tag", tags: ["TT01"], backfilled: false }] });
	expect(readGaps(db, 5)).toHaveLength(2);
});

test("a lot has its newest verdict and the number of its violations", () => {
	const lot = (name: string, openedMs: number) => ({
		lot: name,
		openedMs,
		closedMs: undefined,
		observedWhole: true,
	});
	store.commit({
		lots: [lot("L1", beganMs), lot("L2", beganMs + hourMs)],
		occurrences: [knownOccurrence, { ...knownOccurrence, id: "occurrence-2" }],
	});
	const verdict = {
		id: "v1",
		lot: "L1",
		specVersion: 1,
		verdict: "not_evaluable" as const,
		violations: 0,
		windows: 3,
		reasons: ["gap in U500"],
		observedWhole: true,
		judgedMs: beganMs,
	};
	commitFinalVerdict(store.file, verdictCommit(verdict));
	const newest = {
		...verdict,
		id: "v2",
		verdict: "out" as const,
		violations: 2,
		reasons: [],
		judgedMs: beganMs + 1,
	};
	commitFinalVerdict(store.file, verdictCommit(newest));
	const { id: _id, lot: _lot, observedWhole: _whole, ...told } = newest;
	expect(readLots(db, 5)).toEqual([
		{ ...lot("L2", beganMs + hourMs), occurrences: 0, verdict: undefined },
		{ ...lot("L1", beganMs), occurrences: 2, verdict: told },
	]);
	expect(readLots(db, 1).map((row) => row.lot)).toEqual(["L2"]);
	expect(readTotals(db).lots).toBe(2);
});

test("messages are told without their bodies", () => {
	const message = (id: string) => ({
		id,
		destination: "hall",
		type: "violation.raised",
		body: '{"secret":"of the plant"}',
		createdMs: beganMs,
	});
	store.commit({ outbox: [message("m1"), message("m2")] });
	store.file.run(
		"UPDATE outbox SET state = 'failed', attempts = 3, settled_ms = 9, last_error = ? WHERE id = 'm1'",
		"e".repeat(900),
	);
	const found = readMessages(db, 10);
	expect(found.map(({ id, state }) => [id, state])).toEqual([
		["m2", "waiting"],
		["m1", "failed"],
	]);
	expect(found[1]).toEqual({
		id: "m1",
		type: "violation.raised",
		destination: "hall",
		state: "failed",
		attempts: 3,
		createdMs: beganMs,
		settledMs: 9,
		lastError: "e".repeat(300),
	});
	expect(JSON.stringify(found)).not.toContain("of the plant");
	expect(readTotals(db).messages).toEqual({ waiting: 1, delivered: 0, failed: 1 });
});

test("an empty store answers with nothing, not with errors", () => {
	expect(readCounts(db)).toEqual({ total: 0, tags: {} });
	expect(readTotals(db)).toEqual({
		samples: 0,
		gaps: 0,
		occurrences: 0,
		openOccurrences: 0,
		lots: 0,
		messages: { waiting: 0, delivered: 0, failed: 0 },
	});
	expect([readTags(db), readGaps(db, 1), readLots(db, 1), readMessages(db, 1)]).toEqual([[], [], [], []]);
});
