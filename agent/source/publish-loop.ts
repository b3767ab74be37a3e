import { type ClientSession, PublishRequest, type PublishResponse } from "node-opcua";
import { ask, statusOf } from "./service.ts";

/** A message that need not be kept for us any more; OPC UA Part 4 §7.25. */
export interface Acknowledgement {
	readonly subscriptionId: number;
	readonly sequenceNumber: number;
}

export interface PublishLoopOptions {
	readonly session: ClientSession;
	/** The longest time between two responses of a sound server: its keep-alive. */
	readonly keepAliveMs: number;
	/** What is acknowledged with the next request; taken once. */
	readonly acknowledgements: () => Acknowledgement[];
	readonly onResponse: (response: PublishResponse) => void;
	/** The loop has ended, and why. */
	readonly onFailed: (error: unknown) => void;
}

/** Requests that the server has in hand, so that a slow network does not hold it up (Part 4 §5.13.5). */
const requestsInHand = 4;
const networkMs = 15_000;

/**
 * Keeps publish requests at the server for as long as a session lasts. A server that wants fewer of them says
 * BadTooManyPublishRequests and gets fewer; one that lets a request run out gets another.
 */
export class PublishLoop {
	readonly #options: PublishLoopOptions;
	#inHand = 0;
	#most = requestsInHand;
	#running = false;

	constructor(options: PublishLoopOptions) {
		this.#options = options;
	}

	start(): void {
		this.#running = true;
		this.#fill();
	}

	stop(): void {
		this.#running = false;
	}

	#fill(): void {
		while (this.#running && this.#inHand < this.#most) this.#send();
	}

	#send(): void {
		const { session, keepAliveMs, acknowledgements, onResponse } = this.#options;
		this.#inHand++;
		// The server answers requests in turn, so the last one in hand waits for all the others.
		const timeoutHint = Math.min(0x7fff_ffff, this.#most * keepAliveMs + networkMs);
		const request = new PublishRequest({
			requestHeader: { timeoutHint },
			subscriptionAcknowledgements: acknowledgements(),
		});
		ask<PublishResponse>(session, request).then(
			(response) => {
				this.#inHand--;
				if (!this.#running) return;
				try {
					onResponse(response);
				} catch (error) {
					this.#fail(error);
				}
				this.#fill();
			},
			(error: unknown) => {
				this.#inHand--;
				if (!this.#running) return;
				const status = statusOf(error);
				if (status === "BadTooManyPublishRequests" && this.#inHand > 0) {
					this.#most = this.#inHand;
				} else if (status === "BadTimeout") this.#fill();
				else this.#fail(error);
			},
		);
	}

	#fail(error: unknown): void {
		this.stop();
		this.#options.onFailed(error);
	}
}
