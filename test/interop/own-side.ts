import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { decodeArray } from "../../common/contract/arrays.ts";
import { type Datatype, datatypeName, datatypes, isArray } from "../../common/contract/datatype.ts";
import { LineStore } from "../faults/line-store.ts";
import { ProcessUnderTest } from "../faults/process-under-test.ts";
import { until } from "../faults/until.ts";
import type { AgentStatus } from "../faults/whole.ts";
import { freePort } from "../helpers/free-ports.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const program = join(import.meta.dirname, "../../cli/main.ts");

export const group = "interop";
export const hostId = "pilotline";
export const agentName = "agent";

/** A program of ours in a process of its own, ended with the test. */
function ownProcess(name: "agent" | "collector", folder: string, config: object): ProcessUnderTest {
	mkdirSync(folder, { recursive: true });
	const file = join(folder, `${name}.yaml`);
	writeFileSync(file, stringify(config));
	const part = new ProcessUnderTest({
		...{ name, command: process.execPath, env: process.env, logFile: join(folder, `${name}.log`) },
		args: ["--disable-warning=ExperimentalWarning", program, name, "--config", file],
	});
	onTestFinished(() => part.kill("SIGKILL"));
	return part;
}

/** The keys of an agent's file that a test decides. */
interface AgentFile {
	readonly brokerUrl: string;
	/** Port of the plant server, and what to read there: names that are node ids, too, and their data types. */
	readonly serverPort: number;
	readonly namespace: string;
	readonly tags: readonly { readonly name: string; readonly type: string }[];
	readonly host: { readonly id: string; readonly primary?: true };
}

/** Our agent, of one device with the name `unit`, and a host that confirms nothing. */
export class OwnAgent {
	readonly process: ProcessUnderTest;
	readonly url: string;

	private constructor(process: ProcessUnderTest, url: string) {
		this.process = process;
		this.url = url;
	}

	/** Not started yet. */
	static async at({ brokerUrl, serverPort, namespace, tags, host }: AgentFile): Promise<OwnAgent> {
		const port = await freePort();
		const process = ownProcess("agent", temporaryFolder(), {
			...{ kind: "agent", schema: 1, group, edge_node: agentName, data_dir: "data", status: { port } },
			broker: { url: brokerUrl, insecure: true, keepalive_s: 5 },
			...{ hosts: [host], delivery: { mode: "rolling" } },
			servers: [
				{
					...{ name: "plant", endpoint: `opc.tcp://127.0.0.1:${serverPort}`, insecure: true },
					...{ publishing_interval_ms: 50, connect_timeout_ms: 2_000 },
				},
			],
			devices: [
				{
					...{ name: "unit", server: "plant", namespace, time_base: "publish" },
					tags: tags.map(({ name, type }) => ({ name, node: `s=${name}`, type })),
				},
			],
		});
		return new OwnAgent(process, `http://127.0.0.1:${port}`);
	}

	/** Resolves when it reads its plant server. */
	async reads(): Promise<void> {
		await until<AgentStatus>(
			`${this.url}/status`,
			({ servers }) => servers.every(({ tagsSubscribed }) => tagsSubscribed > 0),
			30_000,
			() => this.process.log,
		);
	}
}

/** A stored sample as Tahu's programs write a value. */
export interface StoredSample {
	readonly name: string;
	readonly type: string;
	readonly timestamp: string;
	readonly status: number;
	readonly value: unknown;
}

/** Our collector, the one host of the broker. */
export class OwnCollector {
	readonly process: ProcessUnderTest;
	readonly store: LineStore;
	readonly url: string;

	private constructor(process: ProcessUnderTest, store: LineStore, url: string) {
		this.process = process;
		this.store = store;
		this.url = url;
	}

	/** Not started yet: whoever comes first is part of the test. */
	static async at(brokerUrl: string): Promise<OwnCollector> {
		const folder = temporaryFolder();
		const port = await freePort();
		writeFileSync(
			join(folder, "specification.yaml"),
			stringify({
				...{ kind: "specification", schema: 1, product: { code: "TEST", formula: "none" }, version: 1 },
				...{ status: "approved", author: "A", approved_by: "B", effective_from: "2026-01-01T00:00:00Z" },
				windows: [
					{
						...{ id: "none", unit: "unit", tag: "none", phases: ["RUN"], eu: "1", low: 0, high: 1 },
						...{ concerns: ["technical"], reaction: "None." },
					},
				],
			}),
		);
		const process = ownProcess("collector", folder, {
			...{ kind: "collector", schema: 1, host: hostId, groups: [group], data_dir: "data" },
			...{ broker: { url: brokerUrl, insecure: true }, api: { port }, route: ["unit"] },
			specification: "specification.yaml",
		});
		const store = new LineStore(join(folder, "data"));
		onTestFinished(() => store.close());
		return new OwnCollector(process, store, `http://127.0.0.1:${port}`);
	}

	/** Starts it and waits until it listens to edge nodes. */
	async listen(): Promise<void> {
		const before = this.process.log.length;
		this.process.start();
		await expect
			.poll(() => this.process.log.slice(before), { timeout: 30_000, interval: 100 })
			.toContain("broker connected");
	}

	/** Whether the edge node is online, as the API says; undefined while it knows none. */
	async online(edgeNode: string): Promise<boolean | undefined> {
		const status = (await (await fetch(`${this.url}/api/v1/status`)).json()) as {
			edgeNodes: { edgeNode: string; online: boolean }[];
		};
		return status.edgeNodes.find((node) => node.edgeNode === edgeNode)?.online;
	}

	/** What is stored of a device (the edge node itself: ""), in the order in which it was stored. */
	samples(device: string): StoredSample[] {
		return this.store
			.rows<{ tag: string; datatype: number; ms: number; status: number; value: unknown; digits: string }>(
				`SELECT x.tag, x.datatype, s.source_ms AS ms, s.status, CAST(s.value AS TEXT) AS digits,
					CASE typeof(s.value) WHEN 'integer' THEN NULL ELSE s.value END AS value
				FROM sample s JOIN series x ON x.id = s.series WHERE x.device = ? ORDER BY s.pos`,
				device,
			)
			.map(({ tag, datatype, ms, status, value, digits }) => ({
				...{ name: tag, type: String(datatypeName(datatype)), timestamp: String(ms), status },
				value: tahuValue(datatype as Datatype, value, digits),
			}));
	}
}

/** `digits` is the value as text, which alone is exact for 64 bits. */
function tahuValue(datatype: Datatype, value: unknown, digits: string | null): unknown {
	if (digits === null) return null;
	switch (datatype) {
		case datatypes.Int64:
		case datatypes.UInt64:
			return digits;
		case datatypes.DateTime:
			return String(value);
		case datatypes.Boolean:
			return value === 1;
		case datatypes.Bytes:
		case datatypes.File:
			return Buffer.from(value as Uint8Array).toString("hex");
		default:
			if (!isArray(datatype)) return value;
			return decodeArray(datatype, value as Uint8Array).map((entry) => {
				if (typeof entry === "bigint" || datatype === datatypes.DateTimeArray) return String(entry);
				return typeof entry === "number" && !Number.isFinite(entry) ? String(entry) : entry;
			});
	}
}
