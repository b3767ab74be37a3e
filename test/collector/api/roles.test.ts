import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiServer } from "../../../collector/api/api-server.ts";
import { WriteRate } from "../../../collector/api/write-rate.ts";
import type { Action, Role } from "../../../collector/people-port.ts";
import { roles } from "../../../collector/people-port.ts";
import { knownOccurrence } from "../store/known-store.ts";
import { PeopleRig, password } from "./people-rig.ts";

let rig: PeopleRig;
const servers: Record<string, ApiServer> = {};

beforeAll(async () => {
	rig = await new PeopleRig().start();
	for (const login of ["writing", "required"] as const) servers[login] = await rig.server(login);
});
afterAll(async () => await rig.stop());

/** Who may do what, said once more than in people/permissions.ts, so that a change of either shows. */
const may: Record<Action, readonly (Role | "nobody")[]> = {
	open: ["nobody", ...roles],
	read: roles,
	"comment.enter": ["operator", "quality"],
	"laboratory.enter": ["operator", "quality"],
	"lot.decide": ["quality"],
	"audit.read": ["quality", "administrator"],
};

/** Every route with what it does. A route that is not here fails the test below, and so does one that is gone. */
const table: Record<string, Action> = {
	"GET /healthz": "open",
	"GET /readyz": "open",
	"GET /metrics": "read",
	"GET /status": "read",
	"GET /api/v1/status": "read",
	"GET /api/v1/counts": "read",
	"GET /api/v1/tags": "read",
	"GET /api/v1/windows": "read",
	"GET /api/v1/violations": "read",
	"GET /api/v1/alerts": "read",
	"GET /api/v1/gaps": "read",
	"GET /api/v1/lots": "read",
	"GET /api/v1/reconciliation": "read",
	"GET /api/v1/messages": "read",
	"GET /api/v1/charts": "read",
	"GET /api/v1/chart-signals": "read",
	"GET /api/v1/chart": "read",
	"GET /api/v1/trend": "read",
	"GET /api/v1/samples": "read",
	"GET /api/v1/buckets": "read",
	"GET /api/v1/export": "read",
	"GET /api/v1/specifications": "read",
	"GET /api/v1/specification": "read",
	"GET /api/v1/verdict": "read",
	"GET /api/v1/lot": "read",
	"GET /record": "read",
	"GET /certificate": "read",
	"GET /api/v1/genealogy": "read",
	"GET /api/v1/laboratory": "read",
	"GET /api/v1/materials": "read",
	"GET /api/v1/material": "read",
	"POST /api/v1/laboratory/results": "laboratory.enter",
	"POST /api/v1/decisions": "lot.decide",
	"GET /api/v1/comments": "read",
	"POST /api/v1/comments": "comment.enter",
	"GET /api/v1/audit": "audit.read",
	"GET /api/v1/me": "open",
	"POST /api/v1/login": "open",
	"POST /api/v1/logout": "open",
	"GET /api/v1/openapi.json": "open",
};

const isPage = (path: string) => path === "/" || /^\/(?:vendor\/)?[\w.-]+\.(?:html|css|js|svg)$/.test(path);
const served = () =>
	(servers.writing as ApiServer).routes.filter(({ method, path }) => method !== "HEAD" && !isPage(path));

test("every route that is served is in the table, with what it does; the page's own files are open", () => {
	expect(
		Object.fromEntries(served().map(({ method, path, action }) => [`${method} ${path}`, action])),
	).toEqual(table);
	const pages = (servers.writing as ApiServer).routes.filter(({ path }) => isPage(path));
	expect(pages.length).toBeGreaterThan(10);
	expect([...new Set(pages.map(({ action }) => action))]).toEqual(["open"]);
	const heads = (servers.writing as ApiServer).routes.filter(({ method }) => method === "HEAD");
	const gets = (servers.writing as ApiServer).routes.filter(({ method }) => method === "GET");
	expect(heads.map(({ path, action }) => [path, action])).toEqual(
		gets.map(({ path, action }) => [path, action]),
	);
});

const base = (login: string) => `http://127.0.0.1:${servers[login]?.port}`;

async function logIn(login: string, name: string): Promise<string> {
	const response = await fetch(`${base(login)}/api/v1/login`, {
		method: "POST",
		headers: { "content-type": "application/json", "x-pilotline": "1" },
		body: JSON.stringify({ name, password }),
	});
	expect(response.status).toBe(200);
	return (response.headers.get("set-cookie") ?? "").split(";")[0] as string;
}

const refusals = new Set([
	...["LOGIN_NEEDED", "ROLE_NEEDED", "TOKEN_REFUSED", "ORIGIN_REFUSED", "METHOD_REFUSED", "NOT_FOUND"],
]);

/** The code of a refusal by the guard, or "taken" when the route itself has answered, with whatever it found. */
async function ask(login: string, route: string, headers: Record<string, string>): Promise<string> {
	const [method = "", path = ""] = route.split(" ");
	const response = await fetch(`${base(login)}${path}`, {
		method,
		headers: {
			...headers,
			...(method === "POST" ? { "content-type": "application/json", "x-pilotline": "1" } : {}),
		},
		...(method === "POST" ? { body: "{}" } : {}),
	});
	const text = await response.text();
	const code = response.ok ? "" : String((JSON.parse(text) as { error?: { code?: string } }).error?.code);
	return refusals.has(code) ? code : "taken";
}

describe.each(["writing", "required"])("api.login: %s", (login) => {
	const expected = (action: Action, who: Role | "nobody") => {
		const isFree = action === "open" || (action === "read" && login === "writing");
		if (isFree || may[action].includes(who)) return "taken";
		return who === "nobody" ? "LOGIN_NEEDED" : "ROLE_NEEDED";
	};

	test("every route by nobody, and by every role with a session and with a token", async () => {
		const found: unknown[] = [];
		const wanted: unknown[] = [];
		for (const who of ["nobody", ...roles] as const) {
			const ways: Record<string, string>[] =
				who === "nobody"
					? [{}, { cookie: "pilotline_session_instance=forged" }]
					: [
							{ cookie: await logIn(login, who) },
							{ authorization: `Bearer ${rig.tokens.get(who) as string}` },
						];
			for (const [route, action] of Object.entries(table)) {
				for (const [way, headers] of ways.entries()) {
					wanted.push([who, way, route, expected(action, who)]);
					found.push([who, way, route, await ask(login, route, headers)]);
				}
				// Logging out is a route like the others, and the session is needed further on.
				if (route === "POST /api/v1/logout" && who !== "nobody")
					ways[0] = { cookie: await logIn(login, who) };
			}
		}
		expect(found).toEqual(wanted);
	});
});

const comment = (headers: Record<string, string>, body: unknown = { lot: "L1", text: "seen" }) =>
	fetch(`${base("writing")}/api/v1/comments`, {
		method: "POST",
		headers: { "content-type": "application/json", ...headers },
		body: typeof body === "string" ? body : JSON.stringify(body),
	});
const told = async (response: Response) => {
	const body = (await response.json()) as { error?: { code: string; message: string } };
	return [response.status, body.error?.code] as const;
};
const bearer = (role: Role) => ({ authorization: `Bearer ${rig.tokens.get(role) as string}` });

describe("a session", () => {
	test("is a cookie that no script reads, no other site sends, and that ends with logging out", async () => {
		const response = await fetch(`${base("writing")}/api/v1/login`, {
			method: "POST",
			headers: { "content-type": "application/json", "x-pilotline": "1", origin: base("writing") },
			body: JSON.stringify({ name: "quality", password }),
		});
		const [, value] =
			/^(pilotline_session_instance=[\w-]{43}); Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/.exec(
				response.headers.get("set-cookie") ?? "",
			) as unknown as [string, string];
		expect(await response.json()).toEqual({ person: { name: "quality", roles: ["quality"] } });
		const me = async () =>
			await (await fetch(`${base("writing")}/api/v1/me`, { headers: { cookie: `a=b; ${value}` } })).json();
		expect(await me()).toEqual({
			person: { name: "quality", roles: ["quality"] },
			...{ login: "writing", canLogIn: true },
			may: ["read", "comment.enter", "laboratory.enter", "lot.decide", "audit.read"],
		});
		const out = await fetch(`${base("writing")}/api/v1/logout`, {
			method: "POST",
			headers: { "x-pilotline": "1", cookie: value },
		});
		expect(out.headers.get("set-cookie")).toContain("Max-Age=0");
		expect(await me()).toEqual({ person: null, login: "writing", canLogIn: true, may: ["read"] });
	});

	test("cannot be used by a page of another site", async () => {
		const cookie = await logIn("writing", "operator");
		const good = { cookie, "x-pilotline": "1" };
		for (const [headers, answer] of [
			[{ cookie }, [403, "ORIGIN_REFUSED"]],
			[{ ...good, origin: "http://evil.example" }, [403, "ORIGIN_REFUSED"]],
			[{ ...good, origin: "null" }, [403, "ORIGIN_REFUSED"]],
			// Another port of this host is another program.
			[{ ...good, origin: "http://127.0.0.1:1" }, [403, "ORIGIN_REFUSED"]],
			[{ ...good, "sec-fetch-site": "cross-site" }, [403, "ORIGIN_REFUSED"]],
			[{ ...good, "sec-fetch-site": "same-site" }, [403, "ORIGIN_REFUSED"]],
			[{ ...good, "content-type": "text/plain" }, [415, "REQUEST_INVALID"]],
			[{ ...good, "content-type": "application/x-www-form-urlencoded" }, [415, "REQUEST_INVALID"]],
			[{ ...good, origin: base("writing"), "sec-fetch-site": "same-origin" }, [200, undefined]],
		] as const)
			expect([headers, await told(await comment(headers))]).toEqual([headers, answer]);
		// Nor can such a page log somebody in, as somebody else.
		const login = await fetch(`${base("writing")}/api/v1/login`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({ name: "viewer", password }),
		});
		expect(await told(login)).toEqual([403, "ORIGIN_REFUSED"]);
	});

	test("a token that is none is refused everywhere, not taken for nobody", async () => {
		for (const authorization of [
			"Bearer plt_0123456789ab_x",
			"Basic dml",
			"Bearer",
			`Bearer ${"x".repeat(300)}`,
		]) {
			const response = await fetch(`${base("writing")}/api/v1/tags`, { headers: { authorization } });
			expect(await told(response)).toEqual([401, "TOKEN_REFUSED"]);
		}
	});

	test("wrong passwords are refused alike for names that are there and that are not, and then have to wait", async () => {
		const tryOnce = async (name: string) => {
			const response = await fetch(`${base("required")}/api/v1/login`, {
				method: "POST",
				headers: { "content-type": "application/json", "x-pilotline": "1" },
				body: JSON.stringify({ name, password: "wrong" }),
			});
			return {
				status: response.status,
				wait: response.headers.get("retry-after"),
				body: await response.text(),
			};
		};
		expect(await tryOnce("nobody at all")).toEqual(await tryOnce("viewer"));
		for (let n = 0; n < 4; n++) await tryOnce("viewer");
		expect(await tryOnce("viewer")).toMatchObject({ status: 429, wait: "2" });
	});
});

describe("comments", () => {
	test("are entered once, read by lot and by violation, and recorded", async () => {
		const first = await comment(bearer("operator"), { lot: "L1", text: "Filter changed\nat 14:30" });
		const { n } = (await first.json()) as { n: number };
		expect(
			await (await comment(bearer("operator"), { lot: "L1", text: "Filter changed\nat 14:30" })).json(),
		).toEqual({ n });
		const other = await comment(bearer("quality"), { lot: "L1", text: "Filter changed\nat 14:30" });
		expect(((await other.json()) as { n: number }).n).toBeGreaterThan(n);
		await comment(bearer("quality"), { occurrence: knownOccurrence.id, text: "valve" });
		const read = async (query: string) =>
			(
				(await (await fetch(`${base("writing")}/api/v1/comments?${query}`)).json()) as {
					comments: { text: string; enteredBy: string }[];
				}
			).comments;
		expect((await read("lot=L1&limit=3")).map(({ text, enteredBy }) => [enteredBy, text])).toEqual([
			["quality", "valve"],
			["quality", "Filter changed\nat 14:30"],
			["operator", "Filter changed\nat 14:30"],
		]);
		expect(await read(`occurrence=${knownOccurrence.id}`)).toHaveLength(1);
		const audit = (await (
			await fetch(`${base("writing")}/api/v1/audit?limit=1000`, { headers: bearer("administrator") })
		).json()) as { entries: { action: string; by: string; detail: string }[]; head: { n: number } };
		expect(
			audit.entries.filter(({ action, detail }) => action === "comment.entered" && detail.includes("Filter")),
		).toHaveLength(2);
		expect(audit.head.n).toBe(audit.entries.length);
	});

	test.each([
		[{ lot: "L1", text: "x".repeat(2_001) }, 400, "text: expected at most 2000 characters"],
		[{ lot: "L1", text: " \n " }, 400, "text: expected text that is not blank"],
		[{ lot: "L1", text: "a\u001b[2J" }, 400, "text: expected no control characters"],
		[{ lot: "L1", text: "a\u202eb" }, 400, "text: expected no control characters"],
		['{"lot":"L1","text":"a\\ud800"}', 400, "text: expected Unicode text"],
		[{ lot: "L1", text: 5 }, 400, "text: expected text"],
		[{ text: "a" }, 400, "lot: expected lot or occurrence, and not both"],
		[{ lot: "L1", occurrence: "o", text: "a" }, 400, "lot: expected lot or occurrence, and not both"],
		[{ lot: "L1", text: "a", enteredBy: "quality" }, 400, 'expected no key "enteredBy"'],
		[[], 400, "expected a JSON object"],
		["{", 400, "JSON"],
		['{"__proto__":{"lot":"L1"},"text":"a"}', 400, ""],
		[{ lot: "L9", text: "a" }, 422, 'expected the id of a stored lot, found "L9"'],
		[{ occurrence: "L9", text: "a" }, 422, "expected the id of a stored violation"],
		[{ lot: "L1", text: "a", fill: "x".repeat(30_000) }, 413, ""],
	])("%j is refused", async (body, status, message) => {
		const response = await comment(bearer("operator"), body);
		const { error } = (await response.json()) as { error: { message: string } };
		expect([response.status, error.message]).toEqual([status, expect.stringContaining(message)]);
	});

	test("2,000 characters of any script fit", async () => {
		const response = await comment(bearer("operator"), { lot: "L1", text: "\u{1f50b}".repeat(2_000) });
		expect(response.status).toBe(200);
	});
});

test("a method that a path does not have is refused with those it has", async () => {
	for (const [method, path, allow] of [
		["PUT", "/api/v1/comments", "GET, HEAD, POST"],
		["GET", "/api/v1/login", "POST"],
		["POST", "/api/v1/lots", "GET, HEAD"],
		["DELETE", "/api/v1/audit", "GET, HEAD"],
	] as const) {
		const response = await fetch(`${base("writing")}${path}`, { method, headers: bearer("administrator") });
		expect([path, response.status, response.headers.get("allow")]).toEqual([path, 405, allow]);
	}
});

describe("entries of one person", () => {
	test("are 300 at once and 300 a minute, each person for themselves", () => {
		const rate = new WriteRate();
		const taken = (name: string, nowMs: number) => {
			let count = 0;
			while (rate.take(name, nowMs) === 0) count++;
			return count;
		};
		expect([taken("ito", 0), taken("sato", 0), taken("ito", 30_000), taken("ito", 3_600_000)]).toEqual([
			...[300, 300, 150, 300],
		]);
		expect(rate.take("ito", 3_600_000)).toBe(200);
	});

	test("beyond that are refused before they are read, with the time to wait", async () => {
		for (;;) {
			const response = await comment(bearer("operator"), "{}");
			if (response.status === 400) continue;
			expect([await told(response), response.headers.get("retry-after")]).toEqual([[429, "ENTRY_WAIT"], "1"]);
			break;
		}
		expect((await comment(bearer("quality"))).status).toBe(200);
	});
});
