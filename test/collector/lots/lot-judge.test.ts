import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LotJudge } from "../../../collector/lots/lot-judge.ts";
import type { LotVerdict } from "../../../collector/pipeline.ts";
import { judgeLot } from "../../../collector/quality/lot-verdict.ts";
import { Store } from "../../../collector/store/store.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { CodedError } from "../../../common/runtime/coded-error.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { eventually } from "../../simulators/plant/eventually.ts";
import { soakWindow, specificationOf, unit } from "../quality/told-story.ts";

const closedMs = 60_000;
const specification = specificationOf([soakWindow()]);
const noRows = {
	edgeNodes: [],
	series: [],
	records: [],
	epochs: [],
	gaps: [],
	throughs: [],
	conflicts: [],
	dirty: [],
	fromFuture: 0,
	occurrences: [],
};

/** A store with one closed lot whose verdict is due. */
async function storeWithLot(path: string): Promise<void> {
	const store = new Store();
	await store.open(path);
	const period = {
		id: "p",
		window: "soak",
		specVersion: 3,
		unit,
		batch: "B1",
		lot: "L1",
		fromMs: 0,
		toMs: closedMs,
	};
	await store.commit({
		...noRows,
		samples: new SampleColumns(0),
		series: [{ id: 1, edgeNode: 1, device: unit, tag: "T1", datatype: 10, eu: undefined }],
		periods: [{ ...period, goodSamples: 9, badSamples: 0, violations: 0 }],
		limits: [],
		visits: [{ unit, batch: "B1", lot: "L1", recipe: "", fromMs: 0, toMs: closedMs, startObserved: true }],
		lots: [{ lot: "L1", openedMs: 0, closedMs, observedWhole: true }],
		due: [{ lot: "L1", dueMs: closedMs }],
		outbox: [],
		cache: undefined,
	});
	await store.close();
}

const chartPoint = {
	...{
		characteristic: "soak/mean",
		lot: "L1",
		revision: 1,
		atMs: closedMs,
		value: 5,
		samples: 9,
		rejected: undefined,
	},
	...{ center: undefined, lower: undefined, upper: undefined, baselineVersion: undefined, judgedMs: 0 },
};

async function judgeOn(path: string) {
	const store = new Store();
	const opened = await store.open(path);
	const clock = new SteppedClock();
	const given: LotVerdict[] = [];
	const charted = { asked: 0, kept: 0, fails: undefined as Error | undefined };
	let whileGiven = () => {};
	const line = { watermarkMs: undefined as number | undefined, looked: 0 };
	const judge = new LotJudge({
		clock,
		telemetry: quietTelemetry(),
		store,
		judge: (facts, judgedMs) => judgeLot(facts, specification, [unit], judgedMs),
		messages: (verdict) => {
			given.push(verdict);
			whileGiven();
			return [
				{ id: `msg_${verdict.id}`, destination: "screen", type: "lot.judged", body: "{}", createdMs: 1 },
			];
		},
		charts: {
			lot: async ({ lot }, judgedMs) => {
				charted.asked++;
				if (charted.fails !== undefined) throw charted.fails;
				return { points: [{ ...chartPoint, lot, judgedMs }], signals: [], baselines: [] };
			},
			keep: () => {
				charted.kept++;
			},
		},
		watermarkMs: () => {
			line.looked++;
			return line.watermarkMs;
		},
		due: opened.due,
		onJudged: () => {},
	});
	judge.start();
	onTestFinished(async () => {
		await judge.stop();
		await store.close();
	});
	/** What happens between reading the facts and committing the first verdict. */
	const onMessages = (happens: () => void): void => {
		whileGiven = () => {
			whileGiven = () => {};
			happens();
		};
	};
	return { store, clock, judge, given, line, opened, onMessages, charted };
}

test("a verdict waits for the watermark of the whole route, and is given once it has passed", async () => {
	const path = join(temporaryFolder(), "store.db");
	await storeWithLot(path);
	const { clock, given, line, store, judge } = await judgeOn(path);
	for (const watermarkMs of [undefined, 0, closedMs - 1]) {
		line.watermarkMs = watermarkMs;
		const before = line.looked;
		clock.step(1_000);
		await eventually(() => line.looked === before + 1);
	}
	await judge.stop();
	expect(given).toEqual([]);
	line.watermarkMs = closedMs;
	judge.look();
	await eventually(() => given.length === 1);
	await judge.stop();
	expect(given[0]).toMatchObject({ lot: "L1", verdict: "in" });
	expect(await store.takeMessages(1, 10)).toMatchObject([{ type: "lot.judged", destination: "screen" }]);
});

test("a verdict that was due when the collector stopped is given after the restart, and only then", async () => {
	const path = join(temporaryFolder(), "store.db");
	await storeWithLot(path);
	const first = await judgeOn(path);
	await first.judge.stop();
	await first.store.close();
	const second = await judgeOn(path);
	expect(second.opened.due).toEqual([{ lot: "L1", dueMs: closedMs }]);
	second.line.watermarkMs = closedMs;
	second.judge.look();
	await eventually(() => second.given.length === 1);
	await second.judge.stop();
	await second.store.close();
	const third = await judgeOn(path);
	expect(third.opened.due).toEqual([]);
});

test("a verdict given twice is one row and one message", async () => {
	const path = join(temporaryFolder(), "store.db");
	await storeWithLot(path);
	const { given, line, store, judge } = await judgeOn(path);
	line.watermarkMs = closedMs;
	judge.look();
	await eventually(() => given.length === 1);
	judge.add({ lot: "L1", dueMs: closedMs });
	await eventually(() => {
		judge.look();
		return given.length === 2;
	});
	await judge.stop();
	expect(given[0]?.id).toBe(given[1]?.id);
	expect(await store.takeMessages(1, 10)).toHaveLength(1);
});

test("a due time set while the verdict is being committed is answered too", async () => {
	const path = join(temporaryFolder(), "store.db");
	await storeWithLot(path);
	const later = { lot: "L1", dueMs: closedMs + 1_000 };
	const first = await judgeOn(path);
	first.line.watermarkMs = closedMs;
	first.onMessages(() => first.judge.add(later));
	first.judge.look();
	await eventually(() => first.given.length === 1);
	await first.judge.stop();
	first.line.watermarkMs = later.dueMs;
	first.judge.look();
	await first.judge.stop();
	expect(first.given).toHaveLength(2);
	await first.store.close();
});

test("a later due time stays in the store when an earlier one is answered", async () => {
	const path = join(temporaryFolder(), "store.db");
	await storeWithLot(path);
	const later = { lot: "L1", dueMs: closedMs + 1_000 };
	const first = await judgeOn(path);
	first.line.watermarkMs = closedMs;
	first.onMessages(() => {
		void first.store.commit({
			...{
				...noRows,
				periods: [],
				limits: [],
				visits: [],
				lots: [],
				due: [later],
				outbox: [],
				cache: undefined,
			},
			samples: new SampleColumns(0),
		});
	});
	first.judge.look();
	await eventually(() => first.given.length === 1);
	await first.judge.stop();
	await first.store.close();
	expect((await judgeOn(path)).opened.due).toEqual([later]);
});

test.each([
	["of the unit", { device: unit }],
	["of the whole edge node", { device: "" }],
])(
	"a gap %s while the lot was there makes it not evaluable; one before or after does not",
	async (_, { device }) => {
		const path = join(temporaryFolder(), "store.db");
		await storeWithLot(path);
		const { store } = await judgeOn(path);
		const gap = {
			edgeNode: 1,
			device,
			tags: [],
			cause: "journal_bound" as const,
			backfilled: false,
			noticedMs: 0,
		};
		const commitGap = (id: string, fromMs: number, toMs: number, edgeNode = 1) =>
			store.commit({
				...{
					...noRows,
					periods: [],
					limits: [],
					visits: [],
					lots: [],
					due: [],
					outbox: [],
					cache: undefined,
				},
				samples: new SampleColumns(0),
				gaps: [{ ...gap, id, edgeNode, fromMs, toMs }],
			});
		await commitGap("before", -10_000, 0);
		await commitGap("after", closedMs, closedMs + 10_000);
		if (device === "") await commitGap("another edge node", 0, closedMs, 2);
		expect((await store.lotFacts("L1"))?.gaps).toEqual([]);
		await commitGap("within", closedMs - 1, closedMs + 10_000);
		const facts = await store.lotFacts("L1");
		expect(facts?.gaps).toMatchObject([{ device: unit, cause: "journal_bound" }]);
		expect(facts && judgeLot(facts, specification, [unit], 0).verdict).toBe("not_evaluable");
	},
);

test("the lot's points of control charts are stored with its verdict, and then kept", async () => {
	const path = join(temporaryFolder(), "store.db");
	await storeWithLot(path);
	const { line, store, judge, charted } = await judgeOn(path);
	line.watermarkMs = closedMs;
	judge.look();
	await eventually(() => charted.kept === 1);
	const { points } = await store.storedCharts();
	expect(points).toMatchObject([{ characteristic: "soak/mean", lot: "L1", value: 5 }]);
});

test("a chart that can be made later holds up the verdict; one that never can does not", async () => {
	const path = join(temporaryFolder(), "store.db");
	await storeWithLot(path);
	const { line, store, judge, charted, given, clock } = await judgeOn(path);
	line.watermarkMs = closedMs;
	charted.fails = new CodedError("STORE_FAILED", "the disk is busy");
	judge.look();
	await eventually(() => charted.asked === 1);
	await judge.stop();
	expect(await store.takeMessages(1, 10)).toEqual([]);
	charted.fails = new Error("a mistake of ours");
	judge.start();
	clock.step(1_000);
	await eventually(() => given.length === 1 && charted.kept === 1);
	expect((await store.storedCharts()).points).toEqual([]);
});
