import type { Logger } from "./logger.ts";

/** What a process is made of: something that starts once and stops once. */
export interface Running {
	start(): Promise<void>;
	stop(): Promise<void>;
}

/**
 * Starts `running`, waits for SIGINT, SIGTERM or the end of the parent's channel, and stops it.
 * Resolves with the exit code; an error while starting is thrown. A second signal ends the process at once.
 */
export async function runProcess(running: Running, log: Logger): Promise<number> {
	let asked = 0;
	const ended = new Promise<void>((resolve) => {
		const ask = () => {
			asked++;
			if (asked > 1) process.exit(1);
			resolve();
		};
		process.on("SIGINT", ask);
		process.on("SIGTERM", ask);
		process.on("disconnect", ask);
	});
	process.on("uncaughtException", (err) => {
		log.fatal({ err }, "unexpected error; the process ends");
		process.exit(1);
	});
	await running.start();
	await ended;
	await running.stop();
	return 0;
}
