import { Counter, Gauge, type Registry } from "prom-client";
import type { Logger } from "../common/runtime/logger.ts";

/** The part of the agent's telemetry that is about clocks: servers' and those of the sources behind them. */
export class TimeTelemetry {
	readonly #log: Logger;
	readonly #clockSteps: Counter;
	readonly #clockAhead: Gauge;
	readonly #timesWrong: Counter;

	constructor(registry: Registry, log: Logger) {
		this.#log = log;
		this.#clockSteps = new Counter({
			name: "pilotline_agent_server_clock_steps_total",
			help: "Times that a plant server's clock was set, forward or back, by ten seconds or more",
			labelNames: ["server"],
			registers: [registry],
		});
		this.#clockAhead = new Gauge({
			name: "pilotline_agent_server_clock_ahead_seconds",
			help: "How far a plant server's clock is ahead of ours, by the headers of its responses",
			labelNames: ["server"],
			registers: [registry],
		});
		this.#timesWrong = new Counter({
			name: "pilotline_agent_source_times_wrong_total",
			help: "Samples whose source time is ahead of their server's clock, stands still (both kept), or is missing",
			labelNames: ["server", "fault"],
			registers: [registry],
		});
	}

	serverRemoved(server: string): void {
		this.#clockAhead.remove({ server });
	}
	serverClockSet({ server, byMs }: { server: string; byMs: number }): void {
		this.#clockSteps.inc({ server });
		this.#log.warn(
			{ server, byMs },
			byMs > 0
				? "the plant server's clock was set forward; what it left out is a gap, cause clock"
				: "the plant server's clock was set back; its times come twice",
		);
	}
	serverClockSeen(server: string, aheadMs: number): void {
		this.#clockAhead.set({ server }, aheadMs / 1_000);
	}
	serverClockSkewed(fields: { server: string; aheadMs: number }): void {
		if (fields.aheadMs === 0) this.#log.info(fields, "the plant server's clock and ours agree again");
		else this.#log.warn(fields, "the plant server's clock and ours differ; see to their time service");
	}
	sourceTimesWrong(server: string, future: number, frozen: number, missing: number): void {
		if (missing > 0) this.#timesWrong.inc({ server, fault: "missing" }, missing);
		if (future > 0) this.#timesWrong.inc({ server, fault: "future" }, future);
		if (frozen > 0) this.#timesWrong.inc({ server, fault: "frozen" }, frozen);
	}
	sourceTimesNamed(fields: { server: string; some: string[]; future: number; frozen: number }): void {
		this.#log.warn(fields, "source times of some tags are ahead of the server's clock, or stand still");
	}
}
