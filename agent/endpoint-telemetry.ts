import { Counter, Gauge, type Registry } from "prom-client";
import type { Logger } from "../common/runtime/logger.ts";

const healthyFrom = 200;

/** The part of the agent's telemetry that is about redundant servers. */
export class EndpointTelemetry {
	readonly #log: Logger;
	readonly #changes: Counter;
	readonly #level: Gauge;
	/** Of each server what the log has said last. */
	readonly #healthy = new Map<string, boolean>();

	constructor(registry: Registry, log: Logger) {
		this.#log = log;
		this.#changes = new Counter({
			name: "pilotline_agent_server_endpoint_changes_total",
			help: "Times that another endpoint of a server was taken: it failed, serves worse, or a preferred one is back",
			labelNames: ["server", "why"],
			registers: [registry],
		});
		this.#level = new Gauge({
			name: "pilotline_agent_server_service_level",
			help: "ServiceLevel of the server in use: 0 maintenance, 1 no data, 2 to 199 degraded, 200 to 255 healthy",
			labelNames: ["server"],
			registers: [registry],
		});
	}

	changed(fields: {
		server: string;
		from: string;
		to: string;
		why: "failed" | "service_level" | "returned";
	}): void {
		this.#changes.inc({ server: fields.server, why: fields.why });
		this.#log.warn(fields, "another endpoint of a plant server is taken");
	}

	/** Another one than before; undefined: the server does not tell it. */
	serviceLevel(server: string, endpoint: string, level: number | undefined): void {
		if (level === undefined) {
			this.#level.remove({ server });
			return;
		}
		this.#level.set({ server }, level);
		const isHealthy = level >= healthyFrom;
		if (this.#healthy.get(server) === isHealthy) return;
		this.#healthy.set(server, isHealthy);
		const fields = { server, endpoint, serviceLevel: level };
		if (!isHealthy) this.#log.warn(fields, "plant server says that it cannot serve as it should");
		else this.#log.info(fields, "plant server says that it is healthy");
	}
}
