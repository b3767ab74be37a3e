import type { ClientSession } from "node-opcua";
import { expect, test } from "vitest";
import { Backfill, type MissingOfTag } from "../../../agent/source/backfill.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import type { Gap } from "../../../common/contract/gap.ts";
import { systemClock } from "../../../common/runtime/clock.ts";

test("tags whose history is not read stay a gap, ask the server nothing, and are no sign of a server without history", async () => {
	let aheadMs = 0;
	const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
	const gaps: Gap[] = [];
	const done: number[] = [];
	const backfill = new Backfill({
		order: "oldest_first",
		clock,
		sink: { cycle: () => expect.unreachable(), gap: (gap) => gaps.push(gap) },
		onDone: (_, values, without) => done.push(values, without),
	});
	const gap: Gap = {
		...{ device: "Kiln", tags: [], fromMs: 1_000, toMs: 2_000 },
		...{ cause: "server_unreachable", backfilled: false },
	};
	const missing = Array.from(
		{ length: 30 },
		(_, tagId): MissingOfTag => ({ tagId, after: { ms: 1_000, ticks: 0 }, before: undefined }),
	);
	backfill.closed(gap, () => missing);
	aheadMs = 5_000;
	let asked = 0;
	const session = {
		_performMessageTransaction: (_: object, answer: (error: null, response: object) => void) => {
			asked++;
			answer(null, { results: [{ statusCode: { isBad: () => false }, historyData: { dataValues: [] } }] });
		},
	} as unknown as ClientSession;
	const tagOf = (tagId: number) => ({
		name: `T[${tagId}]`,
		nodeId: tagId < 29 ? undefined : "ns=1;s=X",
		datatype: datatypes.Double,
	});
	await backfill.run(session, tagOf, new AbortController().signal);
	expect({ asked, done }).toEqual({ asked: 1, done: [0, 29] });
	expect(gaps).toEqual([
		{ ...gap, tags: Array.from({ length: 29 }, (_, tagId) => `T[${tagId}]`) },
		{ ...gap, backfilled: true },
	]);
});
