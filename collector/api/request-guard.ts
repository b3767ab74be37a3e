import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AccessPort, Action, Caller } from "../people-port.ts";
import { WriteRate } from "./write-rate.ts";

/** What a refused request is told. */
export interface ApiError {
	readonly error: { readonly code: string; readonly message: string };
}

export function apiError(code: string, message: string): ApiError {
	return { error: { code, message } };
}

declare module "fastify" {
	interface FastifyContextConfig {
		/** What the route does; a route without it keeps the server from starting. */
		readonly action?: Action;
	}
	interface FastifyRequest {
		/** Who asks; undefined for somebody unknown. */
		caller?: Caller | undefined;
	}
}

/** A route as it is served. */
export interface ServedRoute {
	readonly method: string;
	readonly path: string;
	readonly action: Action;
}

// No script, style, picture or request of another origin, and nothing inline: what a tag or a lot is named can then
// never run. uPlot sets styles through the object model, which this policy allows.
const contentPolicy =
	"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

const loopbackNames = new Set(["localhost", "127.0.0.1", "[::1]"]);
/** What a page of another site cannot send without asking first, and nobody here answers that question (CORS). */
const writeHeader = "x-pilotline";
/** What the page asks by itself, every two seconds, keeps no session alive. */
const quietHeader = "x-pilotline-quiet";

/**
 * Whether a Host header names this machine. A page of another site whose name is made to point here (DNS rebinding)
 * still sends its own name.
 */
function isLoopbackHost(host: string | undefined): boolean {
	const match = /^(?<name>\[[0-9a-fA-F:]+\]|[^:]+)(?::\d{1,5})?$/.exec(host ?? "");
	return loopbackNames.has(match?.groups?.name?.toLowerCase() ?? "");
}

interface GuardOptions {
	/** Monotonic. */
	readonly nowMs: () => number;
	readonly access: AccessPort;
	/** Two collectors of one host share its cookies, so each has a name of its own. */
	readonly cookie: string;
	readonly onRefused: (code: string) => void;
}

/**
 * Before every route: only by a name of this machine, only what the caller may do, only what a page of ours or a program
 * sends, and headers that keep a browser strict. Returns the table of routes, which fills as they are added.
 */
export function guardRequests(server: FastifyInstance, options: GuardOptions): ServedRoute[] {
	const routes: ServedRoute[] = [];
	const rate = new WriteRate();
	server.addHook("onRoute", ({ method, url, config }) => {
		const action = config?.action;
		if (action === undefined)
			throw new Error(`${String(method)} ${url}: expected config.action, which says who may use it`);
		for (const one of [method].flat()) routes.push({ method: one, path: url, action });
	});
	server.addHook("onRequest", async (request, reply) => {
		reply.headers({
			"content-security-policy": contentPolicy,
			"x-content-type-options": "nosniff",
			"referrer-policy": "no-referrer",
			"cross-origin-resource-policy": "same-origin",
			"cross-origin-opener-policy": "same-origin",
			"cache-control": "no-store",
		});
		const refusal =
			hostRefusal(request) ??
			methodRefusal(request, reply, routes) ??
			callerRefusal(request, reply, options) ??
			rateRefusal(request, reply, rate, options.nowMs());
		if (refusal === undefined) return undefined;
		options.onRefused(refusal.code);
		return reply.code(refusal.status).send(apiError(refusal.code, refusal.message));
	});
	return routes;
}

interface Refusal {
	readonly status: number;
	readonly code: string;
	readonly message: string;
}

function hostRefusal({ headers: { host } }: FastifyRequest): Refusal | undefined {
	if (isLoopbackHost(host)) return undefined;
	const found = host === undefined ? "none" : JSON.stringify(host.slice(0, 100));
	const message = `expected a Host header with localhost, 127.0.0.1 or [::1], found ${found}`;
	return { status: 403, code: "HOST_REFUSED", message };
}

/** A method that the path does not have. */
function methodRefusal(
	request: FastifyRequest,
	reply: FastifyReply,
	routes: readonly ServedRoute[],
): Refusal | undefined {
	const { method } = request;
	if (!request.is404) return undefined;
	const path = request.url.split("?", 1)[0];
	const known = routes.filter((route) => route.path === path).map((route) => route.method);
	// A path that nobody has is not found, and that is said elsewhere.
	if (known.length === 0 && (method === "GET" || method === "HEAD")) return undefined;
	const allowed = known.length === 0 ? ["GET", "HEAD"] : [...new Set(known)].sort();
	reply.header("allow", allowed.join(", "));
	const message = `expected ${allowed.join(" or ")}, found ${method}`;
	return { status: 405, code: "METHOD_REFUSED", message };
}

/** Who asks, whether the request is theirs, and whether they may. */
function callerRefusal(
	request: FastifyRequest,
	reply: FastifyReply,
	{ access, cookie }: GuardOptions,
): Refusal | undefined {
	const action = request.routeOptions.config.action;
	// There is no such route; the answer says so.
	if (action === undefined) return undefined;
	const { authorization } = request.headers;
	if (authorization !== undefined) {
		const token = /^Bearer (?<token>[\w-]{1,200})$/i.exec(authorization)?.groups?.token;
		request.caller = token === undefined ? undefined : access.byToken(token);
		if (request.caller === undefined) {
			reply.header("www-authenticate", 'Bearer error="invalid_token"');
			const message = "expected a token that pilotline people token has made, found another";
			return { status: 401, code: "TOKEN_REFUSED", message };
		}
	} else {
		const session = cookieOf(request, cookie);
		request.caller =
			session === undefined
				? undefined
				: access.bySession(session, request.headers[quietHeader] === undefined);
	}
	const isWrite = request.method !== "GET" && request.method !== "HEAD";
	const foreign = isWrite ? foreignRefusal(request) : undefined;
	if (foreign !== undefined) return foreign;
	const { caller } = request;
	if (access.may(caller?.person, action)) return undefined;
	const who = access.whoMay(action).join(", ");
	if (caller === undefined) {
		reply.header("www-authenticate", "Bearer");
		return { status: 401, code: "LOGIN_NEEDED", message: `expected somebody who is logged in as ${who}` };
	}
	const { name, roles } = caller.person;
	const message = `expected one of the roles ${who}, found ${name} with ${roles.join(", ")}`;
	return { status: 403, code: "ROLE_NEEDED", message };
}

/** More than a person can have meant. */
function rateRefusal(
	{ method, caller, routeOptions }: FastifyRequest,
	reply: FastifyReply,
	rate: WriteRate,
	nowMs: number,
): Refusal | undefined {
	if (method !== "POST" || caller === undefined || routeOptions.config.action === "open") return undefined;
	const waitS = Math.ceil(rate.take(caller.person.name, nowMs) / 1_000);
	if (waitS === 0) return undefined;
	reply.header("retry-after", waitS);
	const message = `expected fewer entries of ${caller.person.name} in so short a time; try again in ${waitS} s`;
	return { status: 429, code: "ENTRY_WAIT", message };
}

/** A request that a page of another site may have made in somebody's name. A token is never sent by a browser itself. */
function foreignRefusal({ headers, caller }: FastifyRequest): Refusal | undefined {
	const { origin, host } = headers;
	const refused = (message: string) => ({ status: 403, code: "ORIGIN_REFUSED", message });
	if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`)
		return refused(`expected this server's own origin, found ${JSON.stringify(origin.slice(0, 100))}`);
	const site = headers["sec-fetch-site"];
	if (site !== undefined && site !== "same-origin" && site !== "none")
		return refused(
			`expected a request of this server's own page, found ${JSON.stringify(site).slice(0, 100)}`,
		);
	if (caller?.by === "token" || headers[writeHeader] !== undefined) return undefined;
	return refused(`expected the header ${writeHeader}: 1, found none`);
}

/** The value of a cookie, or undefined. */
export function cookieOf({ headers: { cookie } }: FastifyRequest, name: string): string | undefined {
	for (const pair of cookie?.split(";") ?? []) {
		const at = pair.indexOf("=");
		if (pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
	}
	return undefined;
}
