import { Counter, type Registry } from "prom-client";
import type { AuditHead } from "../common/runtime/audit-chain.ts";
import type { Logger } from "../common/runtime/logger.ts";

/** Log events and metrics about people; see agent/telemetry.ts for the rules. */
export class PeopleTelemetry {
	readonly #log: Logger;
	readonly #logins: Counter;
	readonly #inputs: Counter;
	readonly #refused: Counter;
	readonly #recorded: Counter;

	constructor(log: Logger, registry: Registry) {
		this.#log = log;
		const counter = (name: string, help: string, labelNames: string[]) =>
			new Counter({ name: `pilotline_collector_${name}`, help, labelNames, registers: [registry] });
		this.#logins = counter("logins_total", "Attempts to log in", ["outcome"]);
		this.#inputs = counter("inputs_total", "What people entered, and what they sent again", [
			"kind",
			"outcome",
		]);
		this.#refused = counter("api_refused_total", "Requests refused before their route", ["code"]);
		this.#recorded = counter("audit_entries_total", "Entries added to the audit record", []);
	}

	/** Logged as often as it is recorded; the counter counts all. */
	login(outcome: "accepted" | "wrong" | "wait" | "busy"): void {
		this.#logins.inc({ outcome });
	}
	loggedIn(fields: { name: string }): void {
		this.#log.info(fields, "person logged in");
	}
	loginRefused(fields: { name: string; address: string; unrecorded: number }): void {
		this.#log.warn(fields, "login refused");
	}
	entered(kind: string, outcome: "entered" | "known" | "refused"): void {
		this.#inputs.inc({ kind, outcome });
	}
	requestRefused(code: string): void {
		this.#refused.inc({ code });
	}
	peopleTaken(fields: { people: number; file: string }): void {
		this.#log.info(fields, "people taken from their file");
	}
	peopleFileRefused(fields: { file: string; reason: string }): void {
		this.#log.error(fields, "the people file cannot be used; the people of before stay");
	}
	/** Once a day, at the start and at the end: what an export can be held against later. */
	auditHead({ n, hash }: AuditHead): void {
		this.#log.info({ n, hash }, "audit record ends here");
	}
	recorded(): void {
		this.#recorded.inc();
	}
	auditFailed(fields: { action: string; err: unknown }): void {
		this.#log.error(fields, "a deed could not be recorded");
	}
}
