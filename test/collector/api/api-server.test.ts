import { request } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiServer } from "../../../collector/api/api-server.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { statusCodes } from "../../../common/contract/status.ts";
import { beganMs, hourMs, KnownStore, knownOccurrence, minuteMs } from "../store/known-store.ts";
import { knownLive, knownNowMs, knownWindow, startServer } from "./known-live.ts";

let store: KnownStore;
let reader: StoreReader;
let server: ApiServer;

beforeAll(async () => {
	store = new KnownStore();
	store.series("U500", "F500.TT01", "Double", "degC");
	store.series("U500", "Phase", "String");
	const tag = "F500.TT01";
	store.record("U500", [
		{ tag: "Phase", atMs: beganMs, value: "RAMP" },
		{ tag, atMs: beganMs + minuteMs, value: 400 },
		{ tag: "Phase", atMs: beganMs + hourMs, value: "SOAK" },
		{ tag, atMs: beganMs + hourMs, value: Number.NaN },
		{ tag, atMs: beganMs + 2 * hourMs, value: 500 },
		{ tag, atMs: beganMs + 2.5 * hourMs, value: 512.5, status: statusCodes.Bad },
	]);
	store.commit({ occurrences: [knownOccurrence], alerts: [knownAlert] });
	reader = new StoreReader();
	await reader.open(store.path);
	server = await startServer(reader);
});
afterAll(async () => {
	await server.stop();
	await reader.close();
	store.remove();
});

interface Answer {
	readonly status: number;
	readonly headers: Record<string, string | string[] | undefined>;
	readonly body: string;
}

/** Not fetch, which does not let a test choose the Host header. */
function send(
	path: string,
	options: { method?: string; host?: string; headers?: object; body?: string } = {},
): Promise<Answer> {
	const { method = "GET", host = "127.0.0.1", body, headers = {} } = options;
	return new Promise((resolve, reject) => {
		const sent = request(
			{ host: "127.0.0.1", port: server.port, path, method, headers: { host, ...headers } },
			(response) => {
				const parts: Buffer[] = [];
				response.on("data", (part: Buffer) => parts.push(part));
				response.on("end", () =>
					resolve({
						status: response.statusCode ?? 0,
						headers: response.headers,
						body: Buffer.concat(parts).toString(),
					}),
				);
			},
		);
		sent.on("error", reject);
		sent.end(body);
	});
}

const json = async (path: string) => JSON.parse((await send(path)).body);

const knownAlert = { ...knownOccurrence, id: "alert-1", limit: 503, level: "alert" as const };

describe("data", () => {
	test("status joins what the process and the store say, with the clock they are measured by", async () => {
		expect(await json("/api/v1/status")).toMatchObject({
			nowMs: knownNowMs,
			plantTimeMs: knownNowMs,
			process: "collector",
			totals: { samples: 6, openOccurrences: 1 },
		});
	});

	test("counts, tags, violations, windows", async () => {
		expect(await json("/api/v1/counts")).toEqual({
			total: 6,
			tags: { "U500/F500.TT01": 4, "U500/Phase": 2 },
		});
		expect((await json("/api/v1/tags")).tags).toHaveLength(2);
		const { clearedMs: _ms, clearedBy: _by, ...open } = knownOccurrence;
		expect(await json("/api/v1/violations?limit=1")).toEqual({ violations: [open] });
		const { clearedMs: _, clearedBy: __, ...openAlert } = knownAlert;
		expect(await json("/api/v1/alerts?limit=1")).toEqual({ alerts: [openAlert] });
		expect(await json("/api/v1/windows")).toEqual({ version: 1, windows: [knownWindow] });
		for (const list of ["gaps", "lots", "messages"])
			expect(await json(`/api/v1/${list}`)).toEqual({ [list]: [] });
	});

	test("a trend ends at the newest plant time and has its window where it applies", async () => {
		const trend = await json("/api/v1/trend?unit=U500&tag=F500.TT01&hours=3&points=100");
		expect(trend).toMatchObject({
			fromMs: beganMs,
			toMs: knownNowMs,
			buckets: { last: [400, 500] },
			notGood: [
				{ fromMs: beganMs + hourMs, toMs: beganMs + 2 * hourMs, reason: "not_a_number" },
				{ fromMs: beganMs + 2.5 * hourMs, reason: "bad" },
			],
			bands: [{ window: knownWindow.id, low: 495, high: 505, fromMs: beganMs + hourMs, toMs: knownNowMs }],
			occurrences: [{ id: "occurrence-1" }],
		});
		expect(trend.runs).toBeUndefined();
	});

	test("probes and metrics", async () => {
		expect(await json("/healthz")).toEqual({ ok: true });
		expect(await json("/readyz")).toEqual({ ready: true });
		expect(await json("/status")).toMatchObject({ process: "collector" });
		expect((await send("/metrics")).headers["content-type"]).toContain("text/plain");
	});
});

describe("parameters", () => {
	test.each([
		["violations?limit=0", 'limit: expected a whole number from 1 to 500, found "0"'],
		["gaps?limit=501", 'limit: expected a whole number from 1 to 500, found "501"'],
		["lots?limit=1e2", 'limit: expected a whole number from 1 to 500, found "1e2"'],
		["messages?limit=1&limit=2", 'limit: expected a whole number from 1 to 500, found ["1","2"]'],
		["messages?max=2", 'expected no parameter "max"'],
		["status?a=1", 'expected no parameter "a"'],
		["trend?unit=U500", "tag: expected text, found nothing"],
		["trend?unit=U500&tag=", 'tag: expected text that is not empty, found ""'],
		["trend?unit=U500&tag=a&points=2001", 'points: expected a whole number from 1 to 2000, found "2001"'],
		["trend?unit=U500&tag=a&hours=6&from=1", 'hours: expected from or hours, not both, found "6"'],
		["trend?unit=U500&tag=a&from=5&to=5", "from: expected a time before 5, found 5"],
		["trend?unit=U500&tag=a&from=0", "from: expected at most 8784 hours, found"],
		["trend?unit=U500&tag=a&to=-1", 'to: expected a whole number from 0 to 253402300799999, found "-1"'],
	])("%s is refused with what was expected and found", async (path, message) => {
		const answer = await send(`/api/v1/${path}`);
		expect(answer.status).toBe(400);
		const { error } = JSON.parse(answer.body);
		expect(error.code).toBe("PARAMETER_INVALID");
		expect(error.message).toContain(message);
	});

	test("every wrong parameter is named at once", async () => {
		const { error } = await json("/api/v1/trend?hours=0&points=x&more=1");
		for (const key of ["unit", "tag", "hours", "points", "more"]) expect(error.message).toContain(key);
	});

	test("an unknown tag and an unknown path are not found", async () => {
		const tag = await send("/api/v1/trend?unit=U500&tag=__proto__");
		expect([tag.status, JSON.parse(tag.body).error.code]).toEqual([404, "TAG_UNKNOWN"]);
		const path = await send("/api/v1/nothing?secret=1");
		expect([path.status, JSON.parse(path.body)]).toEqual([
			404,
			{ error: { code: "NOT_FOUND", message: 'expected a path of this server, found "/api/v1/nothing"' } },
		]);
	});
});

describe("requests", () => {
	test.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("%s is refused everywhere", async (method) => {
		for (const path of ["/", "/api/v1/status", "/healthz", "/nothing"]) {
			const answer = await send(path, {
				method,
				body: "{}",
				headers: { "content-type": "application/json" },
			});
			expect([answer.status, answer.headers.allow]).toEqual([405, "GET, HEAD"]);
			expect(JSON.parse(answer.body).error.code).toBe("METHOD_REFUSED");
		}
	});

	test("HEAD is answered without a body", async () => {
		const answer = await send("/api/v1/status", { method: "HEAD" });
		expect([answer.status, answer.body]).toEqual([200, ""]);
	});

	test.each([
		"evil.example",
		"evil.example:80",
		"127.0.0.1.evil.example",
		"localhost.evil.example:1",
		"10.0.0.1",
		"[::2]",
		"a:b:1",
	])("the Host header %s is refused", async (host) => {
		for (const path of ["/", "/api/v1/status", "/metrics", "/vendor/uPlot.iife.min.js"]) {
			const answer = await send(path, { host });
			expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([403, "HOST_REFUSED"]);
		}
	});

	test.each(["localhost", "LOCALHOST:9", "127.0.0.1:1", "[::1]:8080"])(
		"the Host header %s is taken",
		async (host) => {
			expect((await send("/healthz", { host })).status).toBe(200);
		},
	);

	test("without a Host header nothing is answered", async () => {
		const text = await new Promise<string>((resolve, reject) => {
			const socket = connect(server.port, "127.0.0.1", () =>
				socket.write("GET /api/v1/status HTTP/1.0\r\n\r\n"),
			);
			let got = "";
			socket.on("data", (part) => {
				got += part;
			});
			socket.on("end", () => resolve(got));
			socket.on("error", reject);
		});
		expect(text).toMatch(/^HTTP\/1\.1 403/);
		expect(text).not.toContain("instance-1");
	});

	test("headers keep a browser strict, on errors too", async () => {
		for (const path of ["/", "/api/v1/status", "/nothing"]) {
			const { headers } = await send(path, { headers: { origin: "http://evil.example" } });
			expect(headers["content-security-policy"]).toMatch(/^default-src 'self';/);
			expect(headers["content-security-policy"]).not.toContain("unsafe");
			expect(headers["x-content-type-options"]).toBe("nosniff");
			expect(headers["referrer-policy"]).toBe("no-referrer");
			expect(headers["access-control-allow-origin"]).toBeUndefined();
		}
	});
});

describe("the page", () => {
	test("its files are served, and only they", async () => {
		const page = await send("/");
		expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
		const named = [...page.body.matchAll(/(?:src|href)="(?<path>[^"#]+)"/g)].map(
			(match) => match.groups?.path,
		);
		expect(named).toContain("vendor/uPlot.iife.min.js");
		for (const path of named) expect([path, (await send(`/${path}`)).status]).toEqual([path, 200]);
		for (const path of ["/picture.png", "/../package.json", "/%2e%2e/package.json", "/vendor/uPlot.d.ts"])
			expect([path, (await send(path)).status]).toEqual([path, 404]);
	});

	test("holds nothing inline and names no other host", async () => {
		const { body } = await send("/");
		expect(body).not.toMatch(/<style|\son\w+=|\sstyle=|https?:\/\//i);
		expect(body).not.toMatch(/<script(?![^>]*\ssrc=)/i);
	});

	test("all of it is small", async () => {
		const { body } = await send("/");
		const paths = [...body.matchAll(/(?:src|href)="(?<path>[^"#]+\.(?:js|css))"/g)].map(
			(match) => match.groups?.path,
		);
		const sizes = await Promise.all(paths.map(async (path) => (await send(`/${path}`)).body.length));
		expect(sizes.reduce((sum, size) => sum + size, body.length)).toBeLessThan(100_000);
	});

	test("an unchanged file is not sent again", async () => {
		const { headers } = await send("/console.css");
		const again = await send("/console.css", { headers: { "if-none-match": headers.etag } });
		expect([again.status, again.body]).toEqual([304, ""]);
	});
});

describe("a store that cannot be read", () => {
	test("the status stays, data says why", async () => {
		const closed = new StoreReader();
		const other = await startServer(closed, knownLive({ lastCommitError: "database or disk is full" }));
		try {
			const base = `http://127.0.0.1:${other.port}/api/v1`;
			const status = await (await fetch(`${base}/status`)).json();
			expect(status).toMatchObject({ totals: null, lastCommitError: "database or disk is full" });
			const counts = await fetch(`${base}/counts`);
			expect([counts.status, await counts.json()]).toEqual([
				503,
				{ error: { code: "STORE_FAILED", message: "the store is not open" } },
			]);
		} finally {
			await other.stop();
		}
	});

	test("start and stop are idempotent", async () => {
		const other = await startServer(reader);
		const { port } = other;
		await other.start();
		expect(other.port).toBe(port);
		await other.stop();
		await other.stop();
		expect(other.port).toBe(0);
	});
});
