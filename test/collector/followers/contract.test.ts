import { afterAll, beforeAll, expect, test } from "vitest";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { eventually } from "../../simulators/plant/eventually.ts";
import { beganMs } from "../store/known-store.ts";
import {
	type FollowerKeys,
	FollowerRig,
	plainSamples,
	type ScriptedAnswer,
	ScriptedDatabase,
	type ScriptedRequest,
	StoreRig,
} from "./follower-rig.ts";

const kinds: [string, FollowerKeys, string][] = [
	["influxdb1", { database: "plant" }, "/write"],
	["influxdb2", { org: "site", bucket: "plant" }, "/api/v2/write"],
	["influxdb3", { database: "plant" }, "/api/v3/write_lp"],
];

/** Lines without the sign of life, from requests that were answered with 204. */
class Taken {
	readonly lines: string[] = [];

	answer(request: ScriptedRequest, other?: ScriptedAnswer | undefined): ScriptedAnswer {
		if (other !== undefined) return other;
		this.lines.push(...request.lines.filter((line) => !line.startsWith("follower,")));
		return { status: 204 };
	}

	get values(): string[] {
		return this.lines.map((line) => /,value=([^, ]+)/.exec(line)?.[1] ?? line);
	}
}

// One store serves every test; each has a follower and a database of its own.
let line: StoreRig;
let count = 0;
/** The values in the store, in its order. */
const stored = () => Array.from({ length: count }, (_, index) => String(index + 0.25));

async function store(more: number): Promise<void> {
	await plainSamples(line, more, count);
	count += more;
}

beforeAll(async () => {
	line = await new StoreRig().open();
	await store(500);
});
afterAll(() => line.close());

test.each(kinds)(
	"%s writes each sample once, to its own path, in the store's order",
	async (kind, place, path) => {
		const database = await ScriptedDatabase.start();
		const taken = new Taken();
		database.answer = (request) => taken.answer(request);
		const rig = new FollowerRig(line);
		await rig.follow({ name: "one", kind, url: database.url, ...place, batch_rows: 100 });
		await rig.caughtUp();
		expect(taken.values).toEqual(stored());
		expect(new Set(database.requests.map((request) => request.path))).toEqual(new Set([path]));
		expect(taken.lines[0]).toBe(
			`sample,edge_node=agent-1,group=site,tag=T1,unit=U500 status=0i,value=0.25 ${beganMs}000000`,
		);
		const query = Object.fromEntries(database.requests[0]?.query ?? []);
		if (kind === "influxdb1") expect(query).toMatchObject({ db: "plant", precision: "n" });
		else if (kind === "influxdb2") expect(query).toEqual({ org: "site", bucket: "plant", precision: "ns" });
		else
			expect(query).toEqual({
				db: "plant",
				precision: "nanosecond",
				accept_partial: "true",
				no_sync: "false",
			});
	},
);

test.each(kinds)("%s keeps its place over a restart", async (kind, place) => {
	const database = await ScriptedDatabase.start();
	const taken = new Taken();
	database.answer = (request) => taken.answer(request);
	const rig = new FollowerRig(line);
	const keys = { name: "one", kind, url: database.url, ...place };
	await rig.follow(keys);
	await rig.caughtUp();
	await rig.stop();
	await store(50);
	await rig.follow(keys);
	await rig.caughtUp();
	expect(taken.values).toEqual(stored());
});

test.each(kinds)("%s: a follower that is pointed elsewhere begins anew", async (kind, place) => {
	const database = await ScriptedDatabase.start();
	const taken = new Taken();
	database.answer = (request) => taken.answer(request);
	const rig = new FollowerRig(line);
	for (const path of ["", "/other"]) {
		await rig.follow({ name: "one", kind, url: database.url + path, ...place });
		await rig.caughtUp();
		await rig.stop();
	}
	expect(taken.values).toEqual([...stored(), ...stored()]);
	expect(database.requests.at(-1)?.path).toMatch(/^\/other\//);
	expect(await line.store.followerPositions()).toHaveLength(1);
});

test.each(kinds)("%s sends its token or password, which stands in no status", async (kind, place) => {
	const database = await ScriptedDatabase.start();
	const rig = new FollowerRig(line);
	await rig.secret("token", "sesame");
	await rig.follow({ name: "one", kind, url: database.url, ...place, token_file: "token" });
	await rig.caughtUp();
	const scheme = kind === "influxdb3" ? "Bearer" : "Token";
	expect(database.requests[0]?.headers.authorization).toBe(`${scheme} sesame`);
	expect(JSON.stringify(rig.status())).not.toContain("sesame");
});

const later: [string, ScriptedAnswer, number][] = [
	["429 with Retry-After", { status: 429, headers: { "retry-after": "120" } }, 120_000],
	["503 with Retry-After", { status: 503, headers: { "retry-after": "45" }, body: "busy" }, 45_000],
	["503", { status: 503 }, 750],
	["500", { status: 500, body: '{"error":"engine: cache maximum memory size exceeded"}' }, 750],
];

for (const [what, answer, waitMs] of later) {
	test.each(kinds)(`%s waits after ${what}, and loses nothing`, async (kind, place) => {
		const database = await ScriptedDatabase.start();
		const taken = new Taken();
		let busy = true;
		database.answer = (request) => taken.answer(request, busy ? answer : undefined);
		const clock = new SteppedClock();
		const rig = new FollowerRig(line, clock);
		await rig.follow({ name: "one", kind, url: database.url, ...place });
		const waiting = await rig.until(({ state }) => state === "waiting");
		expect(waiting.lastError).toContain(String(answer.status));
		expect((waiting.nextAttemptMs ?? 0) - clock.wallMs()).toBe(waitMs);
		busy = false;
		const requests = database.requests.length;
		clock.step(waitMs - 1);
		expect(database.requests).toHaveLength(requests);
		clock.step(1);
		await rig.caughtUp();
		expect(taken.values).toEqual(stored());
		expect(rig.status()).toMatchObject({ retries: 1, refusedLines: 0, writtenLines: count });
		expect(rig.status().lastError).toBeUndefined();
	});
}

test.each(kinds.flatMap((kind) => [401, 403, 404].map((status) => [...kind, status] as const)))(
	"%s is held by a refusal that needs a person, and goes on once it is mended (%#)",
	async (kind, place, _path, status) => {
		const database = await ScriptedDatabase.start();
		const taken = new Taken();
		let shut = true;
		const body = JSON.stringify({ code: "refused", message: "ask your administrator" });
		const headers = { "content-type": "application/json", location: "/elsewhere" };
		database.answer = (request) => taken.answer(request, shut ? { status, body, headers } : undefined);
		const clock = new SteppedClock();
		const rig = new FollowerRig(line, clock);
		await rig.follow({ name: "one", kind, url: database.url, ...place });
		const held = await rig.until(({ state }) => state === "held");
		expect(held.lastError).toBe(`${status} ask your administrator`);
		shut = false;
		clock.step(60_000);
		await rig.caughtUp();
		expect(taken.values).toEqual(stored());
	},
);

test.each(kinds)("%s halves what is too large, and puts aside a line that alone is", async (kind, place) => {
	const database = await ScriptedDatabase.start();
	const taken = new Taken();
	const large = (text: string) => text.includes("value=7.25 ");
	database.answer = (request) =>
		taken.answer(
			request,
			request.lines.length > 30 || request.lines.some(large) ? { status: 413 } : undefined,
		);
	const rig = new FollowerRig(line);
	await rig.follow({ name: "one", kind, url: database.url, ...place });
	await rig.caughtUp();
	expect(taken.values).toEqual(stored().filter((value) => value !== "7.25"));
	expect(rig.deadLetters()).toMatchObject([{ line: expect.stringContaining("value=7.25 "), reason: "413" }]);
});

test.each(kinds)(
	"%s finds the lines that are refused, and puts them aside with the reason",
	async (kind, place) => {
		const database = await ScriptedDatabase.start();
		const taken = new Taken();
		const bad = (line: string) => /value=(?:3|17|18)\.25/.test(line);
		database.answer = (request) =>
			taken.answer(
				request,
				request.lines.some(bad)
					? {
							status: kind === "influxdb2" ? 422 : 400,
							body: '{"error":"partial write: conflict dropped=1"}',
						}
					: undefined,
			);
		const rig = new FollowerRig(line);
		await rig.follow({ name: "one", kind, url: database.url, ...place });
		await rig.caughtUp();
		const good = stored().filter((value) => !["3.25", "17.25", "18.25"].includes(value));
		expect([...new Set(taken.values)]).toEqual(good);
		expect(rig.status()).toMatchObject({ writtenLines: count - 3, refusedLines: 3 });
		expect(rig.deadLetters().map(({ line }) => /value=(\S+)/.exec(line ?? "")?.[1])).toEqual([
			"3.25",
			"17.25",
			"18.25",
		]);
		expect(rig.deadLetters()[0]?.reason).toContain("partial write: conflict");
	},
);

test.each(kinds)(
	"%s is held, and nothing put aside, when not even a plain line is taken",
	async (kind, place) => {
		const database = await ScriptedDatabase.start();
		database.answer = () => ({ status: 400, body: '{"error":"database is required"}' });
		const rig = new FollowerRig(line, new SteppedClock());
		await rig.follow({ name: "one", kind, url: database.url, ...place });
		const held = await rig.until(({ state }) => state === "held");
		expect(held.lastError).toContain("database is required");
		expect(held).toMatchObject({ refusedLines: 0, writtenLines: 0, pos: 0 });
		expect(database.requests.length).toBeLessThan(80);
	},
);

test.each(kinds)("%s takes silence for a failure, and does not wait behind it", async (kind, place) => {
	const database = await ScriptedDatabase.start();
	const taken = new Taken();
	let silent = 2;
	database.answer = (request) => (silent-- > 0 ? undefined : taken.answer(request));
	const clock = new SteppedClock();
	const rig = new FollowerRig(line, clock);
	await rig.follow({ name: "one", kind, url: database.url, ...place, timeout_ms: 100 });
	for (const retries of [1, 2]) {
		const waiting = await rig.until((status) => status.retries === retries);
		expect(waiting.lastError).toMatch(/timed out/i);
		clock.step(5_000);
	}
	await rig.caughtUp();
	expect(taken.values).toEqual(stored());
});

test.each(kinds)("%s stops at once while a request is on its way", async (kind, place) => {
	const database = await ScriptedDatabase.start();
	database.answer = () => undefined;
	const rig = new FollowerRig(line);
	await rig.follow({ name: "one", kind, url: database.url, ...place });
	await eventually(() => database.requests.length === 1);
	const beganAt = performance.now();
	await rig.stop();
	expect(performance.now() - beganAt).toBeLessThan(1_000);
});

test("no more rows go in a second than may", async () => {
	const database = await ScriptedDatabase.start();
	const taken = new Taken();
	database.answer = (request) => taken.answer(request);
	const clock = new SteppedClock();
	const rig = new FollowerRig(line, clock);
	const beganAtMs = clock.monotonicMs();
	const rate = { batch_rows: 50, rows_per_second_max: 50 };
	await rig.follow({ name: "one", kind: "influxdb1", url: database.url, database: "plant", ...rate });
	await eventually(() => {
		const elapsedS = (clock.monotonicMs() - beganAtMs) / 1_000;
		// A second's worth may go at once.
		expect(taken.lines.length).toBeLessThanOrEqual(50 * (elapsedS + 2));
		if (taken.lines.length >= 300) return true;
		clock.step(250);
		return false;
	});
	expect(clock.monotonicMs() - beganAtMs).toBeGreaterThanOrEqual(4_000);
});

test.each(kinds)("%s begins with what is stored from now on, where it is told to", async (kind, place) => {
	const database = await ScriptedDatabase.start();
	const taken = new Taken();
	database.answer = (request) => taken.answer(request);
	const rig = new FollowerRig(line);
	await rig.follow({ name: "one", kind, url: database.url, ...place, start: "now" });
	await rig.caughtUp();
	const before = count;
	await store(5);
	await rig.caughtUp();
	expect(taken.values).toEqual(stored().slice(before));
});

test("a dead follower holds back no other one", async () => {
	const [dead, alive] = [await ScriptedDatabase.start(), await ScriptedDatabase.start()];
	const taken = new Taken();
	dead.answer = () => undefined;
	alive.answer = (request) => taken.answer(request);
	const rig = new FollowerRig(line);
	await rig.follow(
		{ name: "dead", kind: "influxdb1", url: dead.url, database: "plant" },
		{ name: "one", kind: "influxdb3", url: alive.url, database: "plant" },
	);
	for (let n = 0; n < 5; n++) await store(10);
	await rig.caughtUp();
	expect(taken.values).toEqual(stored());
	expect(rig.status("dead")).toMatchObject({ writtenLines: 0, pos: 0 });
});
