import { expect, test } from "vitest";
import { counted } from "../../helpers/quiet-telemetry.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { eventually } from "../../simulators/plant/eventually.ts";
import { incoming } from "./incoming.ts";
import { IntakeRig } from "./intake-rig.ts";

const value = (atS: number, number: number) => ({ series: 5, atMs: atS * 1_000, value: number });
const soak = ["B1", "L1", "", "SOAK"].map((text, index) => ({ series: index + 1, atMs: 0, value: text }));
const held = (next: number, first = 1) => [{ epoch: 7, first, next }];

async function rig(limits?: { waiting?: number; commit?: number; commitIntervalMs?: number }) {
	return await new IntakeRig(temporaryFolder()).start(limits);
}

test("a record that comes twice is stored once, inside one batch and across batches", async () => {
	const line = await rig();
	for (const offset of [1, 2, 2, 1]) void line.intake.record(incoming(offset, [value(offset, 1)]));
	await eventually(() => line.intake.storedSamples === 2);
	for (const offset of [2, 3]) void line.intake.record(incoming(offset, [value(offset, 1)]));
	await eventually(() => line.intake.storedSamples === 3);
	expect(line.offsets()).toEqual([1, 2, 3]);
	expect(await counted(line.telemetry, "records_repeated_total")).toBe(3);
});

test("records are stored as they come; only the contiguous ones are confirmed, and only when they are stored", async () => {
	const line = await rig();
	line.intake.held(1, held(5), true);
	let open = () => {};
	line.gate = new Promise((resolve) => {
		open = resolve;
	});
	for (const offset of [1, 4, 2]) void line.intake.record(incoming(offset, [value(offset, 1)]));
	line.clock.step(5_000);
	expect(line.confirmed).toEqual([]);
	open();
	await eventually(() => line.intake.storedSamples === 3);
	expect(line.confirmed.at(-1)).toMatchObject({ epoch: 7, confirmed: 2 });
	expect(Math.min(...line.confirmed.map(({ storedThen }) => storedThen))).toBeGreaterThan(0);
	void line.intake.record(incoming(3, [value(3, 1)]));
	await eventually(() => line.confirmed.at(-1)?.confirmed === 4);
	expect(line.offsets()).toEqual([1, 4, 2, 3]);
});

test("a confirmation is repeated each second while the agent still holds what is stored", async () => {
	const line = await rig();
	line.intake.held(1, held(2), true);
	void line.intake.record(incoming(1, [value(1, 1)]));
	await eventually(() => line.confirmed.length === 1);
	line.clock.step(3_000);
	expect(line.confirmed).toHaveLength(4);
	line.intake.held(1, held(2, 2), false);
	line.clock.step(3_000);
	expect(line.confirmed).toHaveLength(4);
});

test("a commit that fails confirms nothing, judges nothing, and takes the same records when they come again", async () => {
	const line = await rig();
	line.intake.held(1, held(4), true);
	void line.intake.record(incoming(1, soak));
	await eventually(() => line.intake.storedSamples === 4);
	const before = line.judge.save();
	const confirmedBefore = line.confirmed.length;
	line.refusals = 1;
	const outside = [incoming(2, [value(1, 12)]), incoming(3, [value(2, 13)], { throughMs: 20_000 })];
	for (const record of outside) void line.intake.record(record);
	await eventually(() => line.intake.lastError !== undefined);
	expect(line.judge.save()).toBe(before);
	expect(line.confirmed).toHaveLength(confirmedBefore);
	expect(line.offsets()).toEqual([1]);
	line.clock.step(1_000);
	for (const record of outside)
		void line.intake.record(
			incoming(record.offset, [value(record.offset - 1, 10 + record.offset)], { throughMs: 20_000 }),
		);
	await eventually(() => line.intake.storedSamples === 6);
	expect(line.offsets()).toEqual([1, 2, 3]);
	expect(line.intake.lastError).toBeUndefined();
	expect(line.rows("SELECT started_ms, raised_ms FROM occurrence")).toEqual([
		{ started_ms: 1_000, raised_ms: 11_000 },
	]);
	expect(await counted(line.telemetry, "commit_failures_total")).toBe(1);
});

test("edge nodes, series and Through marks of a failed commit are stored with the next one", async () => {
	const line = new IntakeRig(temporaryFolder());
	line.refusals = 1;
	await line.start();
	void line.intake.record(incoming(1, [value(1, 1)], { throughMs: 5_000 }));
	await eventually(() => {
		line.clock.step(1_000);
		return line.intake.storedSamples === 1;
	});
	expect(line.refused).toBe(1);
	line.refusals = 1;
	line.intake.progress(1, "U500", 7, 1, 9_000);
	const commits = line.commits.length;
	await eventually(() => {
		line.clock.step(1_000);
		return line.commits.length > commits;
	});
	expect(line.refused).toBe(2);
	await line.stop();
	expect(line.rows("SELECT count(*) AS n FROM series")).toEqual([{ n: 7 }]);
	expect(line.rows("SELECT device, through_ms FROM through")).toEqual([
		{ device: "U500", through_ms: 9_000 },
	]);
});

test("records gather between transactions, unless one is full; the first after a pause goes at once", async () => {
	const line = await rig({ commit: 4, commitIntervalMs: 100 });
	// The rig's series are a transaction of their own.
	await eventually(() => line.commits.length === 1);
	let open = () => {};
	line.gate = new Promise((resolve) => {
		open = resolve;
	});
	void line.intake.record(incoming(1, [value(1, 1)]));
	await eventually(() => {
		if (line.attempts === 1) line.clock.step(100);
		return line.attempts === 2;
	});
	open();
	await eventually(() => line.intake.storedSamples === 1);
	const before = line.commits.length;
	for (const offset of [2, 3]) {
		void line.intake.record(incoming(offset, [value(offset, 1)]));
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	expect(line.intake.storedSamples).toBe(1);
	line.clock.step(100);
	await eventually(() => line.intake.storedSamples === 3);
	expect(line.commits.slice(before).map(({ records }) => records.length)).toEqual([2]);
	line.clock.step(100);
	for (const offset of [4, 5, 6, 7, 8]) void line.intake.record(incoming(offset, [value(offset, 1)]));
	// Four are a full transaction; the fifth waits for the next.
	await eventually(() => line.intake.storedSamples === 7);
	line.clock.step(100);
	await eventually(() => line.intake.storedSamples === 8);
});

test("a stop does not wait for records to gather", async () => {
	const line = await rig({ commitIntervalMs: 1_000 });
	for (const offset of [1, 2]) {
		void line.intake.record(incoming(offset, [value(offset, 1)]));
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	await line.intake.stop();
	expect(line.offsets()).toEqual([1, 2]);
});

test("stop commits what was taken, and how far it is complete", async () => {
	const line = await rig({ commit: 1 });
	for (let offset = 1; offset <= 20; offset++)
		void line.intake.record(incoming(offset, [value(offset, 1)], { throughMs: offset * 1_000 }));
	await line.stop();
	expect(line.offsets()).toHaveLength(20);
	expect(line.rows("SELECT through_ms FROM through")).toEqual([{ through_ms: 20_000 }]);
});

test("stop ends even when the store refuses everything", async () => {
	const line = await rig({ commit: 1 });
	line.refusals = 1_000;
	for (let offset = 1; offset <= 20; offset++) void line.intake.record(incoming(offset, [value(offset, 1)]));
	await line.stop();
	expect(line.offsets()).toEqual([]);
	expect(line.confirmed).toEqual([]);
});

test("whoever brings too much waits until the store has caught up", async () => {
	const line = await rig({ waiting: 10, commit: 4 });
	let open = () => {};
	line.gate = new Promise((resolve) => {
		open = resolve;
	});
	const waits = Array.from({ length: 12 }, (_, index) =>
		line.intake.record(incoming(index + 1, [value(index, 1)])),
	);
	expect(waits.map((wait) => wait !== undefined)).toEqual([...Array(9).fill(false), true, true, true]);
	open();
	await Promise.all(waits);
	await eventually(() => line.intake.storedSamples === 12);
});

test("silence that is known to be silence raises: progress without samples moves time on", async () => {
	const line = await rig();
	void line.intake.record(incoming(1, [...soak, value(1, 12)], { throughMs: 1_000 }));
	await eventually(() => line.intake.storedSamples === 5);
	line.intake.progress(1, "U500", 7, 1, 30_000);
	await eventually(() => line.judgements.some(({ occurrences }) => occurrences.length > 0));
	expect(line.rows("SELECT started_ms, raised_ms FROM occurrence")).toEqual([
		{ started_ms: 1_000, raised_ms: 11_000 },
	]);
	expect(line.watches.watermarkMs(["U500"])).toBe(30_000);
	expect(line.watches.watermarkMs(["U500", "U600"])).toBeUndefined();
});
