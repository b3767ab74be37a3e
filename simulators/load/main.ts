import { every, systemClock } from "../../common/runtime/clock.ts";
import { createLogger } from "../../common/runtime/logger.ts";
import { routeOpcuaLog } from "../../common/runtime/opcua-log.ts";
import { Load } from "./load.ts";

export interface LoadOptions {
	readonly tags: number;
	/** Values a second over all tags. */
	readonly rate: number;
	readonly port: number;
	/** For the server's certificates. */
	readonly data: string;
}

const reportEveryMs = 500;

/**
 * Runs a load generator until a signal, or `exit` from its parent. With a parent it says `listening`, `running`,
 * `progress` and `halted`, and obeys `run`, `halt` and `exit`; without one it counts as soon as everything is watched.
 */
export async function runLoad(options: LoadOptions): Promise<number> {
	const log = createLogger({ process: "load", level: "info" });
	routeOpcuaLog(log);
	const load = new Load({
		clock: systemClock,
		tags: options.tags,
		valuesPerSecond: options.rate,
		port: options.port,
		directory: options.data,
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
			tell({ type: "halted", produced: load.produced, producedByTag: load.producedByTag() });
		} else if (message.type === "exit") ended.resolve();
	});
	await load.start();
	log.info({ endpoint: load.endpoint, tags: options.tags, rate: options.rate }, "load server listening");
	tell({ type: "listening", endpoint: load.endpoint });
	let running = false;
	const stopReporting = every(systemClock, reportEveryMs, () => {
		if (!running && load.everythingMonitored) {
			running = true;
			load.run();
			log.info("every tag is watched; counting");
			tell({ type: "running" });
		}
		tell({ type: "progress", produced: load.produced });
	});
	await ended.promise;
	stopReporting();
	await load.stop();
	return 0;
}
