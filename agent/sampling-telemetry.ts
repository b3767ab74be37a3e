import { Counter, Gauge, type Registry } from "prom-client";
import type { Logger } from "../common/runtime/logger.ts";

/** The part of the agent's telemetry that is about how servers take samples: intervals, queues, deadbands, polling. */
export class SamplingTelemetry {
	readonly #log: Logger;
	readonly #leftOut: Counter;
	readonly #inAgent: Gauge;
	readonly #revised: Gauge;
	readonly #silentWaited: Counter;
	readonly #overruns: Counter;
	/** Servers of which the log says already that queues are shorter than asked for. */
	readonly #shortQueues = new Set<string>();

	constructor(registry: Registry, log: Logger) {
		this.#log = log;
		const about = (name: string, help: string, labelNames = ["server"]) => ({
			...{ name: `pilotline_agent_${name}`, help, labelNames, registers: [registry] },
		});
		this.#leftOut = new Counter(
			about(
				"samples_left_out_total",
				"Values that the agent left out because of a deadband or a trigger, as configured",
			),
		);
		this.#inAgent = new Gauge(
			about(
				"deadbands_in_agent",
				"Items whose deadband or trigger the server does not take, so that the agent applies it",
			),
		);
		this.#revised = new Gauge(
			about(
				"items_revised",
				"Items that the server samples more slowly, or with a shorter queue, than it was asked to",
				["server", "what"],
			),
		);
		this.#silentWaited = new Counter(
			about(
				"silent_tags_waited_total",
				"Seconds in which more tags were silent for too long than are read in a second",
			),
		);
		this.#overruns = new Counter(
			about(
				"poll_rounds_left_out_total",
				"Rounds of polling that were left out because the one before took longer than its interval",
			),
		);
	}

	samplesLeftOut(server: string, samples: number): void {
		this.#leftOut.inc({ server }, samples);
	}
	filterRefused(fields: { server: string; reason: string; tags: number; first: readonly string[] }): void {
		this.#log.warn(fields, "plant server does not filter as configured; the agent sees to it where it can");
	}
	deadbandsInAgent(server: string, items: number): void {
		this.#inAgent.set({ server }, items);
	}
	itemsRevised(
		server: string,
		revised: { samplingInterval: number; queueSize: number; shortestQueue: number },
	): void {
		const { samplingInterval, queueSize, shortestQueue } = revised;
		this.#revised.set({ server, what: "sampling_interval" }, samplingInterval);
		this.#revised.set({ server, what: "queue_size" }, queueSize);
		if (queueSize === 0 || this.#shortQueues.has(server)) return;
		this.#shortQueues.add(server);
		this.#log.warn(
			{ server, items: queueSize, shortestQueue },
			"plant server keeps shorter queues than asked for; a burst or an outage may overflow them, which is a gap then",
		);
	}
	silentTagsWaited(server: string): void {
		this.#silentWaited.inc({ server });
	}
	pollsOverran(server: string, rounds: number): void {
		this.#overruns.inc({ server }, rounds);
	}
	subscriptionsNotOffered(fields: { server: string; status: string }): void {
		this.#log.warn(fields, "plant server has no subscriptions; its tags are polled");
	}
}
