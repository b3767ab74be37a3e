import { expect, test } from "vitest";
import { encodeGap, type Gap } from "../../../common/contract/gap.ts";
import { encodeOpened } from "../../../common/contract/opened.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { eventually } from "../../simulators/plant/eventually.ts";
import { incoming } from "./incoming.ts";
import { gapSeries, IntakeRig, openedSeries } from "./intake-rig.ts";

const value = (atS: number) => ({ series: 5, atMs: atS * 1_000, value: 1 });
const gap: Gap = {
	device: "U500",
	tags: ["T1"],
	fromMs: 5,
	toMs: 9,
	cause: "server_unreachable",
	backfilled: false,
};
const gapsOf = (line: IntakeRig) =>
	line.rows("SELECT device, tags, from_ms, to_ms, cause FROM gap ORDER BY from_ms");

/** Marks of a batch count with the next look, which the clock brings. */
async function throughIs(line: IntakeRig, ms: number) {
	await eventually(() => {
		line.clock.step(1_000);
		return line.watches.throughs().get("U500") === ms;
	});
}

async function rig() {
	return await new IntakeRig(temporaryFolder()).start();
}

test("what the agent says it holds and nobody has seen is asked for, the lowest first, when nothing has come for a second", async () => {
	const line = await rig();
	for (const offset of [1, 4]) void line.intake.record(incoming(offset, [value(offset)]));
	await eventually(() => line.intake.storedSamples === 2);
	const held = [{ epoch: 7, first: 1, next: 7 }];
	line.intake.held(1, held, false);
	expect(line.asked, "something may still be on its way").toEqual([]);
	line.clock.step(1_100);
	line.intake.held(1, held, false);
	line.intake.held(1, held, false);
	expect(line.asked).toEqual(["7: 2–3", "7: 5–6"]);
	line.clock.step(2_100);
	line.intake.held(1, held, false);
	expect(line.asked).toEqual(["7: 2–3", "7: 5–6", "7: 2–3", "7: 5–6"]);
	for (const offset of [2, 3]) void line.intake.record(incoming(offset, [value(offset)]));
	await eventually(() => line.intake.storedSamples === 4);
	line.intake.held(1, held, false);
	line.clock.step(1_100);
	line.intake.held(1, held, false);
	expect(line.asked.slice(4)).toEqual(["7: 5–6"]);
});

test("a record that comes again with another content is kept aside, and what it held is a gap", async () => {
	const line = await rig();
	void line.intake.record(incoming(1, [value(1)]));
	await eventually(() => line.intake.storedSamples === 1);
	void line.intake.record(incoming(1, [value(1)]));
	void line.intake.record(incoming(1, [value(7)], { hash: new Uint8Array(16).fill(9) }));
	await eventually(() => gapsOf(line).length === 1);
	expect(gapsOf(line)).toEqual([
		{ device: "U500", tags: '["T1"]', from_ms: 7_000, to_ms: 7_000, cause: "conflict" },
	]);
	const [conflict, ...others] = line.rows('SELECT epoch, "offset", samples FROM conflict');
	expect(others).toEqual([]);
	expect(conflict).toEqual({ epoch: 7, offset: 1, samples: '[["T1",7000,0,"1"]]' });
	expect(line.rows("SELECT source_ms FROM sample")).toEqual([{ source_ms: 1_000 }]);
});

test("a record with another content in one batch with the first is no less a conflict", async () => {
	const line = await rig();
	void line.intake.record(incoming(1, [value(1)]));
	void line.intake.record(incoming(1, [value(2)], { hash: new Uint8Array(16).fill(9) }));
	await eventually(() => gapsOf(line).length === 1);
	expect(gapsOf(line)[0]).toMatchObject({ cause: "conflict" });
});

test("the gap record of a dropped range counts for all of it, makes rows only for what is not here, and never conflicts", async () => {
	const line = await rig();
	for (const offset of [1, 2, 3]) void line.intake.record(incoming(offset, [value(offset)]));
	await eventually(() => line.intake.storedSamples === 3);
	const dropped = (first: number, last: number) =>
		incoming(first, [{ series: gapSeries, atMs: 9, value: encodeGap(gap) }], { device: "", last });
	void line.intake.record(dropped(1, 3));
	void line.intake.record(dropped(2, 9));
	void line.intake.record(incoming(10, [value(10)]));
	await eventually(() => line.intake.storedSamples === 5);
	expect(line.rows('SELECT "offset", last FROM record WHERE last > "offset"')).toEqual([
		{ offset: 4, last: 9 },
	]);
	expect(line.rows("SELECT first, last FROM committed_range")).toEqual([{ first: 1, last: 10 }]);
	expect(gapsOf(line)).toHaveLength(1);
	expect(line.rows("SELECT count(*) AS n FROM conflict")).toEqual([{ n: 0 }]);
});

test("a gap that the agent tells is a row of the ledger, once", async () => {
	const line = await rig();
	const told = () => incoming(1, [{ series: gapSeries, atMs: 9, value: encodeGap(gap) }], { device: "" });
	void line.intake.record(told());
	await eventually(() => line.intake.storedSamples === 1);
	void line.intake.record(told());
	void line.intake.record(incoming(2, [value(2)]));
	await eventually(() => line.intake.storedSamples === 2);
	expect(gapsOf(line)).toEqual([
		{ device: "U500", tags: '["T1"]', from_ms: 5, to_ms: 9, cause: "server_unreachable" },
	]);
});

test("text that is no gap makes no row and stops nothing", async () => {
	const line = await rig();
	const samples = ["", "{", '{"device":1}', "null", "[]"].map((text) => ({
		series: gapSeries,
		atMs: 9,
		value: text,
	}));
	void line.intake.record(incoming(1, samples, { device: "" }));
	await eventually(() => line.intake.storedSamples === 5);
	expect(gapsOf(line)).toEqual([]);
});

test("offsets that the agent no longer holds are a gap from what is complete to now, and count as stored", async () => {
	const line = await rig();
	void line.intake.record(incoming(1, [value(1)], { throughMs: 4_000 }));
	await throughIs(line, 4_000);
	line.intake.held(1, [{ epoch: 7, first: 5, next: 8 }], false);
	line.intake.held(1, [{ epoch: 7, first: 5, next: 8 }], false);
	void line.intake.record(incoming(5, [value(9)], { throughMs: 9_000 }));
	await eventually(() => line.confirmed.at(-1)?.confirmed === 5);
	expect(gapsOf(line)).toEqual([
		{ device: "U500", tags: "[]", from_ms: 4_000, to_ms: expect.any(Number), cause: "store_restored" },
	]);
	await throughIs(line, 9_000);
	// Now it is known where the data goes on.
	await eventually(() => gapsOf(line)[0]?.to_ms === 9_000);
	expect(gapsOf(line)).toHaveLength(1);
});

test("what is being stored at this moment is not lost, although the agent has let go of it", async () => {
	const line = await rig();
	let open = () => {};
	line.gate = new Promise((resolve) => {
		open = resolve;
	});
	for (const offset of [1, 2, 3]) void line.intake.record(incoming(offset, [value(offset)]));
	await eventually(() => line.intake.waitingSamples === 0);
	line.intake.held(1, [{ epoch: 7, first: 4, next: 4 }], false);
	open();
	await eventually(() => line.intake.storedSamples === 3);
	await line.stop();
	expect(gapsOf(line)).toEqual([]);
});

test("an epoch of which nothing ever came is a gap as soon as the next one names it", async () => {
	const line = await rig();
	const opened = encodeOpened({ epoch: 8, previousEpoch: 7, previousLast: 12 });
	void line.intake.record(
		incoming(1, [{ series: openedSeries, atMs: 9, value: opened }], { device: "", epoch: 8 }),
	);
	await eventually(() => line.intake.storedSamples === 1);
	line.intake.held(1, [{ epoch: 8, first: 1, next: 2 }], false);
	await line.stop();
	expect(gapsOf(line)).toMatchObject([{ device: "", cause: "store_restored" }]);
	expect(line.rows("SELECT epoch, first, last FROM committed_range ORDER BY epoch")).toEqual([
		{ epoch: 7, first: 1, last: 12 },
		{ epoch: 8, first: 1, last: 1 },
	]);
});

test("a restarted intake knows what is stored, and what comes again is counted, not stored", async () => {
	const folder = temporaryFolder();
	const line = await new IntakeRig(folder).start();
	for (const offset of [1, 2, 4])
		void line.intake.record(incoming(offset, [value(offset)], { throughMs: offset * 1_000 }));
	await eventually(() => line.intake.storedSamples === 3);
	await line.stop();
	const next = await new IntakeRig(folder).start();
	expect(next.watches.throughs().get("U500")).toBe(2_000);
	for (const offset of [1, 2, 3, 4])
		void next.intake.record(incoming(offset, [value(offset)], { throughMs: offset * 1_000 }));
	await eventually(() => next.intake.storedSamples === 1);
	await next.stop();
	expect(next.offsets()).toEqual([1, 2, 4, 3]);
	expect(next.rows("SELECT max(seq) AS seq FROM record")).toEqual([{ seq: 4 }]);
	expect(next.rows("SELECT first, last FROM committed_range")).toEqual([{ first: 1, last: 4 }]);
});
