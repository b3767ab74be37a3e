// The composition of the collector: the only file that sees all stages.

import { join } from "node:path";
import type { GroupId, HostId } from "../common/contract/ids.ts";
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
import { isInsecure } from "./follower-config.ts";
import { type FollowerTarget, followerTargets } from "./followers/follower-targets.ts";
import { Followers } from "./followers/followers.ts";
import { Host } from "./host/host.ts";
import { EdgeNodeLedger } from "./intake/edge-node-ledger.ts";
import { EdgeNodeWatches } from "./intake/edge-node-watches.ts";
import { Intake } from "./intake/intake.ts";
import { rebuildJudgement } from "./judgement-rebuild.ts";
import { OverdueWatch } from "./laboratory/overdue-watch.ts";
import { ResultAssembler } from "./laboratory/result-assembler.ts";
import { rebuildLaboratory } from "./laboratory-rebuild.ts";
import { LiveView } from "./live-view.ts";
import { LotBook } from "./lots/lot-book.ts";
import { LotJudge } from "./lots/lot-judge.ts";
import {
	type MessageContext,
	occurrenceMessages,
	overdueMessages,
	verdictMessages,
} from "./notify/messages.ts";
import { Notifier, type NotifierOptions } from "./notify/notifier.ts";
import { parseSecret } from "./notify/signature.ts";
import type { CommandPort } from "./pipeline.ts";
import { LiveJudge } from "./quality/live-judge.ts";
import { judgeLot } from "./quality/lot-verdict.ts";
import { ruleFalseAlarms } from "./spc/false-alarms.ts";
import { LotCharts } from "./spc/lot-charts.ts";
import { usual as chartRules } from "./spc/rules.ts";
import type { Specification } from "./specification.ts";
import { StoreKeeper } from "./store/keeper.ts";
import { knownAnywhere } from "./store/known-anywhere.ts";
import type { OpenState } from "./store/open-state.ts";
import type { DuckLimits } from "./store/parts/duck.ts";
import { StoreReader } from "./store/reader.ts";
import { Store } from "./store/store.ts";
import { CollectorTelemetry } from "./telemetry.ts";

const stopPartWithinMs = 4_000;

/** What the stages are made of. */
interface Opened {
	readonly store: Store;
	readonly reader: StoreReader;
	readonly exporter: StoreReader;
	readonly opened: OpenState;
	readonly broker: BrokerConnection;
	readonly destinations: NotifierOptions["destinations"];
	readonly targets: readonly FollowerTarget[];
	/** The data directory. */
	readonly path: string;
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
		const targets = await followerTargets(this.#config.followers, this.#directory);
		const dataDirectory = new DataDirectory(pathFrom(this.#directory, this.#config.data_dir));
		await dataDirectory.acquire();
		const store = new Store();
		const reader = new StoreReader();
		// Whoever takes much data out holds up nobody who asks a short question.
		const exporter = new StoreReader("exporter");
		const path = join(dataDirectory.path, "store.db");
		const kept = this.#config.store;
		const keeper = new StoreKeeper({
			path,
			store,
			readers: [reader, exporter],
			clock: this.#clock,
			telemetry: this.#telemetry,
			limits: this.#duckLimits(1),
			sealAfterMs: kept.seal_after_minutes * 60_000,
			sealSamplesMax: kept.seal_samples_max,
			retention: {
				keepMs: kept.keep_days === undefined ? undefined : kept.keep_days * 86_400_000,
				keepBytes: kept.keep_mb === undefined ? undefined : kept.keep_mb * 1_000_000,
			},
		});
		try {
			const opened = await store.open(path);
			await keeper.open();
			const readerLimits = this.#duckLimits(this.#config.store.query_threads);
			await reader.open(path, readerLimits);
			await exporter.open(path, readerLimits);
			const parts: Part[] = [
				{ name: "data directory", start: () => undefined, stop: () => dataDirectory.release() },
				{ name: "store", start: () => undefined, stop: () => store.close() },
				{ name: "store reader", start: () => undefined, stop: () => reader.close() },
				{ name: "store exporter", start: () => undefined, stop: () => exporter.close() },
				keeper,
				...(await this.#stages({
					...{ store, reader, exporter, opened, broker, destinations, targets },
					path: dataDirectory.path,
				})),
			];
			this.#lifecycle = new Lifecycle({ clock: this.#clock, parts, stopWithinMs: stopPartWithinMs });
			await this.#lifecycle.start();
		} catch (error) {
			this.#lifecycle = undefined;
			await keeper.stop();
			await Promise.all([reader.close(), exporter.close(), store.close()]);
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
	async #stages(made: Opened): Promise<Part[]> {
		const { store, reader, exporter, opened, broker, destinations, targets } = made;
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
		const assembler = new ResultAssembler(config.laboratory, { ...opened, state: opened.labWaiting });
		const intake = new Intake({
			clock,
			store,
			judge,
			laboratory: assembler,
			commands,
			telemetry,
			messages: (judgement) => occurrenceMessages(judgement, messageContext()),
			onCommitted: (judgement, messages, laboratory) => {
				if (laboratory !== undefined) telemetry.laboratory.assembled(laboratory);
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
		await rebuildJudgement({ reader, judge, opened, telemetry });
		await rebuildLaboratory({ reader, store, assembler, nextSeq: opened.nextSeq, telemetry });
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
		const line = [...config.route, ...config.laboratory.map(({ device }) => device)];
		const overdue = new OverdueWatch({
			...{ clock, telemetry, store, specification, onRaised: () => notifier.look() },
			plantTimeMs: () => watches.watermarkMs(line),
			messages: (rows) => overdueMessages(rows, messageContext()),
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
			store: {
				samplesKnown: (...question) => knownAnywhere({ store, reader }, ...question),
			},
			reorderTimeoutMs: config.sparkplug.reorder_timeout_ms,
			telemetry,
			onTaken: (error) => this.#failed.resolve(error),
		});
		host = theHost;
		const followers = new Followers({
			...{ targets, reader, positions: store, clock, random: Math.random, telemetry },
			deadLetterDirectory: join(made.path, "dead-letters"),
		});
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
			followers,
		});
		const api = new ApiServer({
			host: config.api.host,
			port: config.api.port,
			read: reader,
			samples: exporter,
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
			followers: targets.filter(({ target }) => isInsecure(target.url)).map(({ config: { name } }) => name),
		});
		telemetry.started({
			host: config.host,
			instance: opened.instance,
			specification: specification.product.code,
			version: specification.version,
			windows: specification.windows.length,
		});
		return [figures, certificates, notifier, lotJudge, overdue, intake, followers, live, api, theHost];
	}

	#duckLimits(threads: number): DuckLimits {
		const { memory_mb: memoryMb, temporary_mb: temporaryMb } = this.#config.store;
		return { memoryMb, temporaryMb, threads };
	}

	async #key(file: string): Promise<Buffer> {
		const path = pathFrom(this.#directory, file);
		return parseSecret(await readSecretFile(path), path);
	}
}
