import type { Logger } from "./logger.ts";

const sameRequestMs = 1_000;

/** What a process is made of: something that starts once and stops once. */
export interface Running {
	start(): Promise<void>;
	stop(): Promise<void>;
	/** What SIGHUP asks for; a process without it ends at that signal, as the system has it. */
	reload?(): Promise<unknown>;
	/** Resolves when it cannot go on and somebody must act; the process stops with this error. */
	readonly failed?: Promise<Error>;
}

/**
 * Starts `running`, waits for SIGINT, SIGTERM or the end of the parent's channel, and stops it.
 * Resolves with the exit code; an error while starting, or one that `running` cannot go on after, is thrown. A signal well after the first ends the process at
 * once; within a second it is the same request, which a launcher and a process group may both deliver.
 */
export async function runProcess(running: Running, log: Logger): Promise<number> {
	let askedMs: number | undefined;
	const ended = new Promise<void>((resolve) => {
		const ask = () => {
			const nowMs = performance.now();
			askedMs ??= nowMs;
			if (nowMs - askedMs > sameRequestMs) process.exit(1);
			resolve();
		};
		process.on("SIGINT", ask);
		process.on("SIGTERM", ask);
		process.on("disconnect", ask);
	});
	// A configuration that was changed while the process started is read again as soon as it runs.
	let isRunning = false;
	let isWanted = false;
	const reload = () => {
		isWanted = !isRunning;
		if (isRunning) running.reload?.().catch((err: unknown) => log.error({ err }, "reload failed"));
	};
	if (running.reload !== undefined) process.on("SIGHUP", reload);
	process.on("uncaughtException", (err) => {
		log.fatal({ err }, "unexpected error; the process ends");
		process.exit(1);
	});
	await running.start();
	isRunning = true;
	if (isWanted) reload();
	const failure = await Promise.race([ended, running.failed ?? ended]);
	await running.stop();
	if (failure !== undefined) throw failure;
	return 0;
}
