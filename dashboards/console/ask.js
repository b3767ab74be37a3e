// Questions to the collector, which served this page; relative, so that the page works under any path.

const withinMs = 8_000;

/** Whether somebody has touched the page since the last question: a page that only asks keeps no session alive. */
let touched = true;
for (const kind of ["pointerdown", "keydown"])
	addEventListener(
		kind,
		() => {
			touched = true;
		},
		{ passive: true },
	);

/** What a refusal is: its message for people, its code for the page. */
export class Refusal extends Error {
	/** @param {string} code @param {string} message */
	constructor(code, message) {
		super(message);
		this.code = code;
	}
}

/**
 * @param {string} path below api/v1
 * @param {Record<string, string>} [query]
 * @returns {Promise<any>}
 */
export async function ask(path, query = {}) {
	const parameters = new URLSearchParams(query);
	const suffix = parameters.size > 0 ? `?${parameters}` : "";
	/** @type {Record<string, string>} */
	const headers = touched ? {} : { "x-pilotline-quiet": "1" };
	touched = false;
	return await answered(`${path}${suffix}`, { headers });
}

/**
 * Sends something that changes something.
 * @param {string} path below api/v1
 * @param {object} body
 * @returns {Promise<any>}
 */
export async function tell(path, body) {
	const headers = { "content-type": "application/json", "x-pilotline": "1" };
	return await answered(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** @param {string} path @param {RequestInit} request */
async function answered(path, request) {
	const response = await fetch(`api/v1/${path}`, { ...request, signal: AbortSignal.timeout(withinMs) });
	const answer = await response.json();
	if (response.ok) return answer;
	const { code = "", message = `status ${response.status}` } = answer?.error ?? {};
	throw new Refusal(code, message);
}
