import { Counter, type Registry } from "prom-client";
import type { Logger } from "../common/runtime/logger.ts";
import type { Assembled, LabOverdue } from "./laboratory-port.ts";

/** Log events and metrics of laboratory results; a part of CollectorTelemetry. */
export class LaboratoryTelemetry {
	readonly #log: Logger;
	readonly #results: Counter;
	readonly #refused: Counter;
	readonly #overdue: Counter;

	constructor(log: Logger, registry: Registry) {
		this.#log = log;
		const registers = [registry];
		this.#results = new Counter({
			name: "pilotline_collector_laboratory_results_total",
			help: "Laboratory results put together from samples",
			registers,
		});
		this.#refused = new Counter({
			name: "pilotline_collector_laboratory_refused_total",
			help: "What came from a laboratory's server as a result and was none, by reason",
			labelNames: ["code"],
			registers,
		});
		this.#overdue = new Counter({
			name: "pilotline_collector_laboratory_overdue_total",
			help: "Results that were not there in time",
			registers,
		});
	}

	assembled({ results, refused }: Assembled): void {
		this.#results.inc(results.length);
		for (const { code, where, message } of refused) {
			this.#refused.inc({ code });
			this.#log.warn({ code, where, message }, "laboratory result refused");
		}
	}

	rebuilt(fields: { records: number; results: number }): void {
		this.#log.info(fields, "laboratory results put together again from what is stored");
	}

	overdue({ lot, test, dueMs }: LabOverdue): void {
		this.#overdue.inc();
		this.#log.warn({ lot, test, dueTime: new Date(dueMs).toISOString() }, "laboratory result overdue");
	}
}
