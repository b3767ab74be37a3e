import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { FollowerPosition, FollowerPositions, PositionReader } from "../../../collector/follow-port.ts";
import { CodedError } from "../../../common/runtime/coded-error.ts";
import { counted } from "../../helpers/quiet-telemetry.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { eventually } from "../../simulators/plant/eventually.ts";
import { beganMs } from "../store/known-store.ts";
import { type FollowedStore, FollowerRig, ScriptedDatabase, StoreRig } from "./follower-rig.ts";

let line: StoreRig;
beforeAll(async () => {
	line = await new StoreRig().open();
	await line.series("U500", "T1", "Double");
	// Each source time three times, over several records.
	for (let n = 0; n < 60; n++) {
		const value = (index: number) => ({
			tag: "T1",
			atMs: beganMs + ((n * 10 + index) % 200) * 1_000,
			value: n * 10 + index,
		});
		await line.samples(
			"U500",
			Array.from({ length: 10 }, (_, index) => value(index)),
		);
	}
});
afterAll(() => line.close());

function withReader(changes: Partial<PositionReader>): FollowedStore {
	const { reader } = line;
	const whole: PositionReader = {
		readPositions: (...args) => reader.readPositions(...args),
		readEvents: (...args) => reader.readEvents(...args),
		readSeries: (...args) => reader.readSeries(...args),
		readEdgeNodes: () => reader.readEdgeNodes(),
		...changes,
	};
	return { store: line.store, reader: whole, end: line.end };
}

const keys = (database: ScriptedDatabase) => ({
	name: "one",
	kind: "influxdb1",
	url: database.url,
	database: "d",
});
const samplesOf = (database: ScriptedDatabase) =>
	database.requests.flatMap(({ lines }) => lines).filter((text) => text.startsWith("sample,"));

test("values of one source time get places of their own, in one batch and over many", async () => {
	const sets: string[][] = [];
	for (const batch_rows of [5_000, 7]) {
		const database = await ScriptedDatabase.start();
		const rig = new FollowerRig(line);
		await rig.follow({ ...keys(database), batch_rows });
		await rig.caughtUp();
		await rig.stop();
		sets.push(samplesOf(database));
	}
	expect(sets[1]).toEqual(sets[0]);
	expect(new Set(sets[0]?.map((text) => text.split(" ")[2])).size).toBe(600);
});

test("what the store no longer has is counted and named", async () => {
	const database = await ScriptedDatabase.start();
	const missing = [{ fromPos: 512, toPos: 5_120, reason: "retired" as const, samples: 90 }];
	const store = withReader({
		readPositions: async (fromPos, limit) => {
			if (fromPos >= 5_120) return await line.reader.readPositions(fromPos, limit);
			const slice = await line.reader.readPositions(5_120, 1);
			slice.samples.count = 0;
			return { ...slice, nextPos: 5_120, missing };
		},
	});
	const rig = new FollowerRig(store);
	await rig.follow(keys(database));
	expect(await rig.caughtUp()).toMatchObject({ missingSamples: 90, writtenLines: 510 });
	expect(await counted(rig.telemetry, "follower_missing_samples_total", { reason: "retired" })).toBe(90);
});

test("a store that does not answer is asked again; nothing is missing and nothing comes twice", async () => {
	const database = await ScriptedDatabase.start();
	let calls = 0;
	const failing = async <T>(work: () => Promise<T>): Promise<T> => {
		if ([0, 2, 3, 6, 11, 12, 13, 20].includes(calls++))
			throw new CodedError("STORE_FAILED", "the disk is away");
		return await work();
	};
	const store = withReader({
		readPositions: (...args) => failing(() => line.reader.readPositions(...args)),
		readSeries: (...args) => failing(() => line.reader.readSeries(...args)),
		readEvents: (...args) => failing(() => line.reader.readEvents(...args)),
	});
	const clock = new SteppedClock();
	const rig = new FollowerRig(store, clock);
	await rig.follow({ ...keys(database), batch_rows: 100 });
	await eventually(() => {
		clock.step(10_000);
		return rig.status().writtenLines === 600;
	});
	expect(rig.status().retries).toBeGreaterThanOrEqual(5);
	expect(samplesOf(database)).toHaveLength(600);
	expect(new Set(samplesOf(database)).size).toBe(600);
});

test("after a crash the last values go again, as the same points", async () => {
	const database = await ScriptedDatabase.start();
	const saved: FollowerPosition[] = [];
	/** Saves nothing behind the middle, as when the process is killed there. */
	const positions: FollowerPositions = {
		followerPositions: async () => saved,
		forgetFollower: async () => {},
		saveFollowerPosition: async (position) => {
			if (position.pos < line.end / 2) saved.splice(0, 1, position);
		},
	};
	const store = { ...withReader({}), store: positions };
	for (let n = 0; n < 3; n++) {
		const clock = new SteppedClock();
		const rig = new FollowerRig(store, clock);
		await rig.follow({ ...keys(database), batch_rows: 60, rows_per_second_max: 60 });
		await eventually(() => {
			clock.step(500);
			return rig.status().pos >= line.end;
		});
		await rig.stop();
	}
	expect(saved[0]?.pos).toBeGreaterThan(0);
	expect(samplesOf(database).length).toBeGreaterThan(1_000);
	expect(new Set(samplesOf(database)).size).toBe(600);
	expect(new Set(samplesOf(database).map((text) => text.split(" ")[2])).size).toBe(600);
});

test("while dead letters cannot be written the follower waits, and then goes on where it was", async () => {
	const database = await ScriptedDatabase.start();
	const bad = (text: string) => text.includes("value=7 ");
	database.answer = ({ lines }) => ({ status: lines.some(bad) ? 400 : 204 });
	const clock = new SteppedClock();
	const rig = new FollowerRig(line, clock);
	// A file where the folder should be.
	writeFileSync(join(rig.folder, "dead-letters"), "");
	await rig.follow(keys(database));
	const waiting = await rig.until(({ state }) => state === "waiting");
	expect(waiting).toMatchObject({ pos: 0, writtenLines: 0 });
	expect(waiting.lastError).toMatch(/EEXIST|ENOTDIR/);
	rmSync(join(rig.folder, "dead-letters"));
	mkdirSync(join(rig.folder, "dead-letters"));
	clock.step(10_000);
	await rig.caughtUp();
	expect(rig.status()).toMatchObject({ writtenLines: 599, refusedLines: 1 });
	expect(rig.deadLetters()).toHaveLength(1);
	expect(rig.status().lastError).toBeUndefined();
});

test("an answer that never ends is no answer", async () => {
	let answered = 0;
	const server = createServer((_request, response) => {
		answered++;
		response.writeHead(400);
		const trickle = setInterval(() => response.write(" "), 20);
		response.on("close", () => clearInterval(trickle));
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	for (const keys of [
		{ kind: "influxdb1", database: "d" },
		{ kind: "influxdb3", database: "d" },
	]) {
		answered = 0;
		const clock = new SteppedClock();
		const rig = new FollowerRig(line, clock);
		await rig.follow({ name: "one", url, timeout_ms: 2_000, ...keys });
		await eventually(() => answered === 1);
		clock.step(7_000);
		expect((await rig.until(({ state }) => state === "waiting")).lastError).toBe("no answer within 2000 ms");
		await rig.stop();
	}
});
