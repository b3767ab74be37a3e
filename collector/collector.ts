// The composition of the collector: the only file that sees all stages.

import { join } from "node:path";
import type { GroupId, HostId } from "../common/contract/ids.ts";
import { SampleColumns } from "../common/contract/samples.ts";
import { brokerConnection, isPlain } from "../common/runtime/broker-config.ts";
import { CertificateWatch } from "../common/runtime/certificate-watch.ts";
import type { Clock } from "../common/runtime/clock.ts";
import { pathFrom } from "../common/runtime/config-values.ts";
import { DataDirectory } from "../common/runtime/data-directory.ts";
import { Lifecycle, type Part } from "../common/runtime/lifecycle.ts";
import type { Logger } from "../common/runtime/logger.ts";
import type { BrokerConnection } from "../common/runtime/mqtt-link.ts";
import { ProcessFigures } from "../common/runtime/process-figures.ts";
import { readSecretFile } from "../common/runtime/secret-file.ts";
import { ApiServer } from "./api/api-server.ts";
import type { CollectorConfig } from "./config.ts";
import { Directory } from "./directory.ts";
import { Host } from "./host/host.ts";
import { EdgeNodeLedger } from "./intake/edge-node-ledger.ts";
import { EdgeNodeWatches } from "./intake/edge-node-watches.ts";
import { Intake } from "./intake/intake.ts";
import { LiveView } from "./live-view.ts";
import { LotBook } from "./lots/lot-book.ts";
import { LotJudge } from "./lots/lot-judge.ts";
import { type MessageContext, occurrenceMessages, verdictMessages } from "./notify/messages.ts";
import { Notifier, type NotifierOptions } from "./notify/notifier.ts";
import { parseSecret } from "./notify/signature.ts";
import type { CommandPort } from "./pipeline.ts";
import { LiveJudge } from "./quality/live-judge.ts";
import { judgeLot } from "./quality/lot-verdict.ts";
import { ruleFalseAlarms } from "./spc/false-alarms.ts";
import { LotCharts } from "./spc/lot-charts.ts";
import { usual as chartRules } from "./spc/rules.ts";
import type { Specification } from "./specification.ts";
import type { OpenState } from "./store/open-state.ts";
import { StoreReader } from "./store/reader.ts";
import { Store } from "./store/store.ts";
import { CollectorTelemetry } from "./telemetry.ts";

const stopPartWithinMs = 4_000;
const replayRecordsAtOnce = 500;

/** What the stages are made of. */
interface Opened {
	readonly store: Store;
	readonly reader: StoreReader;
	readonly opened: OpenState;
	readonly broker: BrokerConnection;
	readonly destinations: NotifierOptions["destinations"];
}

/** One running collector. `start` and `stop` are idempotent. */
export class Collector {
	readonly #config: CollectorConfig;
	readonly #specification: Specification;
	readonly #directory: string;
	readonly #clock: Clock;
	readonly #telemetry: CollectorTelemetry;
	readonly #failed = Promise.withResolvers<Error>();
	#lifecycle: Lifecycle | undefined;

	/** `directory` is where the configuration file lies; relative paths start there. */
	constructor(options: {
		config: CollectorConfig;
		specification: Specification;
		directory: string;
		clock: Clock;
		log: Logger;
	}) {
		this.#config = options.config;
		this.#specification = options.specification;
		this.#directory = options.directory;
		this.#clock = options.clock;
		this.#telemetry = new CollectorTelemetry(options.log);
	}

	/** Resolves when another collector turns out to own the host id. */
	get failed(): Promise<Error> {
		return this.#failed.promise;
	}

	async start(): Promise<void> {
		if (this.#lifecycle !== undefined) return;
		// Everything that can be wrong with the configuration shows before anything is created or changed.
		const broker = await brokerConnection(
			this.#config.broker,
			this.#directory,
			`pilotline-host-${this.#config.host}`,
		);
		const destinations = await Promise.all(
			this.#config.destinations.map(async (destination) => ({
				...destination,
				key: await this.#key(destination.secret_file),
			})),
		);
		const dataDirectory = new DataDirectory(pathFrom(this.#directory, this.#config.data_dir));
		await dataDirectory.acquire();
		const store = new Store();
		const reader = new StoreReader();
		try {
			const path = join(dataDirectory.path, "store.db");
			const opened = await store.open(path);
			await reader.open(path);
			const parts: Part[] = [
				{ name: "data directory", start: () => undefined, stop: () => dataDirectory.release() },
				{ name: "store", start: () => undefined, stop: () => store.close() },
				{ name: "store reader", start: () => undefined, stop: () => reader.close() },
				...(await this.#stages({ store, reader, opened, broker, destinations })),
			];
			this.#lifecycle = new Lifecycle({ clock: this.#clock, parts, stopWithinMs: stopPartWithinMs });
			await this.#lifecycle.start();
		} catch (error) {
			this.#lifecycle = undefined;
			await Promise.all([reader.close(), store.close()]);
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

	/** The stages in order of starting; they stop in reverse, so that the host goes silent before the store closes. */
	async #stages({ store, reader, opened, broker, destinations }: Opened): Promise<Part[]> {
		const config = this.#config;
		const specification = this.#specification;
		const clock = this.#clock;
		const telemetry = this.#telemetry;

		const { written: writtenTag, ...contextTags } = config.context;
		const judge = new LiveJudge({
			specification,
			contextTags,
			lots: new LotBook(config.route),
		});
		const messageContext = (): MessageContext => ({ specification, destinations, nowMs: clock.wallMs() });
		const notifier = new Notifier({ destinations, outbox: store, clock, random: Math.random, telemetry });
		const ledgers = new Map(
			opened.edgeNodes.map(({ id }) => [
				id,
				new EdgeNodeLedger(
					opened.epochs.filter(({ edgeNode }) => edgeNode === id),
					opened.throughs.filter(({ edgeNode }) => edgeNode === id),
					opened.marks.filter(({ edgeNode }) => edgeNode === id),
				),
			]),
		);
		const watches = new EdgeNodeWatches(ledgers, opened.restoredGaps);
		// Host and intake speak to each other, so one of them learns of the other late.
		let host: Host | undefined;
		const commands: CommandPort = {
			confirm: (...command) => host?.confirm(...command),
			resend: (...command) => host?.resend(...command),
		};
		const intake = new Intake({
			clock,
			store,
			judge,
			commands,
			telemetry,
			messages: (judgement) => occurrenceMessages(judgement, messageContext()),
			onCommitted: (judgement, messages) => {
				for (const due of judgement.due) lotJudge.add(due);
				lotJudge.look();
				if (messages > 0) notifier.look();
			},
			waitingSamplesMax: config.intake.waiting_samples_max,
			commitSamplesMax: config.intake.commit_samples_max,
			commitIntervalMs: config.intake.commit_interval_ms,
			nextSeq: opened.nextSeq,
			nameOf: (id) => directory.nameOf(id),
			watches,
		});
		const directory: Directory = new Directory(opened, intake);
		await this.#rebuild(store, judge, opened);
		const charts = new LotCharts({
			stored: await store.storedCharts(),
			wanted: specification.baselines,
			numbers: ({ lot, gaps }) =>
				reader.lotNumbers({
					lot,
					windows: specification.windows.map(({ id, unit, tag, blanking_s }) => ({
						...{ id, unit, tag, blankingMs: blanking_s * 1_000 },
					})),
					gaps: gaps.map(({ device, ...hole }) => ({ unit: device, ...hole })),
				}),
			telemetry,
		});
		const baselines = charts.wantedBaselines(clock.wallMs());
		if (baselines.length > 0) await store.commitBaselines(baselines);
		const lotJudge = new LotJudge({
			clock,
			telemetry,
			store,
			judge: (facts, judgedMs) => judgeLot(facts, specification, config.route, judgedMs),
			messages: (verdict) => verdictMessages(verdict, messageContext()),
			charts,
			watermarkMs: () => watches.watermarkMs(config.route),
			due: opened.due,
			onJudged: () => notifier.look(),
		});
		const certificates = new CertificateWatch({ clock, telemetry });
		const theHost = new Host({
			host: config.host as HostId,
			groups: config.groups as GroupId[],
			instance: opened.instance,
			// Two collectors with one client id would push each other out of the broker before they can notice.
			broker:
				config.broker.client_id === undefined
					? { ...broker, clientId: `${broker.clientId}-${opened.instance.slice(0, 8)}` }
					: broker,
			clock,
			intake,
			directory,
			certificates,
			store,
			reorderTimeoutMs: config.sparkplug.reorder_timeout_ms,
			telemetry,
			onTaken: (error) => this.#failed.resolve(error),
		});
		host = theHost;
		const figures = new ProcessFigures();
		const live = new LiveView({
			figures: () => figures.figures(),
			units: () => directory.devices,
			config,
			specification,
			instance: opened.instance,
			clock,
			host: theHost,
			intake,
			watches,
			judge,
		});
		const api = new ApiServer({
			host: config.api.host,
			port: config.api.port,
			read: reader,
			live,
			registry: telemetry.registry,
			ready: () =>
				intake.lastError === undefined
					? { ready: true }
					: { ready: false, reason: `store: ${intake.lastError}` },
			clock,
			phaseTag: contextTags.phase,
			chartRules: {
				names: chartRules,
				falseAlarmEveryPoints: ruleFalseAlarms(chartRules).runLength,
			},
			writtenTag,
			consoleDirectory: new URL("../dashboards/console/", import.meta.url),
		});
		telemetry.plainConnectionsAllowed({
			broker: isPlain(config.broker),
			destinations: config.destinations.filter(({ insecure }) => insecure).map(({ name }) => name),
		});
		telemetry.started({
			host: config.host,
			instance: opened.instance,
			specification: specification.product.code,
			version: specification.version,
			windows: specification.windows.length,
		});
		return [figures, certificates, notifier, lotJudge, intake, live, api, theHost];
	}

	/** Brings the judgement from its saved state up to the last committed record; what it gives was committed then. */
	async #rebuild(store: Store, judge: LiveJudge, opened: OpenState): Promise<void> {
		const fromSeq = opened.cache?.seq ?? 0;
		if (opened.cache !== undefined) judge.load(opened.cache.state);
		let seq = fromSeq;
		while (seq < opened.nextSeq - 1) {
			const replay = await store.replay(seq, replayRecordsAtOnce);
			if (replay.lastSeq === seq) break;
			const samples = new SampleColumns(replay.rows.length);
			for (const [index, { series, sourceMs, status, value }] of replay.rows.entries()) {
				samples.tagId[index] = series;
				samples.sourceMs[index] = sourceMs;
				samples.status[index] = status;
				samples.setValue(index, value);
			}
			samples.count = replay.rows.length;
			let from = 0;
			const records = replay.records.map(({ device, count, throughMs, receivedMs }) => {
				const record = { device, throughMs, from, count, receivedMs };
				from += count;
				return record;
			});
			judge.judge({ records, samples });
			judge.keep();
			seq = replay.lastSeq;
		}
		if (seq > fromSeq) this.#telemetry.judgementRebuilt({ fromSeq, toSeq: seq });
	}

	async #key(file: string): Promise<Buffer> {
		const path = pathFrom(this.#directory, file);
		return parseSecret(await readSecretFile(path), path);
	}
}
