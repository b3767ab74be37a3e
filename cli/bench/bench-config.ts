// Configuration of the benchmark, written as files so that the processes run exactly as they do in a plant.

import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { loadNamespace } from "../../simulators/load/load-server.ts";
import { phaseTag, tagName, unitsOf } from "../../simulators/load/load-tags.ts";

export interface BenchFiles {
	readonly agent: string;
	readonly collector: string;
}

/** One window is judged on every so many tags. */
const tagsPerWindow = 10;

export async function writeBenchFiles(options: {
	directory: string;
	tags: number;
	brokerUrl: string;
	endpoint: string;
	apiPort: number;
	agentPort: number;
}): Promise<BenchFiles> {
	const { directory, tags, brokerUrl, endpoint, apiPort, agentPort } = options;
	const units = unitsOf(tags);
	const agent = {
		kind: "agent",
		schema: 1,
		group: "bench",
		edge_node: "bench",
		data_dir: "agent",
		log_level: "info",
		status: { port: agentPort },
		broker: { url: brokerUrl, insecure: true },
		hosts: [{ id: "bench" }],
		delivery: { window_bytes: "16MiB" },
		servers: [{ name: "load", endpoint, insecure: true, publishing_interval_ms: 250, queue_size: 5_000 }],
		devices: units.map(({ unit, first, count }) => ({
			name: unit,
			server: "load",
			namespace: loadNamespace,
			time_base: "publish",
			tags: [
				{ name: phaseTag, node: `s=${unit}.${phaseTag}`, type: "String" },
				...Array.from({ length: count }, (_, index) => tagName(first + index)).map((name) => ({
					name,
					node: `s=${name}`,
					type: "Double",
				})),
			],
		})),
	};
	const collector = {
		kind: "collector",
		schema: 1,
		host: "bench",
		groups: ["bench"],
		data_dir: "collector",
		log_level: "info",
		broker: { url: brokerUrl, insecure: true },
		api: { port: apiPort },
		specification: "specification.yaml",
		route: [units[0]?.unit ?? ""],
		intake: { waiting_samples_max: 500_000 },
	};
	const specification = {
		kind: "specification",
		schema: 1,
		product: { code: "BENCH", formula: "none" },
		version: 1,
		author: "a benchmark",
		approved_by: "another benchmark",
		effective_from: "2026-01-01T00:00:00Z",
		windows: units.flatMap(({ unit, first, count }) =>
			Array.from({ length: Math.ceil(count / tagsPerWindow) }, (_, index) =>
				tagName(first + index * tagsPerWindow),
			).map((tag) => ({
				id: `${tag}-run`,
				unit,
				tag,
				phases: ["RUN"],
				eu: "1",
				low: 0,
				high: 1e12,
				on_delay_s: 10,
				concerns: ["technical"],
				reaction: "None: a benchmark.",
			})),
		),
	};
	await writeFile(join(directory, "agent.yaml"), stringify(agent));
	await writeFile(join(directory, "collector.yaml"), stringify(collector));
	await writeFile(join(directory, "specification.yaml"), stringify(specification));
	await writeFile(join(directory, "webhook.secret"), `whsec_${randomBytes(32).toString("base64")}\n`, {
		mode: 0o600,
	});
	return { agent: join(directory, "agent.yaml"), collector: join(directory, "collector.yaml") };
}
