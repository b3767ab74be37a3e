import { Counter, type Registry } from "prom-client";
import type { Logger } from "../common/runtime/logger.ts";
import type { LinksTold } from "./genealogy-port.ts";

/** Refusals that are told with their place; more are counted. */
const toldMost = 20;

/** Log events and metrics of genealogy; a part of CollectorTelemetry. */
export class GenealogyTelemetry {
	readonly #log: Logger;
	readonly #links: Counter;
	readonly #refused: Counter;
	#told = 0;

	constructor(log: Logger, registry: Registry) {
		this.#log = log;
		const registers = [registry];
		this.#links = new Counter({
			name: "pilotline_collector_genealogy_links_total",
			help: "Links of genealogy read from samples, repeats included",
			registers,
		});
		this.#refused = new Counter({
			name: "pilotline_collector_genealogy_refused_total",
			help: "Values of the genealogy tag that were no link; they stay among the samples",
			registers,
		});
	}

	told({ links, refused }: LinksTold): void {
		this.#links.inc(links.length);
		this.#refused.inc(refused.length);
		for (const { unit, atMs, reason } of refused) {
			if (this.#told >= toldMost) return;
			this.#told++;
			const last = this.#told === toldMost ? "; more of them are only counted" : "";
			const time = new Date(atMs).toISOString();
			this.#log.warn(
				{ code: "GENEALOGY_REFUSED", unit, time, reason },
				`a value of the genealogy tag is no link${last}`,
			);
		}
	}

	rebuilt(fields: { tag: string; links: number }): void {
		this.#log.info(fields, "genealogy read from what is stored");
	}
}
