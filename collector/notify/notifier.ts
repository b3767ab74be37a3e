import { request } from "undici";
import { type Clock, every } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { DestinationConfig } from "../config.ts";
import type { DueMessage, OutboxPort } from "../pipeline.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { type SigningKey, signedHeaders } from "./signature.ts";
import { guardedAgent, TargetRules } from "./target.ts";

export interface NotifierOptions {
	readonly destinations: readonly (DestinationConfig & { readonly key: SigningKey })[];
	readonly outbox: OutboxPort;
	readonly clock: Clock;
	readonly random: () => number;
	readonly telemetry: CollectorTelemetry;
}

const lookEveryMs = 1_000;
/** Due messages looked at in one go: one for each destination, those of former configurations too. */
const takeAtOnce = 1_000;
/** A message that could not be delivered within a day is given up; it stays visible in the outbox. */
const giveUpAfterMs = 24 * 3_600_000;
const retryFirstMs = 2_000;
const retryLongestMs = 15 * 60_000;
/** Statuses that can be different next time; other 4xx need a person. */
const retryableStatuses = new Set([408, 425, 429]);
const rejectedAttemptsMax = 3;

type Outcome = { ok: true } | { ok: false; error: string; final: boolean; retryAfterMs: number | undefined };

/**
 * Delivers the outbox: at least once, signed, in order for each destination, with a stable message id. Rows leave
 * `waiting` only after the receiver has answered, so a crash between the two sends a message again with its id.
 */
export class Notifier implements Part {
	readonly name = "notifier";
	readonly #options: NotifierOptions;
	readonly #senders = new Map<
		string,
		{
			url: URL;
			key: SigningKey;
			agent: ReturnType<typeof guardedAgent>;
			rules: TargetRules;
			timeoutMs: number;
		}
	>();
	#stopLooking = () => {};
	#looking: Promise<void> | undefined;
	#lookAgain = false;
	/** Attempts in flight by destination: one at a time for each, so that order holds and a slow one delays no other. */
	readonly #attempts = new Map<string, Promise<void>>();
	#stopped = false;

	constructor(options: NotifierOptions) {
		this.#options = options;
	}

	start(): void {
		for (const { name, url, key, allow_networks, timeout_ms } of this.#options.destinations) {
			const rules = new TargetRules(allow_networks);
			this.#senders.set(name, {
				url: new URL(url),
				key,
				rules,
				agent: guardedAgent(rules, timeout_ms),
				timeoutMs: timeout_ms,
			});
		}
		this.#stopLooking = every(this.#options.clock, lookEveryMs, () => this.look());
		this.look();
	}

	/** Finishes the attempts in flight; what waits stays in the outbox. */
	async stop(): Promise<void> {
		this.#stopped = true;
		this.#stopLooking();
		await this.#looking;
		await Promise.all(this.#attempts.values());
		await Promise.all([...this.#senders.values()].map(({ agent }) => agent.destroy()));
	}

	/** Looks for due messages now; called when a batch has written some. */
	look(): void {
		if (this.#senders.size === 0 || this.#stopped) return;
		this.#lookAgain = true;
		this.#looking ??= this.#beginDue().finally(() => {
			this.#looking = undefined;
		});
	}

	/** Begins an attempt for each destination that has a due message and none in flight. */
	async #beginDue(): Promise<void> {
		const { outbox, clock, telemetry } = this.#options;
		try {
			while (this.#lookAgain && !this.#stopped) {
				this.#lookAgain = false;
				for (const message of await outbox.takeMessages(clock.wallMs(), takeAtOnce)) {
					if (!this.#stopped && !this.#attempts.has(message.destination)) this.#begin(message);
				}
			}
		} catch (error) {
			telemetry.partFailed({ part: this.name, err: error });
		}
	}

	#begin(message: DueMessage): void {
		const attempt = this.#deliver(message).then(
			() => true,
			(error: unknown) => {
				this.#options.telemetry.partFailed({ part: this.name, err: error });
				return false;
			},
		);
		this.#attempts.set(
			message.destination,
			attempt.then((settled) => {
				this.#attempts.delete(message.destination);
				// What could not be settled waits for the next tick, or it would be sent again without a pause.
				if (settled) this.look();
			}),
		);
	}

	async #deliver(message: DueMessage): Promise<void> {
		const { outbox, clock, telemetry } = this.#options;
		const { id, destination, type } = message;
		const outcome = await this.#attempt(message);
		const atMs = clock.wallMs();
		const attempts = message.attempts + 1;
		if (outcome.ok) {
			await outbox.settleMessage({ id, destination, atMs, outcome: "delivered" });
			telemetry.messageSettled({ destination, outcome: "delivered", type, id, attempts });
			return;
		}
		const { error } = outcome;
		const late = atMs - message.createdMs > giveUpAfterMs;
		if (late || (outcome.final && attempts >= rejectedAttemptsMax)) {
			await outbox.settleMessage({ id, destination, atMs, outcome: "failed", error });
			telemetry.messageSettled({ destination, outcome: "failed", type, id, attempts, error });
			return;
		}
		const nextMs = atMs + (outcome.retryAfterMs ?? this.#pauseMs(attempts));
		await outbox.settleMessage({ id, destination, atMs, outcome: "retry", nextMs, error });
		telemetry.messageSettled({ destination, outcome: "retry", type, id, attempts, error });
	}

	/** Exponential with full jitter above a floor, so that receivers that come back are not hit at once. */
	#pauseMs(attempts: number): number {
		const longest = Math.min(retryFirstMs * 2 ** Math.min(attempts, 20), retryLongestMs);
		return Math.round(retryFirstMs / 2 + this.#options.random() * (longest - retryFirstMs / 2));
	}

	async #attempt({ id, destination, body }: DueMessage): Promise<Outcome> {
		const sender = this.#senders.get(destination);
		if (sender === undefined) {
			return {
				ok: false,
				error: `the configuration no longer has a destination ${destination}`,
				final: true,
				retryAfterMs: undefined,
			};
		}
		try {
			sender.rules.checkUrl(sender.url);
			const attemptS = Math.floor(this.#options.clock.wallMs() / 1_000);
			const response = await request(sender.url, {
				method: "POST",
				dispatcher: sender.agent,
				headers: {
					"content-type": "application/json",
					"user-agent": "pilotline",
					...signedHeaders(sender.key, id, attemptS, body),
				},
				body,
				signal: AbortSignal.timeout(sender.timeoutMs),
			});
			// The answer is the status; a body that is too long, or never ends, takes nothing back.
			await response.body.dump().catch(() => undefined);
			// Only 2xx is success; a redirect is not followed, because its target was not vetted.
			if (response.statusCode >= 200 && response.statusCode < 300) return { ok: true };
			const final =
				response.statusCode >= 300 &&
				response.statusCode < 500 &&
				!retryableStatuses.has(response.statusCode);
			return {
				ok: false,
				error: `the receiver answered ${response.statusCode}`,
				final,
				retryAfterMs: retryAfterMs(response.headers["retry-after"]),
			};
		} catch (error) {
			return { ok: false, error: errorText(error), final: false, retryAfterMs: undefined };
		}
	}
}

/** Retry-After in seconds, bounded; dates are not taken because they trust the receiver's clock. */
function retryAfterMs(header: string | string[] | undefined): number | undefined {
	const seconds = typeof header === "string" && /^\d{1,9}$/.test(header) ? Number(header) : Number.NaN;
	return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 1) * 1_000, retryLongestMs) : undefined;
}
