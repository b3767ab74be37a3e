import type { FastifyInstance } from "fastify";

/** What a refused request is told. */
export interface ApiError {
	readonly error: { readonly code: string; readonly message: string };
}

export function apiError(code: string, message: string): ApiError {
	return { error: { code, message } };
}

// No script, style, picture or request of another origin, and nothing inline: what a tag or a lot is named can then
// never run. uPlot sets styles through the object model, which this policy allows.
const contentPolicy =
	"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

const loopbackNames = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Whether a Host header names this machine. A page of another site whose name is made to point here (DNS rebinding)
 * still sends its own name.
 */
function isLoopbackHost(host: string | undefined): boolean {
	const match = /^(?<name>\[[0-9a-fA-F:]+\]|[^:]+)(?::\d{1,5})?$/.exec(host ?? "");
	return loopbackNames.has(match?.groups?.name?.toLowerCase() ?? "");
}

/** Before every route: only reading, only by a name of this machine, and headers that keep a browser strict. */
export function guardRequests(server: FastifyInstance): void {
	server.addHook("onRequest", async (request, reply) => {
		reply.headers({
			"content-security-policy": contentPolicy,
			"x-content-type-options": "nosniff",
			"referrer-policy": "no-referrer",
			"cross-origin-resource-policy": "same-origin",
			"cross-origin-opener-policy": "same-origin",
			"cache-control": "no-store",
		});
		const { host } = request.headers;
		if (!isLoopbackHost(host)) {
			const found = host === undefined ? "none" : JSON.stringify(host.slice(0, 100));
			const message = `expected a Host header with localhost, 127.0.0.1 or [::1], found ${found}`;
			return reply.code(403).send(apiError("HOST_REFUSED", message));
		}
		if (request.method !== "GET" && request.method !== "HEAD") {
			const message = `expected GET or HEAD, found ${request.method}; nothing can be changed here`;
			return reply.code(405).header("allow", "GET, HEAD").send(apiError("METHOD_REFUSED", message));
		}
	});
}
