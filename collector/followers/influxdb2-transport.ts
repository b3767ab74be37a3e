import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { HttpError, InfluxDB } from "@influxdata/influxdb-client";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { Transport, TransportTarget } from "./transport.ts";
import { readAnswer, type WriteAnswer } from "./write-answer.ts";

/**
 * InfluxDB 2, InfluxDB 3, and what speaks their writing paths, through the transport of `@influxdata/influxdb-client`. Its
 * WriteApi is not used at all: that keeps lines in memory, drops them after three minutes, and tells nobody.
 */
export class InfluxDb2Transport implements Transport {
	readonly #agent: HttpAgent;
	readonly #client: InfluxDB;
	readonly #path: string;
	/** The client adds a listener to a signal and never takes it off, so each request has its own. */
	#current: AbortController | undefined;

	constructor(version: 2 | 3, target: TransportTarget) {
		const { url, database, org, token, ca, timeoutMs } = target;
		const settings = { keepAlive: true, maxSockets: 1 };
		this.#agent = url.protocol === "https:" ? new HttpsAgent({ ...settings, ca }) : new HttpAgent(settings);
		const place =
			version === 2
				? { path: "/api/v2/write", query: { org: org ?? "", bucket: database, precision: "ns" } }
				: {
						path: "/api/v3/write_lp",
						query: { db: database, precision: "nanosecond", accept_partial: "true", no_sync: "false" },
					};
		this.#path = `${place.path}?${new URLSearchParams(place.query)}`;
		this.#client = new InfluxDB({
			url: url.href.replace(/\/$/, ""),
			timeout: timeoutMs,
			transportOptions: { agent: this.#agent },
			headers: token === undefined ? {} : { authorization: `${version === 2 ? "Token" : "Bearer"} ${token}` },
		});
	}

	async write(lines: readonly string[]): Promise<WriteAnswer> {
		const current = new AbortController();
		this.#current = current;
		try {
			await this.#client.transport.request(this.#path, lines.join("\n"), {
				method: "POST",
				headers: { "content-type": "text/plain; charset=utf-8", accept: "application/json" },
				signal: current.signal,
			});
			return { outcome: "written" };
		} catch (error) {
			// After a time-out the client leaves the request open, and the next one would wait behind it.
			current.abort();
			if (!(error instanceof HttpError)) return { outcome: "later", reason: errorText(error) };
			const retryAfter = error.headers?.["retry-after"];
			return readAnswer(
				error.statusCode,
				error.body ?? "",
				typeof retryAfter === "string" ? retryAfter : undefined,
				lines.length,
			);
		}
	}

	close(): void {
		this.#current?.abort();
		this.#agent.destroy();
	}
}
