import { pino } from "pino";
import { onTestFinished } from "vitest";
import { Agent } from "../../agent/agent.ts";
import { agentConfig } from "../../agent/config.ts";
import { EmbeddedBroker } from "../../cli/embedded-broker.ts";
import { type Clock, systemClock } from "../../common/runtime/clock.ts";
import { routeOpcuaLog } from "../../common/runtime/opcua-log.ts";
import { spaceUri } from "./space-server.ts";
import { TagHost } from "./tag-host.ts";

/** The real clock, with which ten seconds, the shortest `again_s`, are over at once. */
const hastyClock: Clock = {
	...systemClock,
	after: (ms, fire) => systemClock.after(ms === 10_000 ? 250 : ms, fire),
};

export async function runningBroker(): Promise<EmbeddedBroker> {
	const broker = new EmbeddedBroker();
	await broker.start();
	onTestFinished(() => broker.stop());
	return broker;
}

/** A real agent over a broker and a host. */
export async function tagLine(options: {
	server: { readonly port: number };
	folder: string;
	/** What the configuration says of its device Kiln. */
	device: object;
	/** Of something in front of the server. */
	port?: number;
	/** Somebody else's, who listens in place of the test's host. */
	broker?: EmbeddedBroker;
}) {
	const { server, folder, device, port = server.port } = options;
	const broker = options.broker ?? (await runningBroker());
	const host = options.broker === undefined ? await TagHost.connect(broker.url) : new TagHost();
	const config = agentConfig.schema.parse({
		kind: "agent",
		schema: 1,
		group: "site",
		edge_node: "agent",
		data_dir: folder,
		status: { port: 0 },
		broker: { url: broker.url, insecure: true },
		hosts: [{ id: "collector" }],
		servers: [
			{
				...{ name: "plc 1", endpoint: `opc.tcp://127.0.0.1:${port}`, insecure: true },
				...{ publishing_interval_ms: 50, queue_size: 5_000, connect_timeout_ms: 2_000 },
			},
		],
		devices: [{ name: "Kiln", server: "plc 1", namespace: spaceUri, time_base: "publish", ...device }],
	});
	const logged: Record<string, unknown>[] = [];
	const log = pino({ level: "info" }, { write: (line: string) => logged.push(JSON.parse(line)) });
	routeOpcuaLog(pino({ level: "silent" }));
	const agent = () => new Agent({ config, directory: folder, clock: hastyClock, log });
	const started = agent();
	onTestFinished(() => started.stop());
	await started.start();
	/** Another run of the agent on the same data. */
	const again = async () => {
		await started.stop();
		const next = agent();
		onTestFinished(() => next.stop());
		await next.start();
	};
	const reasons = () => logged.flatMap(({ tag, reason }) => (tag === undefined ? [] : [`${tag}: ${reason}`]));
	return { host, agent: started, again, logged, reasons };
}
