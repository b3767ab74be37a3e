import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { runProcess } from "../../../common/runtime/process.ts";

const log = pino({ level: "silent" });

/** Listeners of a process that has run are gone with the test. */
function keepListeners(): void {
	const events = ["SIGINT", "SIGTERM", "SIGHUP", "disconnect", "uncaughtException"];
	const before = new Map(events.map((event) => [event, process.rawListeners(event)]));
	onTestFinished(() => {
		for (const [event, listeners] of before)
			for (const listener of process.rawListeners(event))
				if (!listeners.includes(listener)) process.off(event, listener as () => void);
	});
}

test("SIGHUP reloads what runs, also when it came while it was starting, and never ends it", async () => {
	keepListeners();
	const started = Promise.withResolvers<void>();
	let reloads = 0;
	const reloaded = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
	const running = runProcess(
		{
			start: () => started.promise,
			stop: async () => undefined,
			reload: async () => {
				reloaded[reloads++]?.resolve();
				throw new Error("whatever happens");
			},
		},
		log,
	);
	process.emit("SIGHUP");
	process.emit("SIGHUP");
	expect(reloads).toBe(0);
	started.resolve();
	await reloaded[0]?.promise;
	process.emit("SIGHUP");
	await reloaded[1]?.promise;
	expect(reloads).toBe(2);
	process.emit("SIGTERM");
	expect(await running).toBe(0);
});

test("a process that has nothing to reload leaves SIGHUP to the system", async () => {
	keepListeners();
	const before = process.listenerCount("SIGHUP");
	const running = runProcess({ start: async () => undefined, stop: async () => undefined }, log);
	expect(process.listenerCount("SIGHUP")).toBe(before);
	process.emit("SIGTERM");
	expect(await running).toBe(0);
});
