import { pino } from "pino";
import { onTestFinished } from "vitest";
import { type AgentConfig, agentConfig } from "../../agent/config.ts";
import type { ReadableTag, SampleSource } from "../../agent/pipeline.ts";
import { OpcuaSource } from "../../agent/source/opcua-source.ts";
import { TagBook } from "../../agent/tag-book.ts";
import { AgentTelemetry } from "../../agent/telemetry.ts";
import type { Gap } from "../../common/contract/gap.ts";
import type { SampleValue } from "../../common/contract/samples.ts";
import { type Clock, systemClock } from "../../common/runtime/clock.ts";
import { routeOpcuaLog } from "../../common/runtime/opcua-log.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { securityOf } from "./security-rig.ts";
import { namespaceUri } from "./small-opcua-server.ts";

export interface Taken {
	readonly tag: string;
	readonly sourceMs: number;
	readonly status: number;
	readonly value: SampleValue;
}

type Changes = { server?: object; tags?: object[]; timeBase?: unknown };

export function sourceConfig(
	port: number,
	{ server, tags = [], timeBase = "publish" }: Changes = {},
): AgentConfig {
	const result = agentConfig.schema.parse({
		kind: "agent",
		schema: 1,
		group: "site",
		edge_node: "agent",
		data_dir: "data",
		status: { port: 0 },
		broker: { url: "mqtt://127.0.0.1:1", insecure: true },
		hosts: [{ id: "collector" }],
		servers: [
			{
				name: "small",
				endpoint: `opc.tcp://127.0.0.1:${port}`,
				insecure: true,
				publishing_interval_ms: 50,
				queue_size: 5_000,
				connect_timeout_ms: 2_000,
				...server,
			},
		],
		devices: [
			{
				name: "F500",
				server: "small",
				namespace: namespaceUri,
				time_base: timeBase,
				tags: [
					{ name: "TT01", node: "s=TT01", type: "Double" },
					{ name: "Count", node: "s=Count", type: "UInt64" },
					{ name: "Mode", node: "s=Mode", type: "String" },
					{ name: "Heartbeat", node: "s=Heartbeat", type: "DateTime" },
					...tags,
				],
			},
		],
	});
	return result;
}

interface Surroundings {
	/** Where the certificates are. */
	readonly folder?: string;
	readonly clock?: Clock;
	/** Gets every line of the log, down to what the library says. */
	readonly lines?: string[];
}

/** A real source; what it hands over is written down in order. Stopped with the test. */
export async function sourceOf(
	config: AgentConfig,
	{ folder, clock = systemClock, lines }: Surroundings = {},
) {
	const tags = await TagBook.open(temporaryFolder(), config);
	const log =
		lines === undefined
			? pino({ level: "silent" })
			: pino({ level: "trace" }, { write: (line: string) => lines.push(line) });
	routeOpcuaLog(log);
	const taken: Taken[] = [];
	/** The rest of each sample's source time below a millisecond, in 100 ns. */
	const restTicks: number[] = [];
	const gaps: Gap[] = [];
	const throughs: number[] = [];
	const telemetry = new AgentTelemetry(log);
	const server = config.servers[0] as AgentConfig["servers"][number];
	const source: SampleSource = new OpcuaSource({
		server,
		security: securityOf(server, telemetry, { clock, ...(folder === undefined ? {} : { folder }) }),
		devices: config.devices,
		tags,
		recovered: { throughMs: new Map(), samples: new Map() },
		clock,
		telemetry,
		sink: {
			cycle: ({ samples, throughMs }) => {
				if (throughMs !== undefined) throughs.push(throughMs);
				for (let index = 0; index < samples.count; index++) {
					restTicks.push(samples.sourceRestTicks[index] as number);
					taken.push({
						tag: tags.get(samples.tagId[index] as number)?.name ?? "",
						sourceMs: samples.sourceMs[index] as number,
						status: samples.status[index] as number,
						value: samples.value(index),
					});
				}
			},
			gap: (gap) => gaps.push(gap),
		},
	});
	onTestFinished(() => source.stop());
	const of = (tag: string) => taken.filter((sample) => sample.tag === tag);
	/** The device gets other tags, in the order in which `TagSets` has it. */
	const change = async (set: readonly ReadableTag[], gone: readonly string[] = []) => {
		await tags.add("F500", set);
		tags.configure("F500", set);
		source.tagsChanged?.({ device: "F500", tags: set, gone: new Set(gone) });
	};
	return { source, taken, restTicks, gaps, throughs, of, telemetry, change };
}
