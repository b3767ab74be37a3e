import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ChartPointRow, LotNumbersQuery } from "../../../collector/chart-port.ts";
import type { WindowPeriod } from "../../../collector/pipeline.ts";
import { readChart, readChartSignals, readCharts } from "../../../collector/store/chart-query.ts";
import { commitBaselines, readStoredCharts } from "../../../collector/store/chart-table.ts";
import { commitFinalVerdict } from "../../../collector/store/judgement-table.ts";
import { readLotNumbers } from "../../../collector/store/lot-numbers.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import { statusCodes } from "../../../common/contract/status.ts";
import { beganMs, hourMs, KnownStore, minuteMs, noCharts } from "./known-store.ts";
import { askSealedToo } from "./sealed-store.ts";
import { verdictCommit } from "./verdict-commit.ts";

let store: KnownStore;
let db: DatabaseSync;

beforeEach(() => {
	store = new KnownStore();
	store.series("U500", "T1", "Double", "degC");
	db = new DatabaseSync(store.path, { readOnly: true });
});
afterEach(() => {
	db.close();
	store.remove();
});

const verdict = {
	...{ id: "v1", lot: "L1", specVersion: 1, verdict: "in" as const, violations: 0, windows: 1 },
	...{ reasons: [], observedWhole: true, judgedMs: beganMs },
};
const point = (
	lot: string,
	revision: number,
	value: number | undefined,
	more: Partial<ChartPointRow> = {},
) => ({
	...{ characteristic: "soak/mean", lot, revision, atMs: beganMs, value, samples: 5, rejected: undefined },
	...{ center: 1, lower: 0, upper: 2, baselineVersion: undefined, judgedMs: beganMs },
	...more,
});
const signal = { ...point("L2", 1, 9), id: "s1", rule: "beyond-limit", notedMs: beganMs };
const baseline = {
	...{ characteristic: "soak/mean", version: 1, hash: "abc", atMs: beganMs, by: "collector", n: 25 },
	body: '{"version":1}',
};

test("points, signals and baselines are stored with the verdict, and told as they are", () => {
	const points = [point("L1", 1, 1), point("L2", 1, 9), point("L1", 2, 1.5)];
	const charts = { points, signals: [signal], baselines: [baseline] };
	commitFinalVerdict(store.file, verdictCommit(verdict, charts));
	commitFinalVerdict(store.file, verdictCommit(verdict, charts));
	expect(readStoredCharts(store.file)).toEqual({ points: [points[2], points[1]], baselines: [baseline] });
	expect(readCharts(db, 5)).toEqual([
		{
			...{ characteristic: "soak/mean", lots: 2, counting: 2, provisional: false, baselineVersion: 1 },
			...{ last: points[2], signals: 1 },
		},
	]);
	expect(readChart(db, { characteristic: "soak/mean", limit: 5 })).toEqual({
		characteristic: "soak/mean",
		points: [
			{ ...point("L1", 2, 1.5), signals: [] },
			{ ...point("L2", 1, 9), signals: ["beyond-limit"] },
		],
		corrected: [points[0]],
		baselines: [{ version: 1 }],
	});
	expect(readChart(db, { characteristic: "soak/mean", limit: 1 })?.points.map(({ lot }) => lot)).toEqual([
		"L2",
	]);
	expect(readChart(db, { characteristic: "no", limit: 5 })).toBeUndefined();
	const { samples: _samples, rejected: _rejected, judgedMs: _judged, ...told } = signal;
	expect(readChartSignals(db, { limit: 5 })).toEqual([told]);
	expect(readChartSignals(db, { limit: 5, lot: "L1" })).toEqual([]);
});

test("a point that cannot be stored takes the verdict back with it, and is not passed over", () => {
	const points = [point("L1", 1, 1), point("L2", 1, 2, { atMs: Number.NaN })];
	const commit = () => commitFinalVerdict(store.file, verdictCommit(verdict, { ...noCharts, points }));
	expect(commit).toThrow("NOT NULL constraint failed: chart_point.at_ms");
	expect(readStoredCharts(store.file).points).toEqual([]);
	expect(store.file.all("SELECT * FROM verdict")).toEqual([]);
});

test("a stored baseline can neither be changed nor removed", () => {
	commitBaselines(store.file, [baseline]);
	expect(() => store.file.run("UPDATE chart_baseline SET n = 3")).toThrow("a baseline never changes");
	expect(() => store.file.run("DELETE FROM chart_baseline")).toThrow("a baseline is never removed");
	commitBaselines(store.file, [{ ...baseline, hash: "other" }]);
	store.file.run(
		"INSERT OR REPLACE INTO chart_baseline SELECT characteristic, version, 'other', 1, by, 1, body FROM chart_baseline",
	);
	expect(readStoredCharts(store.file).baselines).toEqual([baseline]);
});

test("a stored verdict can neither be changed, removed nor replaced", () => {
	commitFinalVerdict(store.file, verdictCommit(verdict));
	const stored = store.file.all("SELECT * FROM lot_judgement");
	expect(() => store.file.run("UPDATE lot_judgement SET hash = 'x'")).toThrow("a verdict never changes");
	expect(() => store.file.run("DELETE FROM lot_judgement")).toThrow("a verdict is never removed");
	store.file.run(
		"INSERT OR REPLACE INTO lot_judgement SELECT id, lot, stage, revision, corrects, 'x', proposal, judged_ms, canonical FROM lot_judgement",
	);
	expect(store.file.all("SELECT * FROM lot_judgement")).toEqual(stored);
});

test("only the newest lots are read at the start, oldest first", () => {
	const points = Array.from({ length: 320 }, (_, index) => point(`L${index}`, 1, index));
	commitFinalVerdict(store.file, verdictCommit(verdict, { ...noCharts, points }));
	const read = readStoredCharts(store.file).points.map(({ lot }) => lot);
	expect([read.length, read[0], read.at(-1)]).toEqual([300, "L20", "L319"]);
});

test("a store from before there were charts gets their tables", () => {
	store.file.db.exec("DROP TABLE chart_point; DROP TABLE chart_signal; DROP TABLE chart_baseline");
	const file = new StoreFile(store.path);
	expect(readStoredCharts(file)).toEqual({ points: [], baselines: [] });
	file.close();
});

const run = (fromMinute: number, toMinute: number, more: Partial<WindowPeriod> = {}): WindowPeriod => ({
	...{ id: `p${fromMinute}`, window: "soak", specVersion: 1, unit: "U500", batch: "B1", lot: "L1" },
	...{ fromMs: beganMs + fromMinute * minuteMs, toMs: beganMs + toMinute * minuteMs },
	...{ goodSamples: 3, badSamples: 0, violations: 0 },
	...more,
});
const sample = (minute: number, value: number | null, status = 0) => ({
	...{ tag: "T1", atMs: beganMs + minute * minuteMs, value, status },
});
/** Hot and sealed give the same numbers. */
const ask = (gaps: LotNumbersQuery["gaps"] = [], lot = "L1", blankingMs = 0) =>
	askSealedToo(store.file, store.path, (reading, rows) =>
		readLotNumbers(reading, rows, {
			lot,
			windows: [{ id: "soak", unit: "U500", tag: "T1", blankingMs }],
			gaps,
		}),
	);

test("a lot's number is the mean of what its runs saw, each value for as long as it held", async () => {
	store.commit({ periods: [run(10, 20), run(40, 50)] });
	// 500 for 2 minutes, 510 for 8, then 520 for all of the second run; what lies outside of the runs does not count.
	store.record("U500", [
		sample(5, 9_999),
		sample(10, 500),
		sample(12, 510),
		sample(30, 9_999),
		sample(40, 520),
	]);
	expect(await ask()).toEqual([
		{
			...{ characteristic: "soak/mean", lot: "L1", atMs: beganMs + 50 * minuteMs },
			...{ value: (2 * 500 + 8 * 510 + 10 * 520) / 20, samples: 3, rejected: undefined, stored: 0 },
		},
	]);
	expect(await ask([], "L2")).toEqual([]);
	const points = [point("L1", 3, 1)];
	commitFinalVerdict(store.file, verdictCommit(verdict, { ...noCharts, points }));
	expect((await ask())[0]?.stored).toBe(3);
});

test("records that came late are in order of source time", async () => {
	store.commit({ periods: [run(0, 10)] });
	store.record("U500", [sample(5, 20)]);
	store.record("U500", [sample(0, 10)]);
	expect((await ask())[0]?.value).toBe(15);
});

test("bad values and gaps reject the number, and without a good value there is none", async () => {
	store.commit({ periods: [run(0, 10, { badSamples: 1 })] });
	expect((await ask())[0]).toMatchObject({
		value: undefined,
		samples: 0,
		rejected: "no good value; 1 values that were not good",
	});
	store.record("U500", [sample(0, 10), sample(5, 77, statusCodes.Bad), sample(6, Number.NaN), sample(8, 30)]);
	expect((await ask())[0]).toMatchObject({ value: expect.closeTo((5 * 10 + 2 * 30) / 7, 9), samples: 2 });
	const gap = { unit: "U500", cause: "agent_down", fromMs: beganMs + 9 * minuteMs, toMs: beganMs + hourMs };
	expect((await ask([gap]))[0]?.rejected).toBe("1 values that were not good; gap: agent_down");
	expect((await ask([{ ...gap, unit: "U600" }]))[0]?.rejected).toBe("1 values that were not good");
	expect((await ask([{ ...gap, fromMs: beganMs + 10 * minuteMs }]))[0]?.rejected).toBe(
		"1 values that were not good",
	);
});

test("a run that had begun before anybody looked rejects the number; one that began later in that visit does not", async () => {
	const visit = { unit: "U500", batch: "B1", lot: "L1", recipe: "", fromMs: beganMs, toMs: undefined };
	store.commit({ periods: [run(0, 10)], visits: [{ ...visit, startObserved: false }] });
	store.record("U500", [sample(0, 10)]);
	expect((await ask())[0]).toMatchObject({ value: 10, rejected: "its beginning was not seen" });
	store.commit({ periods: [run(2, 10, { lot: "L2" })] });
	store.record("U500", [sample(3, 10)]);
	expect((await ask([], "L2"))[0]?.rejected).toBeUndefined();
});

test("what comes while a window is blanked does not count; what held at its end counts from then on", async () => {
	store.commit({ periods: [run(0, 10)] });
	store.record("U500", [sample(-1, 9_999), sample(0, 20), sample(2, 400), sample(6, 500)]);
	expect((await ask([], "L1", 5 * minuteMs))[0]).toMatchObject({
		value: (1 * 400 + 4 * 500) / 5,
		samples: 2,
	});
	expect((await ask([], "L1", 10 * minuteMs))[0]).toMatchObject({
		value: undefined,
		rejected: "no good value",
	});
});
