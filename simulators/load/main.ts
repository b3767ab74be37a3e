import { every, systemClock } from "../../common/runtime/clock.ts";
import { createLogger } from "../../common/runtime/logger.ts";
import { routeOpcuaLog } from "../../common/runtime/opcua-log.ts";
import { parseChaos } from "./chaos-plan.ts";
import { Load } from "./load.ts";
import { checkShares, parseStatusShare } from "./status-share.ts";

export interface LoadOptions {
	readonly tags: number;
	/** Values a second over all tags. */
	readonly rate: number;
	readonly servers?: number;
	readonly port: number;
	/** Shares of values that are not Good, `PERCENT:STATUS`. */
	readonly status?: readonly string[];
	/** Trouble to make, as `parseChaos` reads it. */
	readonly chaos?: readonly string[];
	/** For the servers' certificates. */
	readonly data: string;
}

const reportEveryMs = 500;

/**
 * Runs a load generator until a signal, or `exit` from its parent. With a parent it says `listening`, `running`,
 * `progress` and `halted`, and obeys `halt` and `exit`; alone it counts as soon as everything is watched, and says
 * at its end what it has produced.
 * @throws CodedError USAGE
 */
export async function runLoad(options: LoadOptions): Promise<number> {
	const statuses = (options.status ?? []).map(parseStatusShare);
	checkShares(statuses);
	const chaos = (options.chaos ?? []).map(parseChaos);
	const log = createLogger({ process: "load", level: "info" });
	routeOpcuaLog(log);
	const load = new Load({
		clock: systemClock,
		tags: options.tags,
		valuesPerSecond: options.rate,
		servers: options.servers ?? 1,
		port: options.port,
		directory: options.data,
		statuses,
		chaos,
	});
	const tell = (message: object) => {
		if (process.connected) process.send?.(message);
	};
	const ended = Promise.withResolvers<void>();
	process.on("SIGINT", () => ended.resolve());
	process.on("SIGTERM", () => ended.resolve());
	process.on("disconnect", () => ended.resolve());
	process.on("message", (message: { type?: unknown }) => {
		if (message.type === "halt") {
			load.halt();
			tell({ type: "halted", ...load.ledger() });
		} else if (message.type === "exit") ended.resolve();
	});
	await load.start();
	const { endpoints } = load;
	log.info({ endpoints, tags: options.tags, rate: options.rate }, "load server listening");
	tell({ type: "listening", endpoint: endpoints[0], endpoints });
	let isRunning = false;
	const stopReporting = every(systemClock, reportEveryMs, () => {
		if (!isRunning && load.everythingMonitored) {
			isRunning = true;
			load.run();
			log.info("every tag is watched; counting");
			tell({ type: "running" });
		}
		tell({ type: "progress", produced: load.produced });
	});
	await ended.promise;
	stopReporting();
	const { produced, producedByStatus, chaos: made } = load.ledger();
	log.info({ produced, producedByStatus, chaos: made }, "load server stops");
	await load.stop();
	return 0;
}
