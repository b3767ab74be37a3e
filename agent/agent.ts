// The composition of the agent: the only file that sees all stages.

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { EdgeNodeId, GroupId } from "../common/contract/ids.ts";
import { SampleColumns } from "../common/contract/samples.ts";
import { brokerConnection, isPlain } from "../common/runtime/broker-config.ts";
import { CertificateWatch } from "../common/runtime/certificate-watch.ts";
import type { Clock } from "../common/runtime/clock.ts";
import { pathFrom } from "../common/runtime/config-values.ts";
import { DataDirectory } from "../common/runtime/data-directory.ts";
import { Lifecycle, type Part } from "../common/runtime/lifecycle.ts";
import type { Logger } from "../common/runtime/logger.ts";
import { ProcessFigures } from "../common/runtime/process-figures.ts";
import { StatusServer } from "../common/runtime/status-server.ts";
import { SteadyHeap } from "../common/runtime/steady-heap.ts";
import type { AgentConfig, DeviceConfig } from "./config.ts";
import { addGauges } from "./gauges.ts";
import { DiskJournal } from "./journal/journal.ts";
import { Recorder } from "./journal/recorder.ts";
import type { CycleSink, SampleSource } from "./pipeline.ts";
import { CurrentValues } from "./publisher/current-values.ts";
import { Delivery } from "./publisher/delivery.ts";
import { EdgeSession } from "./publisher/edge-session.ts";
import { Publisher } from "./publisher/publisher.ts";
import { RollingConfirmation, rollingHost, rollingKeepMs } from "./publisher/rolling-confirmation.ts";
import { CertificateStore } from "./source/certificate-store.ts";
import { readIdentity } from "./source/identity.ts";
import { OpcuaSource, type OpcuaSourceOptions } from "./source/opcua-source.ts";
import { applicationUriOf } from "./source/own-certificate.ts";
import { OwnIdentity, pkiFolder } from "./source/own-identity.ts";
import { ResolutionFile } from "./source/resolution/resolution-file.ts";
import { ServerResolution } from "./source/resolution/server-resolution.ts";
import { ServerSecurity } from "./source/server-security.ts";
import { TagBook } from "./tag-book.ts";
import { TagSets } from "./tag-sets.ts";
import { AgentTelemetry } from "./telemetry.ts";

const stopPartWithinMs = 4_000;

/** One running agent. `start` and `stop` are idempotent. */
export class Agent {
	readonly #config: AgentConfig;
	readonly #directory: string;
	readonly #clock: Clock;
	readonly #telemetry: AgentTelemetry;
	readonly #createSource: (options: OpcuaSourceOptions) => SampleSource;
	readonly #figures = new ProcessFigures();
	#lifecycle: Lifecycle | undefined;

	/** `directory` is where the configuration file lies; relative paths start there. */
	constructor(options: {
		config: AgentConfig;
		directory: string;
		clock: Clock;
		log: Logger;
		/** Another driver than OPC UA; it gets what an OPC UA source gets. */
		createSource?: (options: OpcuaSourceOptions) => SampleSource;
	}) {
		this.#createSource = options.createSource ?? ((source) => new OpcuaSource(source));
		this.#config = options.config;
		this.#directory = options.directory;
		this.#clock = options.clock;
		this.#telemetry = new AgentTelemetry(options.log);
	}

	async start(): Promise<void> {
		if (this.#lifecycle !== undefined) return;
		const config = this.#config;
		const clock = this.#clock;
		const telemetry = this.#telemetry;
		// A secret that cannot be read shows before anything is created or changed.
		const broker = await brokerConnection(
			config.broker,
			this.#directory,
			`pilotline-${config.group}-${config.edge_node}`,
		);
		for (const server of config.servers) await readIdentity(server, this.#directory);
		const dataDirectory = new DataDirectory(pathFrom(this.#directory, config.data_dir));
		await dataDirectory.acquire();
		try {
			const resolutions: ServerResolution[] = [];
			for (const server of config.servers) {
				resolutions.push(
					new ServerResolution({
						server: server.name,
						devices: config.devices.filter((device) => device.server === server.name),
						file: await ResolutionFile.open(dataDirectory.path, server.name),
						clock,
						telemetry,
						onChanged: (set) => tagSets.change(set),
					}),
				);
			}
			const known = (device: DeviceConfig) => {
				const server = config.servers.findIndex(({ name }) => name === device.server);
				return resolutions[server]?.known(device) ?? [];
			};
			const tags = await TagBook.open(dataDirectory.path, {
				devices: config.devices.map((device) => ({ name: device.name, tags: known(device) })),
			});
			const journal = new DiskJournal({
				folder: join(dataDirectory.path, "journal"),
				segmentBytes: config.journal.segment_bytes,
				maxBytes: config.journal.max_bytes,
				memoryBytes: config.journal.memory_bytes,
				commitIntervalMs: config.journal.commit_interval_ms,
				whenFull: config.journal.when_full,
				maxAgeMs: config.journal.max_age_s === undefined ? undefined : config.journal.max_age_s * 1_000,
				tags,
				clock,
				newEpoch: randomEpoch,
				onTrouble: (trouble) => telemetry.journalTroubled(trouble),
			});
			const opened = await journal.open();
			telemetry.journalOpened({
				segments: opened.segments.length,
				tornBytes: opened.tornBytes,
				setAside: opened.setAside,
				previousEpoch: opened.previousEpoch,
			});
			const recorder = new Recorder({
				journal,
				tags,
				clock,
				onRefused: (samples) => telemetry.samplesRefused("journal_full", samples),
			});
			recorder.opened({
				epoch: journal.epoch,
				previousEpoch: opened.previousEpoch,
				previousLast: opened.previousLast,
			});
			const current = new CurrentValues(new SampleColumns(tags.tags.length + 1));
			const sink: CycleSink = {
				cycle: (cycle) => {
					current.update(cycle);
					recorder.cycle(cycle);
				},
				gap: (gap) => recorder.gap(gap),
			};
			const group = config.group as GroupId;
			const edgeNode = config.edge_node as EdgeNodeId;
			const hosts = config.hosts.map(({ id }) => id);
			const isRolling = config.delivery.mode === "rolling";
			const delivery = new Delivery({
				hosts: isRolling ? [rollingHost] : hosts,
				windowBytes: isRolling ? Number.POSITIVE_INFINITY : config.delivery.window_bytes,
				resendAfterMs: config.delivery.resend_after_ms,
			});
			const connected = new Map<string, () => boolean>();
			const session = new EdgeSession({ group, edgeNode, tags: tags.tags, current });
			const serverOf = new Map(config.devices.map(({ name, server }) => [name, server]));
			const certificates = new CertificateWatch({ clock, telemetry });
			const publisher = new Publisher({
				group,
				edgeNode,
				hosts,
				primaryHost: config.hosts.find(({ primary }) => primary)?.id,
				directory: dataDirectory.path,
				broker,
				clock,
				journal,
				progress: recorder.progress,
				session,
				delivery,
				rolling: isRolling ? new RollingConfirmation(rollingKeepMs(config.broker.keepalive_s)) : undefined,
				// A device that only old records know has no server to come back.
				isLost: (device) => connected.get(serverOf.get(device) ?? "")?.() !== true,
				certificates,
				telemetry,
			});
			const store = new CertificateStore(pkiFolder(dataDirectory.path));
			const own = new OwnIdentity({
				folder: store.folder,
				applicationUri: applicationUriOf(config.group, config.edge_node),
				clock,
				telemetry,
				certificates,
			});
			const plainServers = config.servers.filter(({ insecure }) => insecure === true).map(({ name }) => name);
			const sources = config.servers.map((server, index) => {
				const devices = config.devices.filter((device) => device.server === server.name);
				const source = this.#createSource({
					server,
					security: new ServerSecurity({
						server,
						directory: this.#directory,
						store,
						own,
						clock,
						telemetry,
						certificates,
					}),
					devices,
					tags,
					recovered: opened.recovered,
					sink,
					clock,
					telemetry,
					known,
					resolver: resolutions[index],
				});
				connected.set(server.name, () => source.state().connected);
				return source;
			});
			const tagSets = new TagSets({
				book: tags,
				sourceOf: (device) => sources[config.servers.findIndex(({ name }) => name === serverOf.get(device))],
				publisher,
			});
			addGauges(telemetry.registry, () => ({
				figures: this.#figures.figures(),
				brokerConnected: publisher.connected,
				hostsOnline: delivery.hostsOnline.length,
				servers: sources.map((source) => source.state()),
				journal: journal.stats(),
				journalMaxBytes: config.journal.max_bytes,
				unconfirmedRecords: unconfirmed(journal, delivery),
			}));
			const status = new StatusServer({
				...config.status,
				registry: telemetry.registry,
				source: {
					ready: () => {
						const { lastError } = journal.stats();
						return lastError === undefined
							? { ready: true }
							: { ready: false, reason: `journal: ${lastError}` };
					},
					status: () => ({
						process: "agent",
						figures: this.#figures.figures(),
						group: config.group,
						edgeNode: config.edge_node,
						insecure: { broker: isPlain(config.broker), servers: plainServers },
						broker: {
							url: publisher.url,
							connected: publisher.connected,
							hostsOnline: delivery.hostsOnline,
						},
						servers: sources.map((source) => source.state()),
						recorder: recorder.stats,
						journal: {
							epoch: journal.epoch,
							durable: journal.durable.offset,
							held: journal.held(),
							...journal.stats(),
						},
						delivery: {
							mode: isRolling ? "rolling: at least once, best effort" : "confirmed",
							catchUpRecords: delivery.catchUpRecords,
							outstandingBytes: delivery.outstandingBytes,
							unconfirmedRecords: unconfirmed(journal, delivery),
						},
					}),
				},
			});
			const parts: Part[] = [
				{ name: "data directory", start: () => undefined, stop: () => dataDirectory.release() },
				{ name: "journal", start: () => undefined, stop: () => journal.close() },
				certificates,
				...(plainServers.length < config.servers.length ? [own] : []),
				this.#figures,
				new SteadyHeap(clock),
				status,
				publisher,
				{
					name: "sources",
					start: () => {
						for (const source of sources) source.start();
					},
					stop: async () => {
						await Promise.all(sources.map((source) => source.stop()));
					},
				},
			];
			this.#lifecycle = new Lifecycle({ clock, parts, stopWithinMs: stopPartWithinMs });
			await this.#lifecycle.start();
			telemetry.plainConnectionsAllowed({
				servers: plainServers,
				broker: isPlain(config.broker),
			});
			const { group: groupName, edge_node } = config;
			telemetry.started({
				group: groupName,
				edgeNode: edge_node,
				tags: tags.tags.length,
				servers: sources.length,
				epoch: journal.epoch,
			});
		} catch (error) {
			this.#lifecycle = undefined;
			await dataDirectory.release();
			throw error;
		}
	}

	async stop(): Promise<void> {
		const report = await this.#lifecycle?.stop();
		if (report === undefined) return;
		this.#telemetry.stopped(report);
		this.#lifecycle = undefined;
	}
}

/** Records that some host has not confirmed yet, over all epochs. */
function unconfirmed(journal: DiskJournal, delivery: Delivery): number {
	const held = journal.held();
	const low = delivery.lowWater(held);
	return held.reduce((sum, { chain, first, next }) => {
		if (chain < low.chain) return sum;
		return sum + next - (chain === low.chain ? Math.max(first, low.offset) : first);
	}, 0);
}

function randomEpoch(): number {
	const bits = randomBytes(8);
	const epoch = (bits.readUInt32LE(0) & 0x1f_ffff) * 0x1_0000_0000 + bits.readUInt32LE(4);
	return Math.max(1, epoch);
}
