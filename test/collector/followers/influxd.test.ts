import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DatatypeName } from "../../../common/contract/datatype.ts";
import type { SampleValue } from "../../../common/contract/samples.ts";
import { Influxd, type InfluxRow } from "../../helpers/influxd.ts";
import { describeWithPeer } from "../../helpers/peers.ts";
import { beganMs, knownOccurrence } from "../store/known-store.ts";
import { verdictCommit } from "../store/verdict-commit.ts";
import { FollowerRig, ownStore, plainSamples, type RigSample } from "./follower-rig.ts";

const seed = Number(process.env.TEST_SEED ?? 20261130);

describeWithPeer("influxdb", "a follower of a real InfluxDB 1", (program) => {
	let influxd: Influxd;
	let databases = 0;
	beforeAll(async () => {
		influxd = await Influxd.start(program);
	}, 30_000);
	afterAll(() => influxd?.remove());

	/** A database of the test's own. */
	async function database(): Promise<string> {
		const name = `d${++databases}`;
		await influxd.query(`CREATE DATABASE ${name}`);
		return name;
	}

	const keys = (db: string) => ({ name: "one", kind: "influxdb1", url: influxd.url, database: db });

	async function followed(rig: FollowerRig, db: string): Promise<InfluxRow[]> {
		await rig.follow(keys(db));
		await rig.caughtUp();
		return await influxd.query("SELECT * FROM sample", db);
	}

	const typed: [DatatypeName, SampleValue, InfluxRow][] = [
		["Double", 0.1, { value: 0.1 }],
		["Double", -0, { value: -0 }],
		["Double", 5e-324, { value: 5e-324 }],
		["Double", 1.7976931348623157e308, { value: 1.7976931348623157e308 }],
		["Double", Number.NaN, { svalue: "NaN" }],
		["Double", Number.POSITIVE_INFINITY, { svalue: "Infinity" }],
		["Double", Number.NEGATIVE_INFINITY, { svalue: "-Infinity" }],
		["Float", Math.fround(0.1), { value: Math.fround(0.1) }],
		["Int32", -2147483648, { ivalue: -2147483648, value: -2147483648 }],
		["UInt32", 4294967295, { ivalue: 4294967295, value: 4294967295 }],
		["Int64", 9007199254740993n, { ivalue: "9007199254740993", value: "9007199254740992" }],
		["Int64", -9223372036854775808n, { ivalue: "-9223372036854775808", value: "-9223372036854776000" }],
		["Int64", 9223372036854775807n, { ivalue: "9223372036854775807", value: "9223372036854776000" }],
		["UInt64", 18446744073709551615n, { svalue: "18446744073709551615", value: "18446744073709552000" }],
		["Boolean", 1, { bvalue: true, value: 1 }],
		["Boolean", 0, { bvalue: false, value: 0 }],
		["DateTime", 1790000000123, { ivalue: 1790000000123, value: 1790000000123 }],
		["String", "", { svalue: "" }],
		["String", 'a "quoted" \\ back\\\\slash,\n=line \t 漢字 \u{1f600} \\"', {}],
		["Bytes", new Uint8Array([0, 255, 16]), { svalue: "base64:AP8Q" }],
		["Double", null, {}],
	];

	test("every type arrives exactly, in a field that no other type uses", async () => {
		const line = await ownStore();
		const rig = new FollowerRig(line);
		for (const [index, [datatype, value]] of typed.entries()) {
			await line.series("U500", `T${index}`, datatype);
			const status = value === null ? 0x80310000 : 0x40900000;
			await line.samples("U500", [{ tag: `T${index}`, atMs: beganMs + index, value, status }]);
		}
		const rows = await followed(rig, await database());
		expect(rows).toHaveLength(typed.length);
		for (const [index, [, value, expected]] of typed.entries()) {
			const row = rows.find(({ tag }) => tag === `T${index}`);
			const fields: InfluxRow = { value: null, ivalue: null, bvalue: null, svalue: null, ...expected };
			if (typeof value === "string") fields.svalue = value;
			expect(row).toMatchObject({
				...{ group: "site", edge_node: "agent-1", unit: "U500", ...fields },
				status: value === null ? 0x80310000 : 0x40900000,
				time: `${beganMs + index}000000`,
			});
		}
		expect(rig.status()).toMatchObject({ refusedLines: 0, writtenLines: typed.length });
	});

	test("any text in any label and field reads back as it was, or is refused by name", async () => {
		const line = await ownStore();
		const rig = new FollowerRig(line);
		const text = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
		const nasty = fc.string({
			unit: fc.constantFrom("a", ",", "=", " ", "\\", '"', "\n", "é"),
			minLength: 1,
			maxLength: 9,
		});
		const pairs = fc.sample(fc.tuple(fc.oneof(text, nasty), fc.oneof(text, nasty)), { seed, numRuns: 300 });
		const stored = new Map<string, string>();
		for (const [index, [tag, value]] of pairs.entries()) {
			if (stored.has(tag)) continue;
			stored.set(tag, value);
			await line.series("U500", tag, "String");
			await line.samples("U500", [{ tag, atMs: beganMs + index, value }]);
		}
		const rows = await followed(rig, await database());
		const refused = rig.status().refusedLines === 0 ? [] : rig.deadLetters();
		expect(
			refused.every(({ reason }) =>
				/^the label .* (has a control character|ends with a backslash)$/s.test(reason),
			),
		).toBe(true);
		expect(rows.length + refused.length).toBe(stored.size);
		for (const { tag, svalue } of rows) expect(svalue).toBe(stored.get(String(tag)));
		expect(rows.length).toBeGreaterThan(150);
		expect(refused.length).toBeGreaterThan(5);
	});

	test("a tag that changes its type goes on, and values of one millisecond and of one tick all live", async () => {
		const line = await ownStore();
		const rig = new FollowerRig(line);
		await line.series("U500", "T1", "Double");
		const same: RigSample[] = [
			{ tag: "T1", atMs: beganMs, restTicks: 1, value: 1 },
			{ tag: "T1", atMs: beganMs, restTicks: 2, value: 2 },
			{ tag: "T1", atMs: beganMs, restTicks: 2, value: 3, status: 0x40000000 },
			{ tag: "T1", atMs: beganMs + 5, value: 4 },
			{ tag: "T1", atMs: beganMs, restTicks: 1, value: 5 },
		];
		await line.samples("U500", same);
		await line.series("U500", "T1", "String");
		await line.samples("U500", [{ tag: "T1", atMs: beganMs + 5, value: "six" }]);
		await line.series("U500", "T1", "Int64");
		await line.samples("U500", [{ tag: "T1", atMs: beganMs + 5, value: 7n }]);
		const rows = await followed(rig, await database());
		expect(rows.map(({ time, value, svalue }) => [time, value ?? svalue])).toEqual([
			[`${beganMs}000100`, 1],
			[`${beganMs}000101`, 5],
			[`${beganMs}000200`, 2],
			[`${beganMs}000201`, 3],
			[`${beganMs + 5}000000`, 4],
			[`${beganMs + 5}000001`, "six"],
			[`${beganMs + 5}000002`, 7],
		]);
	});

	test("stored = followed by tag, also over restarts in between, and nothing comes twice", async () => {
		const line = await ownStore();
		const rig = new FollowerRig(line);
		const db = await database();
		for (const tag of ["A", "B", "C"]) await line.series("U500", tag, "Double");
		await line.series("", "Data/Gap", "String");
		const round = async (from: number) => {
			// Every source time twice, and C late by 7 s.
			const samples = Array.from({ length: 900 }, (_, index) => ({
				tag: "ABC"[index % 3] as string,
				atMs: beganMs + Math.floor((from + index) / 6) * 1_000 - (index % 3 === 2 ? 7_000 : 0),
				value: from + index,
			}));
			await line.samples("U500", samples);
			await line.samples("", [{ tag: "Data/Gap", atMs: beganMs, value: "{}" }]);
		};
		for (let n = 0; n < 4; n++) {
			await round(n * 900);
			await rig.follow({ ...keys(db), batch_rows: 70 });
			if (n !== 2) await rig.caughtUp();
			await rig.stop();
		}
		await rig.follow(keys(db));
		await rig.caughtUp();
		const { tags } = await line.reader.counts();
		const counts = await influxd.query('SELECT count("status") FROM sample GROUP BY "unit", "tag"', db);
		expect(Object.fromEntries(counts.map(({ unit, tag, count }) => [`${unit}/${tag}`, count]))).toEqual(tags);
		expect(Object.values(tags)).toEqual([1_200, 1_200, 1_200]);
	});

	test("lines the database refuses are found by halving; the others are written, and the tags go on", async () => {
		const line = await ownStore();
		const rig = new FollowerRig(line);
		const db = await database();
		// Somebody else wrote text where our numbers go.
		await fetch(`${influxd.url}/write?db=${db}`, {
			method: "POST",
			body: `sample,edge_node=agent-1,group=site,tag=T1,unit=U500 value="text" ${beganMs + 40_000}000000`,
		});
		await plainSamples(line, 30);
		await line.series("U500", "T2", "String");
		await line.samples("U500", [{ tag: "T2", atMs: beganMs, value: "fine" }]);
		await rig.follow(keys(db));
		const status = await rig.caughtUp();
		expect(status).toMatchObject({ writtenLines: 1, refusedLines: 30, retries: 0 });
		const letters = rig.deadLetters();
		expect(letters).toHaveLength(30);
		expect(letters[0]?.reason).toContain("field type conflict");
		expect(letters.map(({ line }) => line?.split(" ")[2])).toEqual(
			Array.from({ length: 30 }, (_, index) => `${beganMs + index * 1_000}000000`),
		);
		expect(await influxd.query("SELECT svalue FROM sample WHERE \"tag\" = 'T2'", db)).toMatchObject([
			{ svalue: "fine" },
		]);
	});

	test("values older than the database keeps are one letter for each request, not one for each value", async () => {
		const line = await ownStore();
		const rig = new FollowerRig(line);
		const db = await database();
		await influxd.query(`CREATE RETENTION POLICY short ON ${db} DURATION 1h REPLICATION 1 DEFAULT`);
		await plainSamples(line, 500);
		await rig.follow(keys(db));
		const status = await rig.caughtUp();
		expect(status).toMatchObject({ writtenLines: 0, refusedLines: 500 });
		const letters = rig.deadLetters();
		expect(letters).toHaveLength(1);
		expect(letters[0]).toMatchObject({ more: 499 });
		expect(letters[0]?.reason).toContain("beyond retention policy");
	});

	test("a database that is not there holds the follower, which goes on by itself once it is", async () => {
		const line = await ownStore();
		const rig = new FollowerRig(line);
		await plainSamples(line, 10);
		await rig.follow(keys("absent"));
		const held = await rig.until(({ state }) => state === "held");
		expect(held).toMatchObject({ writtenLines: 0, refusedLines: 0 });
		expect(held.lastError).toMatch(/^404 .*database not found/);
	});

	test("a wrong password holds the follower", async () => {
		const own = await Influxd.start(program, { authenticated: true });
		try {
			await own.query("CREATE USER boss WITH PASSWORD 'right one' WITH ALL PRIVILEGES");
			const credentials = "boss:right one";
			await own.query("CREATE DATABASE plant", "", credentials);
			const line = await ownStore();
			const rig = new FollowerRig(line);
			await plainSamples(line, 10);
			await rig.secret("wrong", "wrong one");
			await rig.secret("right", "right one");
			const base = { kind: "influxdb1", url: own.url, database: "plant", username: "boss" };
			await rig.follow(
				{ ...base, name: "one", password_file: "wrong" },
				{ ...base, name: "two", password_file: "right" },
			);
			expect((await rig.until(({ state }) => state === "held")).lastError).toMatch(/^401 /);
			await rig.caughtUp("two");
			const [row] = await own.query("SELECT count(value) FROM sample", "plant", credentials);
			expect(row?.count).toBe(10);
		} finally {
			await own.remove();
		}
	});

	test("gaps, violations, verdicts, lots and visits are points too, and change in place", async () => {
		const line = await ownStore();
		const rig = new FollowerRig(line);
		const db = await database();
		const gap = {
			...{
				id: "gap-1",
				edgeNode: 1,
				device: "U500",
				tags: ["T1", "T2"],
				fromMs: beganMs,
				toMs: beganMs + 90_000,
			},
			...{ cause: "server_unreachable" as const, backfilled: false, noticedMs: beganMs + 95_000 },
		};
		const visit = {
			...{ unit: "U500", batch: "B1", lot: "L1", recipe: "R1", fromMs: beganMs, toMs: undefined },
			startObserved: true,
		};
		const lot = { lot: "L1", openedMs: beganMs, closedMs: undefined, observedWhole: true };
		await line.commit({
			// Two gaps of one millisecond with the same labels.
			gaps: [gap, { ...gap, id: "gap-2", tags: ["T3"] }],
			...{ occurrences: [knownOccurrence], visits: [visit], lots: [lot] },
		});
		await rig.follow(keys(db));
		await rig.until(({ writtenLines }) => writtenLines === 5);
		const verdict = {
			...{ id: "verdict-1", lot: "L1", specVersion: 3, verdict: "out" as const, violations: 1, windows: 9 },
			...{ reasons: ['window "x", failed'], observedWhole: true, judgedMs: beganMs + 200_000 },
		};
		await line.commit({
			gaps: [{ ...gap, backfilled: true }],
			occurrences: [{ ...knownOccurrence, clearedMs: beganMs + 5_000_000, clearedBy: "returned" }],
			visits: [{ ...visit, toMs: beganMs + 100_000 }],
			lots: [{ ...lot, closedMs: beganMs + 150_000 }],
		});
		await line.store.commitFinalVerdict(verdictCommit(verdict));
		await rig.until(({ writtenLines }) => writtenLines === 10);
		expect(await influxd.query("SELECT * FROM gap ORDER BY time", db)).toEqual(
			expect.arrayContaining([
				expect.objectContaining({
					...{ unit: "U500", edge_node: "agent-1", group: "site", cause: "server_unreachable" },
					...{ backfilled: true, duration_s: 90, to_ms: beganMs + 90_000, tags: "T1,T2", id: "gap-1" },
				}),
				expect.objectContaining({ id: "gap-2", backfilled: false, tags: "T3" }),
			]),
		);
		const violations = await influxd.query("SELECT * FROM violation", db);
		expect(violations).toHaveLength(1);
		expect(violations[0]).toMatchObject({
			...{ window: "F500.TT01-soak", side: "high", unit: "U500", open: false, cleared_by: "returned" },
			...{ limit: 505, extreme: 512.5, cleared_ms: beganMs + 5_000_000, lot: "L1", batch: "B1" },
		});
		expect(await influxd.query("SELECT * FROM verdict", db)).toMatchObject([
			{ lot: "L1", verdict: "out", reasons: 'window "x", failed', spec_version: 3, windows: 9 },
		]);
		expect(await influxd.query("SELECT * FROM visit", db)).toMatchObject([
			{ unit: "U500", batch: "B1", lot: "L1", recipe: "R1", open: false, to_ms: beganMs + 100_000 },
		]);
		expect(await influxd.query("SELECT * FROM lot", db)).toMatchObject([
			{ lot: "L1", open: false, closed_ms: beganMs + 150_000, observed_whole: true },
		]);
	});

	test("a server that is killed is waited for; nothing is missing afterwards", async () => {
		const line = await ownStore();
		const rig = new FollowerRig(line);
		const db = await database();
		await plainSamples(line, 2_000);
		await rig.follow({ ...keys(db), batch_rows: 200 });
		await rig.until(({ writtenLines }) => writtenLines >= 400);
		await influxd.kill();
		await plainSamples(line, 500, 2_000);
		const down = await rig.until(({ state }) => state === "waiting");
		expect(down.lastError).toMatch(/ECONNREFUSED|ECONNRESET|socket hang up/);
		await influxd.start();
		await rig.caughtUp();
		const [row] = await influxd.query("SELECT count(value), sum(value) FROM sample", db);
		expect(row).toMatchObject({ count: 2_500, sum: (2_499 * 2_500) / 2 + 2_500 * 0.25 });
	});
});
