import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataType } from "node-opcua";
import { pino } from "pino";
import { expect, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { Agent } from "../../agent/agent.ts";
import { type AgentConfig, agentConfig } from "../../agent/config.ts";
import type { ReloadReport } from "../../agent/reload/reloader.ts";
import { EmbeddedBroker } from "../../cli/embedded-broker.ts";
import { type Clock, systemClock } from "../../common/runtime/clock.ts";
import { loadConfigFile } from "../../common/runtime/config-file.ts";
import { routeOpcuaLog } from "../../common/runtime/opcua-log.ts";
import { freePorts } from "../helpers/free-ports.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { namespaceUri, SmallOpcuaServer } from "./small-opcua-server.ts";
import { TagHost } from "./tag-host.ts";

const nodes = { A: DataType.UInt32, B: DataType.UInt32, C: DataType.UInt32, D: DataType.UInt32 } as const;
type Node = keyof typeof nodes;

export type CountingServer = SmallOpcuaServer<Node>;

/** A plant server with four variables to count on. */
export async function countingServer(): Promise<CountingServer> {
	const server = new SmallOpcuaServer(temporaryFolder(), nodes);
	await server.start();
	onTestFinished(() => server.stop());
	return server;
}

export const tag = (name: string, more: object = {}) => ({
	name,
	node: `s=${name}`,
	type: "UInt32",
	...more,
});
export const device = (name: string, server: string, tags: Record<string, unknown>[], more: object = {}) => ({
	...{ name, server, namespace: namespaceUri, time_base: "publish", tags, ...more },
});

/** The keys of a file that tests change. */
export interface File extends Record<string, unknown> {
	servers: Record<string, unknown>[];
	devices: (Record<string, unknown> & { tags: Record<string, unknown>[] })[];
}

export const serverOf = (name: string, { port }: { readonly port: number }, more: object = {}) => ({
	...{ name, endpoint: `opc.tcp://127.0.0.1:${port}`, insecure: true, publishing_interval_ms: 50 },
	...{ queue_size: 5_000, connect_timeout_ms: 2_000, lateness_ms: 0, ...more },
});

/** The real clock, with which a second, between two looks at files, is over at once. */
export const hastyClock: Clock = {
	...systemClock,
	after: (ms, fire) => systemClock.after(ms === 1_000 ? 50 : ms, fire),
};

/** A real agent with its configuration in a file, over a broker and a host. */
export async function reloadLine(options: {
	servers: object[];
	devices: object[];
	more?: object;
	clock?: Clock;
}) {
	const folder = temporaryFolder();
	const broker = new EmbeddedBroker();
	await broker.start();
	onTestFinished(() => broker.stop());
	const host = await TagHost.connect(broker.url);
	const path = join(folder, "agent.yaml");
	const [statusPort] = await freePorts(1);
	const file = {
		...{ kind: "agent", schema: 1, group: "site", edge_node: "agent", data_dir: "data" },
		...{ status: { port: statusPort }, broker: { url: broker.url, insecure: true } },
		hosts: [{ id: "collector" }],
		delivery: { resend_after_ms: 600_000 },
		servers: options.servers,
		devices: options.devices,
		...options.more,
	} as unknown as File;
	/** The file is another one from now on, as an editor does it. */
	const write = (change: (file: File) => void = () => undefined) => {
		change(file);
		writeFileSync(`${path}.new`, stringify(file));
		renameSync(`${path}.new`, path);
	};
	write();
	const logged: Record<string, unknown>[] = [];
	const log = pino({ level: "info" }, { write: (line: string) => logged.push(JSON.parse(line)) });
	routeOpcuaLog(pino({ level: "silent" }));
	const begin = async () => {
		const { value: config, directory } = loadConfigFile(path, agentConfig, {});
		const agent = new Agent({
			...{ config, directory, log, file: { path, env: {} } },
			clock: options.clock ?? systemClock,
		});
		onTestFinished(() => agent.stop());
		await agent.start();
		return agent;
	};
	const agent = await begin();
	const reload = async (change?: (file: File) => void): Promise<ReloadReport> => {
		if (change !== undefined) write(change);
		const report = await agent.reload("signal");
		if (report === undefined) throw new Error("expected an agent that runs");
		return report;
	};
	/** Another run on the same data, which takes the file as it is then. */
	const restart = async (change?: (file: File) => void) => {
		await agent.stop();
		if (change !== undefined) write(change);
		await begin();
	};
	const ask = async (what: string) => await fetch(`http://127.0.0.1:${statusPort}${what}`);
	const status = async () =>
		(await (await ask("/status")).json()) as {
			servers: { server: string; connected: boolean; tags: number; tagsSubscribed: number }[];
			broker: { hostsOnline: string[] };
			configuration: { lastReload?: ReloadReport };
		};
	const running = async () => (await (await ask("/config")).json()) as AgentConfig;
	const said = (msg: string) => logged.filter((line) => line.msg === msg);
	return {
		...{
			agent,
			broker,
			host,
			folder,
			path,
			file,
			write,
			reload,
			restart,
			ask,
			status,
			running,
			logged,
			said,
		},
	};
}

/** Counts on nodes of servers, from 1, until it is stopped; the source times of values are `atMs` of them. */
export function counting(targets: readonly (readonly [CountingServer, Node])[]) {
	let value = 0;
	const atMs = new Map<number, number>();
	const step = () => {
		atMs.set(++value, Date.now());
		for (const [server, node] of targets) server.write(node, value, atMs.get(value) as number);
	};
	step();
	const timer = setInterval(step, 2);
	onTestFinished(() => clearInterval(timer));
	return {
		get value() {
			return value;
		},
		atMs,
		stop: () => clearInterval(timer),
	};
}

export const upTo = (last: number, first = 1) =>
	Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** The counts of a list that has each at most once, of which these are not there: `[first, last]` each. */
export function runsMissing(values: readonly unknown[]): [number, number][] {
	const sorted = (values.filter((value) => typeof value === "number") as number[]).sort((a, b) => a - b);
	const runs: [number, number][] = [];
	for (const [index, value] of sorted.entries()) {
		const before = sorted[index - 1];
		if (before === undefined || value === before + 1) continue;
		if (value === before) throw new Error(`${value} is there twice`);
		runs.push([before + 1, value - 1]);
	}
	return runs;
}

const soon = { timeout: 20_000, interval: 25 };

export type Line = Awaited<ReturnType<typeof reloadLine>>;

/** Two servers with a device each, counted on until every tag has come. */
export async function twoServers() {
	const [one, two] = [await countingServer(), await countingServer()] as [CountingServer, CountingServer];
	const count = counting([
		[one, "A"],
		[one, "B"],
		[two, "A"],
	]);
	const line = await reloadLine({
		servers: [serverOf("one", one), serverOf("two", two)],
		devices: [
			device("U1", "one", [tag("A")]),
			device("U2", "one", [tag("B")]),
			device("U3", "two", [tag("A")]),
		],
	});
	await expect.poll(() => line.host.values("U3", "A").length, soon).toBeGreaterThan(50);
	await expect.poll(() => line.host.values("U2", "B").length, soon).toBeGreaterThan(50);
	return { ...line, one, two, count };
}

/** Every value once, and each hole within one gap of the device. */
export function expectExplained(
	{ host }: Pick<Line, "host">,
	{ atMs }: { readonly atMs: ReadonlyMap<number, number> },
	deviceName: string,
	tagName: string,
): void {
	const gaps = host.gaps.filter((gap) => gap.device === deviceName);
	const missing = runsMissing(host.values(deviceName, tagName));
	const unexplained = missing.filter(
		([first, last]) =>
			!gaps.some(
				({ fromMs, toMs }) => fromMs <= (atMs.get(first) as number) && toMs >= (atMs.get(last) as number),
			),
	);
	expect({ unexplained, gaps: gaps.map(({ cause }) => cause) }).toEqual({
		unexplained: [],
		gaps: gaps.map(() => "reconfigured"),
	});
}
