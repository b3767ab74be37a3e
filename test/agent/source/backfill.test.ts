import { type ClientSession, DataType, DataValue, StatusCodes, Variant } from "node-opcua";
import { expect, test } from "vitest";
import { Backfill, type HistoryTag, type MissingOfTag } from "../../../agent/source/backfill.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import type { Gap } from "../../../common/contract/gap.ts";
import { systemClock } from "../../../common/runtime/clock.ts";

const gap: Gap = {
	...{ device: "Kiln", tags: [], fromMs: 1_000, toMs: 9_000 },
	...{ cause: "server_unreachable", backfilled: false },
};

interface Question {
	readonly startMs: number;
	readonly endMs: number;
	readonly most: number;
	readonly nodeId: string;
}

type Answer = { values: readonly number[] } | { fault: string };

/** A gap of so many tags before a server that answers like this; values are their own source times. */
function rig(tags: number, answer: (question: Question) => Answer) {
	const gaps: Gap[] = [];
	const done: number[] = [];
	const failed: string[] = [];
	const times: number[] = [];
	const asked: Question[] = [];
	let aheadMs = 0;
	let order: "oldest_first" | "off" = "oldest_first";
	const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
	const backfill = new Backfill({
		order: () => order,
		clock,
		sink: {
			cycle: ({ samples }) => times.push(...samples.sourceMs.subarray(0, samples.count)),
			gap: (one) => gaps.push(one),
		},
		onDone: (_, values, without) => done.push(values, without),
		onFailed: (_, tag, reason) => failed.push(`${tag}: ${reason}`),
	});
	const missing = Array.from(
		{ length: tags },
		(_, tagId): MissingOfTag => ({ tagId, after: { ms: 1_000, ticks: 0 }, before: { ms: 9_000, ticks: 0 } }),
	);
	let told = 0;
	const closed = () =>
		backfill.closed(gap, () => {
			told++;
			return missing;
		});
	closed();
	aheadMs = 5_000;
	const session = {
		_performMessageTransaction: (request: never, reply: (error: Error | null, response?: object) => void) => {
			const { historyReadDetails: details, nodesToRead } = request as {
				historyReadDetails: { startTime: Date; endTime: Date; numValuesPerNode: number };
				nodesToRead: { nodeId: { toString(): string } }[];
			};
			const question = {
				startMs: details.startTime.getTime(),
				endMs: details.endTime.getTime(),
				most: details.numValuesPerNode,
				nodeId: String(nodesToRead[0]?.nodeId),
			};
			asked.push(question);
			const answered = answer(question);
			if ("fault" in answered) return reply(new Error(answered.fault));
			const dataValues = answered.values.map(
				(ms) =>
					new DataValue({
						value: new Variant({ dataType: DataType.Double, value: ms }),
						sourceTimestamp: new Date(ms),
					}),
			);
			reply(null, { results: [{ statusCode: StatusCodes.Good, historyData: { dataValues } }] });
		},
	} as unknown as ClientSession;
	const run = (tagOf: (tagId: number) => HistoryTag = named) =>
		backfill.run(session, tagOf, new AbortController().signal);
	const switchTo = (to: typeof order) => {
		order = to;
	};
	return { run, gaps, done, failed, times, asked, closed, switchTo, told: () => told };
}

function named(tagId: number): HistoryTag {
	return { name: `T[${tagId}]`, nodeId: `ns=1;s=T${tagId}`, datatype: datatypes.Double };
}

/** What a history with a value each millisecond has between two times, the ends included. */
function eachMs({ startMs, endMs }: Question): number[] {
	const from = Math.max(startMs, 1_000);
	return Array.from({ length: Math.max(0, Math.min(endMs, 9_000) - from + 1) }, (_, index) => from + index);
}

test("tags whose history is not read stay a gap, ask the server nothing, and are no sign of a server without history", async () => {
	const { run, gaps, done, asked } = rig(30, () => ({ values: [1_000, 9_000] }));
	await run((tagId) => ({ ...named(tagId), nodeId: tagId < 29 ? undefined : "ns=1;s=X" }));
	expect({ asked: asked.length, done }).toEqual({ asked: 1, done: [0, 29] });
	expect(gaps).toEqual([
		{ ...gap, tags: Array.from({ length: 29 }, (_, tagId) => `T[${tagId}]`) },
		{ ...gap, backfilled: true },
	]);
});

test.each([
	["as many values as it was asked for", 1_000],
	["less than that", 700],
])("a server that gives %s, and no continuation point, is asked for the rest", async (_, most) => {
	const { run, gaps, done, times, asked } = rig(1, (question) => ({
		values: eachMs(question).slice(0, most),
	}));
	await run();
	expect(times).toEqual(Array.from({ length: 7_999 }, (_, index) => 1_001 + index));
	expect(done).toEqual([7_999, 0]);
	expect(gaps).toEqual([{ ...gap, backfilled: true }]);
	expect(asked.length).toBeLessThan(14);
});

test("switched off while gaps wait, they stay gaps, and so do later ones; switched on again, those after it are read", async () => {
	const { run, gaps, done, asked, closed, switchTo, told } = rig(1, (question) => ({
		values: eachMs(question),
	}));
	switchTo("off");
	await run();
	closed();
	await run();
	// Nothing is noted for them any longer.
	expect({ gaps, done, asked, told: told() }).toEqual({ gaps: [], done: [], asked: [], told: 2 });
	switchTo("oldest_first");
	await run();
	expect(asked).toEqual([]);
});

test("a server that gives the same page for ever is not asked for ever", async () => {
	const { run, gaps, failed } = rig(1, ({ most }) => ({ values: Array<number>(most).fill(5_000) }));
	for (let attempt = 0; attempt < 3; attempt++) await run().catch(() => undefined);
	expect(failed).toEqual([expect.stringContaining("T[0]: ")]);
	expect(gaps.filter(({ backfilled }) => backfilled)).toEqual([]);
});

test("an answer without even the values that are known to be there is no history: the tag stays a gap", async () => {
	const { run, gaps, done } = rig(2, ({ nodeId }) => ({
		values: nodeId.endsWith("T1") ? [1_000, 9_000] : [],
	}));
	await run();
	expect(done).toEqual([0, 1]);
	expect(gaps).toEqual([
		{ ...gap, tags: ["T[0]"] },
		{ ...gap, backfilled: true },
	]);
});

test("a history that fails again and again is that tag's trouble: named, left a gap, and the next one is read", async () => {
	const { run, gaps, done, failed, asked } = rig(2, (question) =>
		question.nodeId.endsWith("T0")
			? { fault: "serviceResult = BadInternalError" }
			: { values: [1_000, 4_000, 9_000] },
	);
	await expect(run()).rejects.toThrow("BadInternalError");
	await expect(run()).rejects.toThrow("BadInternalError");
	await run();
	expect(asked.map(({ nodeId }) => nodeId.at(-1))).toEqual(["0", "0", "0", "1"]);
	expect(failed).toEqual(["T[0]: serviceResult = BadInternalError"]);
	expect(done).toEqual([1, 1]);
	expect(gaps).toEqual([
		{ ...gap, tags: ["T[0]"] },
		{ ...gap, backfilled: true },
	]);
});
