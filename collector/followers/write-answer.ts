/** What a database made of some lines. */
export type WriteAnswer =
	| { readonly outcome: "written" }
	/** Not all of them were taken. `bad` names those that were not, where the answer does; `all` that none was. */
	| {
			readonly outcome: "refused";
			readonly reason: string;
			readonly bad?: readonly { readonly index: number; readonly reason: string }[] | undefined;
			readonly all?: boolean;
	  }
	| { readonly outcome: "too_large"; readonly reason: string }
	/** Somebody must change something: a token, a database, the address. */
	| { readonly outcome: "held"; readonly reason: string }
	/** The same again later, at the earliest after `afterMs` where the database asked for it. */
	| { readonly outcome: "later"; readonly reason: string; readonly afterMs?: number | undefined };

/** The rejected lines that InfluxDB 3 names at most in one answer. */
const namedMax = 100;
const reasonMax = 500;
const statusLater = new Set([408, 425, 429]);

/**
 * Reads an HTTP answer to a write of `lines` lines, as InfluxDB 1, 2 and 3 document them.
 *
 * 400 and 422 do not mean that nothing was stored: "partial write" stores the good lines, and says with `dropped=N`, or by
 * naming lines (version 3), how many it did not take.
 */
export function readAnswer(
	status: number,
	body: string,
	retryAfter: string | undefined,
	lines: number,
): WriteAnswer {
	if (status >= 200 && status < 300) return { outcome: "written" };
	const { message, data } = parseBody(body);
	const reason = `${status}${message === "" ? "" : ` ${message}`}`.slice(0, reasonMax);
	if (status === 400 || status === 422) {
		const dropped = /\bdropped=(\d+)/.exec(message);
		const bad = namedLines(data, lines);
		return { outcome: "refused", reason, bad, all: dropped !== null && Number(dropped[1]) === lines };
	}
	if (status === 413) return { outcome: "too_large", reason };
	if (status >= 500 || statusLater.has(status))
		return { outcome: "later", reason, afterMs: retryAfterMs(retryAfter) };
	return { outcome: "held", reason };
}

function parseBody(body: string): { message: string; data: unknown } {
	try {
		const parsed: unknown = JSON.parse(body);
		if (typeof parsed === "object" && parsed !== null) {
			const { error, message, data } = parsed as Record<string, unknown>;
			const text = [message, error].find((one) => typeof one === "string" && one !== "");
			return { message: typeof text === "string" ? text : "", data };
		}
	} catch {
		// Not JSON: a proxy, or a database that answers in words.
	}
	return { message: body.replaceAll(/\s+/g, " ").trim(), data: undefined };
}

/** Version 3: `data: [{ line_number, error_message, original_line }]`, complete while it is shorter than its limit. */
function namedLines(data: unknown, lines: number): { index: number; reason: string }[] | undefined {
	if (!Array.isArray(data) || data.length === 0 || data.length >= namedMax) return undefined;
	const named: { index: number; reason: string }[] = [];
	for (const entry of data) {
		const { line_number, error_message } = (entry ?? {}) as Record<string, unknown>;
		if (typeof line_number !== "number" || line_number < 1 || line_number > lines) return undefined;
		named.push({ index: line_number - 1, reason: String(error_message).slice(0, reasonMax) });
	}
	return named;
}

const waitLongestMs = 15 * 60_000;

/** Retry-After in seconds, bounded; dates are not taken because they trust the other's clock. */
function retryAfterMs(header: string | undefined): number | undefined {
	if (header === undefined || !/^\d{1,9}$/.test(header)) return undefined;
	return Math.min(Math.max(Number(header), 1) * 1_000, waitLongestMs);
}
