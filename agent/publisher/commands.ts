import type { Clock } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { Journal } from "../pipeline.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { readCommand } from "./command.ts";
import type { Delivery, Refusal } from "./delivery.ts";

interface CommandsOptions {
	readonly journal: Journal;
	readonly delivery: Delivery;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
}

/** Does what hosts ask for by NCMD, and says what it refuses. */
export class Commands {
	readonly #options: CommandsOptions;

	constructor(options: CommandsOptions) {
		this.#options = options;
	}

	/** Returns whether births are asked for. */
	take(payload: Buffer): boolean {
		const { telemetry, journal, delivery, clock } = this.#options;
		try {
			const command = readCommand(payload);
			for (const name of command.refused)
				telemetry.commandRefused({ reason: "unknown_command", detail: name });
			const { host, epoch, confirmed, resendFrom, resendTo, rebirth } = command;
			if (host === undefined || epoch === undefined) return rebirth;
			const held = journal.held();
			if (confirmed !== undefined) {
				const refusal = delivery.confirm(host, epoch, confirmed, held, clock.monotonicMs());
				if (refusal === undefined) journal.trim(delivery.lowWater(held));
				this.#refused(refusal, `host ${host} confirmed ${confirmed} of epoch ${epoch}`);
			}
			if (resendFrom !== undefined) {
				const to = resendTo ?? Number.MAX_SAFE_INTEGER;
				const refusal = delivery.resend(host, epoch, resendFrom, to, held);
				this.#refused(refusal, `host ${host} asked for ${resendFrom} of epoch ${epoch}`);
			}
			return rebirth;
		} catch (error) {
			telemetry.commandRefused({ reason: "not_sparkplug", detail: errorText(error) });
			return false;
		}
	}

	#refused(refusal: Refusal | undefined, detail: string): void {
		if (refusal !== undefined) this.#options.telemetry.commandRefused({ reason: refusal, detail });
	}
}
