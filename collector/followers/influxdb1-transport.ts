import { type ClientRequest, Agent as HttpAgent, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { InfluxDB } from "influx";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { Transport, TransportTarget } from "./transport.ts";
import { readAnswer, type WriteAnswer } from "./write-answer.ts";

/**
 * InfluxDB 1 and what speaks its /write (VictoriaMetrics, QuestDB), through `influx` as a bare transport: its pool tries
 * nothing again and never shuts a host out.
 */
export class InfluxDb1Transport implements Transport {
	readonly #influx: InfluxDB;
	readonly #agent: HttpAgent;
	readonly #retentionPolicy: string | undefined;
	readonly #database: string;
	/** The client drops the head and the body of a 5xx; the head is seen on its way. Requests do not overlap. */
	#head: IncomingMessage | undefined;

	constructor({ url, database, retentionPolicy, username, password, token, ca, timeoutMs }: TransportTarget) {
		const secure = url.protocol === "https:";
		const settings = { keepAlive: true, maxSockets: 1 };
		this.#agent = secure ? new HttpsAgent({ ...settings, ca }) : new HttpAgent(settings);
		this.#watchHeads();
		this.#database = database;
		this.#retentionPolicy = retentionPolicy;
		this.#influx = new InfluxDB({
			database,
			// Left undefined, the client would log in as root with the password root.
			username: username ?? (null as unknown as string),
			password: password ?? "",
			hosts: [
				{
					protocol: secure ? "https" : "http",
					host: url.hostname.replace(/^\[|\]$/g, ""),
					port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
					path: url.pathname === "/" ? "" : url.pathname.replace(/\/$/, ""),
					options: {
						agent: this.#agent,
						...(token === undefined ? {} : { headers: { authorization: `Token ${token}` } }),
					},
				},
			],
			pool: { maxRetries: 0, requestTimeout: timeoutMs, backoff: neverShutOut },
		});
	}

	async write(lines: readonly string[]): Promise<WriteAnswer> {
		this.#head = undefined;
		try {
			// A point's measurement goes out as it is, so one "point" carries the lines; a test holds the client to that.
			const retentionPolicy = this.#retentionPolicy;
			await this.#influx.writePoints([{ measurement: lines.join("\n") }], {
				database: this.#database,
				precision: "n",
				...(retentionPolicy === undefined ? {} : { retentionPolicy }),
			});
			return { outcome: "written" };
		} catch (error) {
			const head = (error as { res?: IncomingMessage }).res ?? this.#head;
			if (head?.statusCode === undefined) return { outcome: "later", reason: errorText(error) };
			const body = errorText(error).replace(/^A \d+ .*? error occurred: /s, "");
			return readAnswer(head.statusCode, body, head.headers["retry-after"], lines.length);
		}
	}

	close(): void {
		this.#agent.destroy();
	}

	/** `addRequest` is how every request comes to its agent. */
	#watchHeads(): void {
		const agent = this.#agent as HttpAgent & {
			addRequest(request: ClientRequest, ...rest: unknown[]): void;
		};
		const addRequest = agent.addRequest.bind(agent);
		agent.addRequest = (request, ...rest) => {
			request.prependOnceListener("response", (response: IncomingMessage) => {
				this.#head = response;
			});
			addRequest(request, ...rest);
		};
	}
}

/** The pool's own pauses are none: the follower waits itself, for as long as it says in its status. */
const neverShutOut = { getDelay: () => 0, next: () => neverShutOut, reset: () => neverShutOut };
