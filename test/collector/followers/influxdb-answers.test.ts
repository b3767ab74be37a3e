// InfluxDB 2 and 3 cannot be had as packages: their documented answers, word for word as the product pages and sources
// give them (docs.influxdata.com "Troubleshoot issues writing data"; influxdb3_server/src/http.rs).

import { syncBuiltinESMExports } from "node:module";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { FollowerRig, plainSamples, StoreRig } from "./follower-rig.ts";

const server = setupServer();
let line: StoreRig;
beforeAll(async () => {
	server.listen();
	// The client took its functions from a module's namespace, which learns of replaced ones only so.
	syncBuiltinESMExports();
	line = await new StoreRig().open();
	await plainSamples(line, 20);
});
afterEach(() => server.resetHandlers());
afterAll(async () => {
	server.close();
	syncBuiltinESMExports();
	await line.close();
});

let databases = 0;
/** A follower of a database of its own, so that it begins at the beginning. */
const follower = (version: 2 | 3) =>
	version === 2
		? {
				name: "one",
				kind: "influxdb2",
				url: "https://influx.plant:8086",
				org: "site",
				bucket: `b${++databases}`,
			}
		: { name: "one", kind: "influxdb3", url: "https://influx.plant:8181", database: `d${++databases}` };
const paths = { 2: "https://influx.plant:8086/api/v2/write", 3: "https://influx.plant:8181/api/v3/write_lp" };

async function linesOf(request: Request): Promise<string[]> {
	return (await request.text()).split("\n");
}

test("InfluxDB 2 takes everything with 204, InfluxDB 3 too", async () => {
	const taken: { 2: string[]; 3: string[] } = { 2: [], 3: [] };
	for (const version of [2, 3] as const) {
		server.use(
			http.post(paths[version], async ({ request }) => {
				taken[version].push(...(await linesOf(request)));
				return new HttpResponse(null, { status: 204 });
			}),
		);
		const rig = new FollowerRig(line);
		await rig.follow(follower(version));
		await rig.caughtUp();
		await rig.stop();
	}
	expect(taken[2]).toHaveLength(20);
	expect(taken[3]).toEqual(taken[2]);
});

test("InfluxDB 2: points beyond the bucket's retention, 422, are one letter", async () => {
	const message =
		"failure writing points to database: partial write: points beyond retention policy dropped=20";
	server.use(
		http.post(paths[2], async ({ request }) => {
			const lines = await linesOf(request);
			if (lines[0]?.startsWith("follower,")) return new HttpResponse(null, { status: 204 });
			return HttpResponse.json({ code: "unprocessable entity", message }, { status: 422 });
		}),
	);
	const rig = new FollowerRig(line);
	await rig.follow(follower(2));
	await rig.caughtUp();
	expect(rig.deadLetters()).toMatchObject([{ more: 19, reason: `422 ${message}` }]);
});

test("InfluxDB 2: a field type conflict, 422, is found by halving", async () => {
	const message =
		'failure writing points to database: partial write: field type conflict: input field "value" on measurement "sample" is type float, already exists as type integer dropped=1';
	server.use(
		http.post(paths[2], async ({ request }) =>
			(await linesOf(request)).some((text) => text.includes("value=4.25"))
				? HttpResponse.json({ code: "unprocessable entity", message }, { status: 422 })
				: new HttpResponse(null, { status: 204 }),
		),
	);
	const rig = new FollowerRig(line);
	await rig.follow(follower(2));
	await rig.caughtUp();
	expect(rig.status()).toMatchObject({ writtenLines: 19, refusedLines: 1 });
	expect(rig.deadLetters()).toMatchObject([
		{ line: expect.stringContaining("value=4.25"), reason: `422 ${message}` },
	]);
});

test("InfluxDB 3: a partial write names its lines, 400, in one answer", async () => {
	let requests = 0;
	server.use(
		http.post(paths[3], async ({ request }) => {
			requests++;
			const lines = await linesOf(request);
			const data = lines.flatMap((text, index) =>
				/value=(?:4|9)\.25/.test(text)
					? [
							{
								original_line: text,
								line_number: index + 1,
								error_message:
									"invalid column type for column 'value', expected iox::column_type::field::integer, got iox::column_type::field::float",
							},
						]
					: [],
			);
			return HttpResponse.json({ error: "partial write of line protocol occurred", data }, { status: 400 });
		}),
	);
	const rig = new FollowerRig(line);
	await rig.follow(follower(3));
	await rig.caughtUp();
	expect(requests).toBe(1);
	expect(rig.status()).toMatchObject({ writtenLines: 18, refusedLines: 2 });
	expect(rig.deadLetters().map(({ reason }) => reason)).toEqual(
		new Array(2).fill(expect.stringContaining("invalid column type for column 'value'")),
	);
});

const holding: [string, 2 | 3, number, Record<string, unknown>, string][] = [
	[
		"a wrong token",
		2,
		401,
		{ code: "unauthorized", message: "unauthorized access" },
		"401 unauthorized access",
	],
	["a token without the right", 2, 403, { code: "forbidden", message: "forbidden" }, "403 forbidden"],
	[
		"a bucket that is not there",
		2,
		404,
		{ code: "not found", message: 'bucket "plant" not found' },
		'404 bucket "plant" not found',
	],
	[
		"a wrong token",
		3,
		401,
		{ error: "the request was not authenticated" },
		"401 the request was not authenticated",
	],
	[
		"a token without the right",
		3,
		403,
		{ error: "the request was not authorized" },
		"403 the request was not authorized",
	],
];

test.each(holding)("%s holds the follower (%#)", async (_what, version, status, body, reason) => {
	server.use(http.post(paths[version], () => HttpResponse.json(body, { status })));
	const rig = new FollowerRig(line, new SteppedClock());
	await rig.follow(follower(version));
	expect((await rig.until(({ state }) => state === "held")).lastError).toBe(reason);
	expect(rig.status()).toMatchObject({ writtenLines: 0, refusedLines: 0, pos: 0 });
});

const passing: [string, 2 | 3, () => Response][] = [
	[
		"429 of a full Cloud plan",
		2,
		() =>
			HttpResponse.json(
				{ code: "too many requests", message: "org has exceeded limited_write plan limit" },
				{ status: 429, headers: { "retry-after": "30" } },
			),
	],
	["503 while starting", 2, () => new HttpResponse("", { status: 503, headers: { "retry-after": "30" } })],
	[
		"500 with a full WAL buffer",
		3,
		() => HttpResponse.json({ error: "wal buffer full with 100000 write ops" }, { status: 500 }),
	],
	[
		"a request that is too large",
		2,
		() =>
			HttpResponse.json(
				{ code: "request too large", message: "unable to read data: points batch is too large" },
				{ status: 413 },
			),
	],
	["a connection that breaks", 3, () => HttpResponse.error()],
];

test.each(passing)("%s costs time and no value", async (_what, version, answer) => {
	let first = true;
	const taken = new Set<string>();
	server.use(
		http.post(paths[version], async ({ request }) => {
			const lines = await linesOf(request);
			if (first) {
				first = false;
				return answer();
			}
			for (const text of lines) taken.add(text);
			return new HttpResponse(null, { status: 204 });
		}),
	);
	const clock = new SteppedClock();
	const rig = new FollowerRig(line, clock);
	await rig.follow(follower(version));
	await rig.until(({ state, retries }) => state === "current" || retries === 1);
	clock.step(30_000);
	await rig.caughtUp();
	expect(taken.size).toBe(20);
	expect(rig.status()).toMatchObject({ writtenLines: 20, refusedLines: 0 });
});
