import type { GapCause } from "../../common/contract/gap.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { Standstill } from "./standstill.ts";

export interface ContactOptions {
	readonly clock: Clock;
	/** What the source before this one knew of the server. */
	readonly left: { readonly wasConnected: boolean; readonly lastResponseMs: number | undefined } | undefined;
	readonly server: string;
	readonly telemetry: Pick<AgentTelemetry, "serverLost" | "agentStoodStill">;
	/** Values have stopped to come. */
	readonly onSilent: () => void;
	/** The server is lost for everybody from now on. Neither is called once `over` is aborted. */
	readonly onLost: () => void;
}

/**
 * Whether a plant server is there. It is lost as soon as it is silent, unless the agent itself stood still: then it
 * has not said anything that the agent could have heard, and is lost only if it is not heard in the time after that.
 */
export class Contact {
	readonly #options: ContactOptions;
	readonly #standstill: Standstill;
	#over: AbortSignal | undefined;
	#isConnected = false;
	#isBelieved: boolean;
	#lastError: string | undefined;
	#lastResponseMs: number | undefined;
	#forget: (() => void) | undefined;

	constructor(options: ContactOptions) {
		this.#options = options;
		this.#standstill = new Standstill(options.clock);
		this.#isBelieved = options.left?.wasConnected === true;
		this.#lastResponseMs = options.left?.lastResponseMs;
	}

	start(over: AbortSignal): void {
		this.#over = over;
		this.#standstill.start(over);
		over.addEventListener("abort", () => this.#forget?.(), { once: true });
	}

	get isConnected(): boolean {
		return this.#isConnected;
	}

	/** The tags are Good for everybody, though nothing may be heard of them at present. */
	get isBelieved(): boolean {
		return this.#isBelieved;
	}

	get lastError(): string | undefined {
		return this.#lastError;
	}

	/** Monotonic time of the server's last answer. */
	get lastResponseMs(): number | undefined {
		return this.#lastResponseMs;
	}

	/** Milliseconds since the last answer; undefined before the first one. */
	get ageMs(): number | undefined {
		return this.#lastResponseMs === undefined
			? undefined
			: this.#options.clock.monotonicMs() - this.#lastResponseMs;
	}

	/** Milliseconds in which an answer could have been heard and none was. */
	get silentMs(): number {
		const wentOnMs = this.#standstill.wentOnMs;
		return this.#options.clock.monotonicMs() - Math.max(this.#lastResponseMs ?? 0, wentOnMs);
	}

	/** Why nothing was heard lately: an agent that stood still cannot blame the server. */
	get cause(): GapCause {
		return this.#standstill.graceLeftMs > 0 ? "agent_down" : "server_unreachable";
	}

	answered(): void {
		this.#lastResponseMs = this.#options.clock.monotonicMs();
	}

	/** Values come. */
	connected(): void {
		this.#forget?.();
		this.#isConnected = true;
		this.#isBelieved = true;
		this.#lastError = undefined;
	}

	/** No values come, and why. */
	silent(reason: string): void {
		this.#lastError = reason;
		this.#isConnected = false;
		if (!this.#isBelieved || this.#over?.aborted === true || this.#forget !== undefined) return;
		const graceMs = this.#standstill.graceLeftMs;
		this.#options.onSilent();
		if (graceMs === 0) {
			this.#lost(reason);
			return;
		}
		const { server, telemetry } = this.#options;
		telemetry.agentStoodStill({ server, reason, graceMs: Math.round(graceMs) });
		const cancel = this.#options.clock.after(graceMs, () => {
			this.#forget = undefined;
			this.#lost(this.#lastError ?? reason);
		});
		this.#forget = () => {
			this.#forget = undefined;
			cancel();
		};
	}

	#lost(reason: string): void {
		const { server, telemetry, onLost } = this.#options;
		this.#isBelieved = false;
		telemetry.serverLost({ server, reason });
		onLost();
	}
}
