// The composition of the agent: the only file that sees all stages.

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { EdgeNodeId, GroupId } from "../common/contract/ids.ts";
import { SampleColumns } from "../common/contract/samples.ts";
import { brokerConnection, isPlain } from "../common/runtime/broker-config.ts";
import { CertificateWatch } from "../common/runtime/certificate-watch.ts";
import type { Clock } from "../common/runtime/clock.ts";
import { redacted } from "../common/runtime/config-redaction.ts";
import { pathFrom } from "../common/runtime/config-values.ts";
import { DataDirectory } from "../common/runtime/data-directory.ts";
import { Lifecycle, type Part } from "../common/runtime/lifecycle.ts";
import type { Logger } from "../common/runtime/logger.ts";
import { ProcessFigures } from "../common/runtime/process-figures.ts";
import { StatusServer } from "../common/runtime/status-server.ts";
import { SteadyHeap } from "../common/runtime/steady-heap.ts";
import type { AgentConfig } from "./config.ts";
import { type ConfigurationFile, readApart } from "./config-reading.ts";
import { addGauges } from "./gauges.ts";
import { DiskJournal } from "./journal/journal.ts";
import { Recorder } from "./journal/recorder.ts";
import type { CycleSink } from "./pipeline.ts";
import { CurrentValues } from "./publisher/current-values.ts";
import { Delivery } from "./publisher/delivery.ts";
import { EdgeSession } from "./publisher/edge-session.ts";
import { Publisher } from "./publisher/publisher.ts";
import { RollingConfirmation, rollingHost, rollingKeepMs } from "./publisher/rolling-confirmation.ts";
import { type ChangeableParts, prepareChange } from "./reload/change.ts";
import { Reloader, type ReloadReport } from "./reload/reloader.ts";
import { configurationFiles, defaultClientId, hostSettings, journalBounds } from "./settings.ts";
import { CertificateStore } from "./source/certificate-store.ts";
import { readIdentity } from "./source/identity.ts";
import { applicationUriOf } from "./source/own-certificate.ts";
import { OwnIdentity, pkiFolder } from "./source/own-identity.ts";
import { type CreateSource, PlantServers } from "./source/plant-servers.ts";
import { TagBook } from "./tag-book.ts";
import { TagSets } from "./tag-sets.ts";
import { AgentTelemetry } from "./telemetry.ts";

const stopPartWithinMs = 4_000;

/** One running agent. `start` and `stop` are idempotent. */
export class Agent {
	readonly #config: AgentConfig;
	readonly #directory: string;
	readonly #file: ConfigurationFile | undefined;
	readonly #clock: Clock;
	readonly #log: Logger;
	readonly #telemetry: AgentTelemetry;
	readonly #createSource: CreateSource | undefined;
	readonly #figures = new ProcessFigures();
	#lifecycle: Lifecycle | undefined;
	#reloader: Reloader | undefined;

	/** `directory` is where the configuration file lies; relative paths start there. */
	constructor(options: {
		config: AgentConfig;
		directory: string;
		/** Without it the configuration cannot be read again. */
		file?: ConfigurationFile;
		clock: Clock;
		log: Logger;
		createSource?: CreateSource;
	}) {
		this.#createSource = options.createSource;
		this.#config = options.config;
		this.#directory = options.directory;
		this.#file = options.file;
		this.#clock = options.clock;
		this.#log = options.log;
		this.#telemetry = new AgentTelemetry(options.log);
	}

	/** Reads the configuration again and takes what has changed; see `Reloader`. Undefined while the agent does not run. */
	async reload(why: ReloadReport["why"]): Promise<ReloadReport | undefined> {
		return await this.#reloader?.reload(why);
	}

	async start(): Promise<void> {
		if (this.#lifecycle !== undefined) return;
		const config = this.#config;
		const clock = this.#clock;
		const telemetry = this.#telemetry;
		// A secret that cannot be read shows before anything is created or changed.
		const connectionOf = (next: AgentConfig) =>
			brokerConnection(next.broker, this.#directory, defaultClientId(next));
		const broker = await connectionOf(config);
		for (const server of config.servers) await readIdentity(server, this.#directory);
		const dataDirectory = new DataDirectory(pathFrom(this.#directory, config.data_dir));
		await dataDirectory.acquire();
		try {
			const certificates = new CertificateWatch({ clock, telemetry });
			const store = new CertificateStore(pkiFolder(dataDirectory.path));
			const applicationUri = applicationUriOf(config.group, config.edge_node);
			const own = new OwnIdentity({ folder: store.folder, applicationUri, clock, telemetry, certificates });
			const servers = new PlantServers({
				...{ store, own, clock, telemetry, certificates },
				directory: this.#directory,
				dataDirectory: dataDirectory.path,
				onResolved: (set, over) => tagSets.change(set, over),
				create: this.#createSource,
			});
			await servers.open(config);
			const tags = await TagBook.open(dataDirectory.path, {
				devices: config.devices.map((device) => ({ name: device.name, tags: servers.known(device) })),
			});
			const journal = new DiskJournal({
				folder: join(dataDirectory.path, "journal"),
				...journalBounds(config),
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
			const { hosts, primaryHost, delivery: deliveryOptions } = hostSettings(config, rollingHost);
			const delivery = new Delivery(deliveryOptions);
			const rolling =
				config.delivery.mode === "rolling"
					? new RollingConfirmation(rollingKeepMs(config.broker.keepalive_s))
					: undefined;
			const session = new EdgeSession({ group, edgeNode, tags: tags.tags, current });
			const publisher = new Publisher({
				group,
				edgeNode,
				hosts,
				primaryHost,
				directory: dataDirectory.path,
				broker,
				clock,
				journal,
				progress: recorder.progress,
				session,
				delivery,
				rolling,
				isLost: (device) => servers.isLost(device),
				certificates,
				telemetry,
			});
			servers.fill(config.servers, { tags, recovered: opened.recovered, sink });
			const tagSets = new TagSets({
				book: tags,
				sourceOf: (device) => servers.sourceOf(device),
				publisher,
			});
			const reloader = this.#reloaderOf({
				servers,
				book: tags,
				publisher,
				tagSets,
				broker: async (next) => {
					const connection = await connectionOf(next);
					return (touched) => {
						const isOther = touched.has("hosts");
						rolling?.keep(rollingKeepMs(next.broker.keepalive_s));
						const heard = isOther ? hostSettings(next, rollingHost) : undefined;
						publisher.change(connection, heard, isOther || touched.has("broker"));
					};
				},
				values: (next, touched) => {
					if (touched.has("log")) this.#log.level = next.log_level;
					if (touched.has("journal")) journal.bound(journalBounds(next));
					if (touched.has("delivery") && !touched.has("hosts"))
						delivery.change(hostSettings(next, rollingHost).delivery);
				},
			});
			const plain = () => ({
				servers: servers.plain,
				broker: isPlain((reloader?.running ?? config).broker),
			});
			addGauges(telemetry.registry, () => ({
				figures: this.#figures.figures(),
				brokerConnected: publisher.connected,
				hostsOnline: delivery.hostsOnline.length,
				servers: servers.states(),
				journal: journal.stats(),
				journalMaxBytes: (reloader?.running ?? config).journal.max_bytes,
				unconfirmedRecords: unconfirmed(journal, delivery),
			}));
			const status = new StatusServer({
				...config.status,
				registry: telemetry.registry,
				configuration: () => redacted(reloader?.running ?? config) as object,
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
						insecure: plain(),
						configuration: { file: this.#file?.path, lastReload: reloader?.last },
						broker: {
							url: publisher.url,
							connected: publisher.connected,
							hostsOnline: delivery.hostsOnline,
						},
						servers: servers.states(),
						recorder: recorder.stats,
						journal: {
							epoch: journal.epoch,
							durable: journal.durable.offset,
							held: journal.held(),
							...journal.stats(),
						},
						delivery: {
							mode: rolling !== undefined ? "rolling: at least once, best effort" : "confirmed",
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
				this.#figures,
				new SteadyHeap(clock),
				status,
				publisher,
				servers,
				...(reloader === undefined ? [] : [reloader]),
			];
			this.#lifecycle = new Lifecycle({ clock, parts, stopWithinMs: stopPartWithinMs });
			await this.#lifecycle.start();
			this.#reloader = reloader;
			telemetry.plainConnectionsAllowed(plain());
			const { group: groupName, edge_node } = config;
			telemetry.started({
				group: groupName,
				edgeNode: edge_node,
				tags: tags.tags.length,
				servers: config.servers.length,
				epoch: journal.epoch,
			});
		} catch (error) {
			this.#lifecycle = undefined;
			await dataDirectory.release();
			throw error;
		}
	}

	/** Joins what a reload reads with what it changes. */
	#reloaderOf({ tagSets, ...parts }: ChangeableParts & { readonly tagSets: TagSets }): Reloader | undefined {
		const file = this.#file;
		if (file === undefined) return undefined;
		return new Reloader({
			...{ running: this.#config, clock: this.#clock, telemetry: this.#telemetry },
			read: (stopping) => readApart(file, this.#clock, stopping),
			files: (running) => configurationFiles(file.path, running),
			prepare: (plan, next) => prepareChange(parts, plan, next),
			alone: (work) => tagSets.alone(work),
		});
	}

	async stop(): Promise<void> {
		this.#reloader = undefined;
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
