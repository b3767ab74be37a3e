import { Counter, Gauge, type Registry } from "prom-client";
import type { Logger } from "../common/runtime/logger.ts";

/** Log events and metrics of the followers; a part of CollectorTelemetry. */
export class FollowerTelemetry {
	readonly #log: Logger;
	readonly #lines: Counter;
	readonly #retries: Counter;
	readonly #missing: Counter;
	readonly #waiting: Gauge;
	readonly #lag: Gauge;
	readonly #overBound: Gauge;
	readonly #refusedLines = new Map<string, number>();

	constructor(log: Logger, registry: Registry) {
		this.#log = log;
		this.#lines = counter(registry, "follower_lines_total", "Lines that a follower took or refused", [
			"follower",
			"outcome",
		]);
		this.#retries = counter(registry, "follower_retries_total", "Writes that are tried again", [
			"follower",
			"state",
		]);
		this.#missing = counter(
			registry,
			"follower_missing_samples_total",
			"Samples that the store no longer had when a follower came to them",
			["follower", "reason"],
		);
		this.#waiting = gauge(registry, "follower_waiting_samples", "Samples that wait for a follower", [
			"follower",
		]);
		this.#lag = gauge(
			registry,
			"follower_lag_seconds",
			"For how long the oldest sample that waits for a follower has been stored",
			["follower"],
		);
		this.#overBound = gauge(
			registry,
			"follower_over_bound",
			"1 while a follower is further behind than its backlog allows",
			["follower"],
		);
	}

	begins(fields: { follower: string; pos: number; target: string; anew: boolean }): void {
		this.#log.info(fields, "follower begins");
	}
	forgotten(fields: { follower: string; pos: number }): void {
		this.#log.warn(
			fields,
			"a follower, or where it wrote to, is no longer configured; its place is forgotten",
		);
	}
	lines(follower: string, outcome: "written" | "refused", lines: number): void {
		if (lines > 0) this.#lines.inc({ follower, outcome }, lines);
	}
	/** Counted always, logged at every power of ten. */
	refused(follower: string, lines: number, example: { reason: string; line: string }): void {
		this.lines(follower, "refused", lines);
		const before = this.#refusedLines.get(follower) ?? 0;
		const seen = before + lines;
		this.#refusedLines.set(follower, seen);
		if (before === 0 || Math.floor(Math.log10(seen)) > Math.floor(Math.log10(before)))
			this.#log.error(
				{ follower, seen, ...example },
				"a follower refused lines; they are in its dead-letter file",
			);
	}
	/** Counted always; logged when `changed`. */
	halted(
		fields: { follower: string; state: "waiting" | "held"; reason: string; waitMs: number },
		changed: boolean,
	): void {
		this.#retries.inc({ follower: fields.follower, state: fields.state });
		if (!changed) return;
		if (fields.state === "held")
			this.#log.error(
				fields,
				"a follower is held: its configuration, its rights or its database must change",
			);
		else this.#log.warn(fields, "a follower cannot write now; it keeps its place and tries again");
	}
	goesOn(fields: { follower: string; afterMs: number }): void {
		this.#log.info(fields, "a follower goes on");
	}
	missing(fields: {
		follower: string;
		fromPos: number;
		toPos: number;
		reason: string;
		samples: number;
	}): void {
		this.#missing.inc({ follower: fields.follower, reason: fields.reason }, fields.samples);
		this.#log.error(fields, "the store no longer has what a follower has not got yet");
	}
	overBound(fields: { follower: string; waitingSamples: number; lagMs: number }): void {
		this.#log.error(
			fields,
			"a follower is further behind than its backlog allows; what the store lets go in the meantime it will miss",
		);
	}
	behind(follower: string, samples: number, lagMs: number, overBound: boolean): void {
		this.#waiting.set({ follower }, samples);
		this.#lag.set({ follower }, lagMs / 1_000);
		this.#overBound.set({ follower }, overBound ? 1 : 0);
	}
}

function counter(registry: Registry, name: string, help: string, labelNames: string[]): Counter {
	return new Counter({ name: `pilotline_collector_${name}`, help, labelNames, registers: [registry] });
}

function gauge(registry: Registry, name: string, help: string, labelNames: string[]): Gauge {
	return new Gauge({ name: `pilotline_collector_${name}`, help, labelNames, registers: [registry] });
}
