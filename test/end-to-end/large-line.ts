// The large line as processes of its own: simulated plant, agent, a broker, collector.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ApiClient } from "../../cli/api-client.ts";
import { Child } from "../../cli/child.ts";
import type { SimulatorMessage } from "../../cli/demo/line-up.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import { freePort } from "../helpers/free-ports.ts";

type Halted = Extract<SimulatorMessage, { type: "halted" }>;

const storedWithinMs = 120_000;
const lookEveryMs = 500;

/** A run of the line over so many plant hours that has come to its end, with everything stored; the collector still answers. */
export interface EndedLine {
	readonly api: ApiClient;
	readonly beganMs: number;
	readonly halted: Halted;
	/** Seconds of the clock while plant time ran, and how many times faster it was. */
	readonly ranS: number;
	readonly speed: number;
	stop(): Promise<void>;
}

/** Runs the configuration that is in `directory` until plant time meets the clock, then until everything is stored. */
export async function runLargeLine(options: {
	readonly directory: string;
	readonly brokerUrl: string;
	readonly hours: number;
}): Promise<EndedLine> {
	const { directory, brokerUrl, hours } = options;
	const ports: Record<string, string> = {};
	for (const name of ["CHARGE", "DRY", "SIZE", "LAB"])
		ports[`PILOTLINE_OPCUA_${name}_PORT`] = String(await freePort());
	const [apiPort, statusPort] = [await freePort(), await freePort()];
	const env = {
		...process.env,
		...ports,
		PILOTLINE_BROKER_URL: brokerUrl,
		PILOTLINE_AGENT_DATA: join(directory, "agent"),
		PILOTLINE_COLLECTOR_DATA: join(directory, "collector"),
		PILOTLINE_SIMULATOR_DATA: join(directory, "simulator"),
		PILOTLINE_API_PORT: String(apiPort),
		PILOTLINE_AGENT_STATUS_PORT: String(statusPort),
	};
	const failed = Promise.withResolvers<never>();
	failed.promise.catch(() => undefined);
	const running = Promise.withResolvers<number>();
	const met = Promise.withResolvers<void>();
	const halted = Promise.withResolvers<Halted>();
	const onSimulator = (message: SimulatorMessage) => {
		if (message.type === "running") running.resolve(message.plantTimeMs);
		else if (message.type === "caught-up") met.resolve();
		else if (message.type === "halted") halted.resolve(message);
	};
	const logs = join(directory, "logs");
	mkdirSync(logs, { recursive: true });
	const child = (name: string, args: readonly string[]) =>
		new Child({
			name,
			args: [...args, "--config", join(directory, `${name}.yaml`)],
			env,
			clock: systemClock,
			logFile: join(logs, `${name}.log`),
			onUnexpectedEnd: failed.reject,
			...(name === "simulator"
				? { onMessage: (message: unknown) => onSimulator(message as SimulatorMessage) }
				: {}),
		});
	const simulator = child("simulator", ["simulate", "--starts-hours-ago", String(hours)]);
	const children = [child("collector", ["collector"]), simulator, child("agent", ["agent"])];
	const stop = async () => {
		for (const one of children.toReversed()) await one.stop();
	};
	const orFailed = <T>(promise: Promise<T>) => Promise.race([promise, failed.promise]);
	try {
		for (const one of children) one.start();
		const beganMs = await orFailed(running.promise);
		const startedMs = performance.now();
		await orFailed(met.promise);
		const ranS = (performance.now() - startedMs) / 1000;
		simulator.tell({ type: "halt" });
		const end = await orFailed(halted.promise);
		const api = new ApiClient(`http://127.0.0.1:${apiPort}`);
		await orFailed(untilStored(api, end));
		return { api, beganMs, halted: end, ranS, speed: (hours * 3600) / ranS, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

async function untilStored(api: ApiClient, { produced, producedByTag }: Halted): Promise<void> {
	const endMs = performance.now() + storedWithinMs;
	for (;;) {
		const stored = await countsOf(api, producedByTag);
		const total = Object.values(stored).reduce((sum, count) => sum + count, 0);
		if (total >= produced) return;
		if (performance.now() > endMs)
			throw new Error(`expected ${produced} values stored within ${storedWithinMs / 1000} s, found ${total}`);
		await delay(lookEveryMs);
	}
}

/** How many values are stored of each tag that the simulator counts. */
export async function countsOf(
	api: ApiClient,
	producedByTag: Readonly<Record<string, number>>,
): Promise<Record<string, number>> {
	const { tags } = await api.get<{ tags: Record<string, number> }>("/api/v1/counts");
	return Object.fromEntries(Object.keys(producedByTag).map((tag) => [tag, tags[tag] ?? 0]));
}
