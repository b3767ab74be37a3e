import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, systemClock } from "../../common/runtime/clock.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import { type Refusal, refusalOf, webhookKey } from "./signature.ts";

export interface ReceivedMessage {
	/** `webhook-id`: the same on every attempt of one message. */
	readonly id: string;
	/** `webhook-timestamp`: when this attempt was made, in seconds. */
	readonly timestamp: number;
	/** The raw body, as it was signed. */
	readonly body: string;
	/** Seen before. A receiver that acts on messages must not act twice. */
	readonly duplicate: boolean;
}

export interface WebhookReceiverOptions {
	/** Port on the loopback; 0 takes a free one. */
	readonly port: number;
	/** `whsec_…` */
	readonly secret: string;
	readonly onMessage: (message: ReceivedMessage) => void;
	readonly onRefused?: (reason: Refusal | "body_too_large" | "method") => void;
	readonly clock?: Clock;
}

const bodyBytesMax = 64 * 1024;
const idsMax = 10_000;

/** Stands in for the system that a customer would point our notifications at. */
export class WebhookReceiver implements Part {
	readonly name = "webhook receiver";
	readonly #options: WebhookReceiverOptions;
	readonly #seen = new Set<string>();
	#server: Server | undefined;
	#key: Buffer | undefined;
	#failures: number[] = [];

	constructor(options: WebhookReceiverOptions) {
		this.#options = options;
	}

	/** Where to send to; empty before `start`. */
	get url(): string {
		const address = this.#server?.address() as AddressInfo | null | undefined;
		return address ? `http://127.0.0.1:${address.port}/` : "";
	}

	async start(): Promise<void> {
		if (this.#server !== undefined) return;
		this.#key = webhookKey(this.#options.secret);
		const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
			this.#receive(request, response).catch(() => response.destroy());
		});
		this.#server = server;
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.listen(this.#options.port, "127.0.0.1", resolve);
		});
	}

	async stop(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		if (server === undefined) return;
		await new Promise<void>((resolve) => {
			server.close(() => resolve());
			server.closeAllConnections();
		});
	}

	/** Answers the next `count` requests with `status`, whatever they carry. */
	failNext(count: number, status: number): void {
		for (let index = 0; index < count; index++) this.#failures.push(status);
	}

	async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const body = await readBody(request);
		const failure = this.#failures.shift();
		if (failure !== undefined) return answer(response, failure);
		if (request.method !== "POST") return this.#refuse(response, 405, "method");
		if (body === undefined) return this.#refuse(response, 413, "body_too_large");
		const id = header(request, "webhook-id");
		const timestamp = header(request, "webhook-timestamp");
		const signature = header(request, "webhook-signature");
		const nowS = (this.#options.clock ?? systemClock).wallMs() / 1000;
		const refusal = refusalOf(this.#key as Buffer, { id, timestamp, signature, body }, nowS);
		if (refusal !== undefined || id === undefined) {
			return this.#refuse(response, 401, refusal ?? "header_missing");
		}
		const duplicate = this.#remember(id);
		this.#options.onMessage({ id, timestamp: Number(timestamp), body: body.toString("utf8"), duplicate });
		answer(response, 204);
	}

	#refuse(response: ServerResponse, status: number, reason: Refusal | "body_too_large" | "method"): void {
		this.#options.onRefused?.(reason);
		answer(response, status);
	}

	/** True when the id was known; forgets the oldest beyond the bound. */
	#remember(id: string): boolean {
		if (this.#seen.has(id)) return true;
		this.#seen.add(id);
		if (this.#seen.size > idsMax) {
			const oldest = this.#seen.values().next().value;
			if (oldest !== undefined) this.#seen.delete(oldest);
		}
		return false;
	}
}

function header(request: IncomingMessage, name: string): string | undefined {
	const value = request.headers[name];
	return typeof value === "string" ? value : undefined;
}

/** The whole body, or undefined when it is over the limit; the rest is read and dropped. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of request as AsyncIterable<Buffer>) {
		bytes += chunk.length;
		if (bytes <= bodyBytesMax) chunks.push(chunk);
		// A sender that does not stop is cut off.
		if (bytes > 16 * bodyBytesMax) throw new Error("body far over the limit");
	}
	return bytes <= bodyBytesMax ? Buffer.concat(chunks) : undefined;
}

function answer(response: ServerResponse, status: number): void {
	response.writeHead(status, status === 429 || status === 503 ? { "retry-after": "1" } : {});
	response.end();
}
