import { Counter, type Registry } from "prom-client";
import type { Logger } from "../common/runtime/logger.ts";
import type { Assembled, LabOverdue } from "./laboratory-port.ts";
import type { MaterialJudgement } from "./material-port.ts";

/** Log events and metrics of laboratory results; a part of CollectorTelemetry. */
export class LaboratoryTelemetry {
	readonly #log: Logger;
	readonly #results: Counter;
	readonly #refused: Counter;
	readonly #overdue: Counter;
	readonly #materials: Counter;

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
		this.#materials = new Counter({
			name: "pilotline_collector_materials_judged_total",
			help: "Verdicts on lots of raw materials, corrections included",
			labelNames: ["verdict"],
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

	materialJudged({ material, lot, verdict }: MaterialJudgement): void {
		this.#materials.inc({ verdict });
		const level = verdict === "in" ? "info" : "warn";
		this.#log[level]({ material, lot, verdict }, "raw material judged");
	}

	rebuilt(fields: { records: number; results: number }): void {
		this.#log.info(fields, "laboratory results put together again from what is stored");
	}

	overdue({ lot, test, dueMs }: LabOverdue): void {
		this.#overdue.inc();
		this.#log.warn({ lot, test, dueTime: new Date(dueMs).toISOString() }, "laboratory result overdue");
	}
}
