// The composition of the collector: the only file that sees all stages.

import { join } from "node:path";
import type { GroupId, HostId } from "../common/contract/ids.ts";
import { brokerConnection } from "../common/runtime/broker-config.ts";
import { CertificateWatch } from "../common/runtime/certificate-watch.ts";
import type { Clock } from "../common/runtime/clock.ts";
import { pathFrom } from "../common/runtime/config-values.ts";
import { DataDirectory } from "../common/runtime/data-directory.ts";
import { Lifecycle, type Part } from "../common/runtime/lifecycle.ts";
import type { Logger } from "../common/runtime/logger.ts";
import type { BrokerConnection } from "../common/runtime/mqtt-link.ts";
import { ProcessFigures } from "../common/runtime/process-figures.ts";
import { ApiServer } from "./api/api-server.ts";
import type { CollectorConfig } from "./config.ts";
import { Directory } from "./directory.ts";
import { type FollowerTarget, followerTargets } from "./followers/follower-targets.ts";
import { Followers } from "./followers/followers.ts";
import type { KnownSamplesPort } from "./foreign.ts";
import { genealogyOf } from "./genealogy/genealogy-of.ts";
import { rebuildGenealogy } from "./genealogy-rebuild.ts";
import { Host } from "./host/host.ts";
import { Adoption } from "./intake/adoption.ts";
import { EdgeNodeWatches } from "./intake/edge-node-watches.ts";
import { Intake } from "./intake/intake.ts";
import { rebuildJudgement } from "./judgement-rebuild.ts";
import { LabEntering } from "./laboratory/lab-entering.ts";
import { laboratoryWatches } from "./laboratory/laboratory-watches.ts";
import { laboratoryVerdicts } from "./laboratory/lot-results.ts";
import { materialJudge } from "./laboratory/material-verdict.ts";
import { ResultAssembler } from "./laboratory/result-assembler.ts";
import { rebuildLaboratory } from "./laboratory-rebuild.ts";
import { LiveView } from "./live-view.ts";
import { bookedLot, LotBook } from "./lots/lot-book.ts";
import { LotDeciding } from "./lots/lot-deciding.ts";
import { LotDocuments } from "./lots/lot-documents.ts";
import { materialMessages } from "./notify/material-messages.ts";
import {
	type MessageContext,
	occurrenceMessages,
	overdueMessages,
	verdictMessages,
} from "./notify/messages.ts";
import { Notifier, type NotifierOptions } from "./notify/notifier.ts";
import { openDestinations } from "./notify/open-destinations.ts";
import { peopleOf } from "./people/people-of.ts";
import type { CommandPort } from "./pipeline.ts";
import { FinalJudge } from "./quality/final/final-judge.ts";
import { LiveJudge } from "./quality/live-judge.ts";
import { usualRules } from "./spc/false-alarms.ts";
import { chartedWindows, LotCharts } from "./spc/lot-charts.ts";
import type { Specification } from "./specification.ts";
import { SpecificationBook } from "./specification-book.ts";
import { StoreKeeper } from "./store/keeper.ts";
import { duckLimits, keptBy } from "./store/kept-by.ts";
import { hashAnywhere, knownAnywhere } from "./store/known-anywhere.ts";
import type { OpenState } from "./store/open-state.ts";
import { Store } from "./store/store.ts";
import { StoreReaders } from "./store/store-readers.ts";
import { CollectorTelemetry } from "./telemetry.ts";
import { tellStart } from "./told-at-start.ts";

const stopPartWithinMs = 4_000;

/** What the stages are made of. */
interface Opened {
	readonly store: Store;
	readonly readers: StoreReaders;
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
	readonly #specifications: readonly Specification[];
	readonly #directory: string;
	readonly #clock: Clock;
	readonly #telemetry: CollectorTelemetry;
	readonly #failed = Promise.withResolvers<Error>();
	#lifecycle: Lifecycle | undefined;

	/** `directory` is where the configuration file lies; relative paths start there. `specification`: one version or several. */
	constructor(options: {
		config: CollectorConfig;
		specification: Specification | readonly Specification[];
		directory: string;
		clock: Clock;
		log: Logger;
	}) {
		this.#config = options.config;
		this.#specifications = [options.specification].flat();
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
		const destinations = await openDestinations(this.#config.destinations, this.#directory);
		const targets = await followerTargets(this.#config.followers, this.#directory);
		const dataDirectory = new DataDirectory(pathFrom(this.#directory, this.#config.data_dir));
		await dataDirectory.acquire();
		const store = new Store();
		const readers = new StoreReaders();
		const path = join(dataDirectory.path, "store.db");
		const kept = this.#config.store;
		const keeper = new StoreKeeper({
			...{ path, store, readers: readers.all, clock: this.#clock, telemetry: this.#telemetry },
			...keptBy(kept),
		});
		try {
			const opened = await store.open(path);
			await keeper.open();
			await readers.open(path, duckLimits(kept));
			const parts: Part[] = [
				{ name: "data directory", start: () => undefined, stop: () => dataDirectory.release() },
				{ name: "store", start: () => undefined, stop: () => store.close() },
				readers,
				keeper,
				...(await this.#stages({
					...{ store, readers, opened, broker, destinations, targets },
					path: dataDirectory.path,
				})),
			];
			this.#lifecycle = new Lifecycle({ clock: this.#clock, parts, stopWithinMs: stopPartWithinMs });
			await this.#lifecycle.start();
		} catch (error) {
			this.#lifecycle = undefined;
			await keeper.stop();
			await Promise.all([readers.stop(), store.close()]);
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
		const { store, readers, opened, broker, destinations, targets } = made;
		const { questions: reader, exports: exporter, evidence, followed } = readers;
		const config = this.#config;
		const clock = this.#clock;
		const telemetry = this.#telemetry;

		const book = new SpecificationBook(this.#specifications, await store.specifications(), clock.wallMs());
		if (book.toStore.length > 0) await store.keepSpecifications(book.toStore);

		const inForce = (sourceMs: number) => book.inForce(sourceMs);
		const { written: writtenTag, ...contextTags } = config.context;
		const judge = new LiveJudge({
			versions: book,
			contextTags,
			lots: new LotBook(config.route),
		});
		const messageContext = (): MessageContext => ({
			specificationOf: (version) => book.version(version)?.specification,
			specificationAt: (madeMs) => book.inForce(madeMs)?.specification,
			...{ destinations, nowMs: clock.wallMs() },
		});
		const notifier = new Notifier({ destinations, outbox: store, clock, random: Math.random, telemetry });
		const watches = EdgeNodeWatches.of(opened);
		// Host and intake speak to each other, so one of them learns of the other late.
		let host: Host | undefined;
		const commands: CommandPort = {
			confirm: (...command) => host?.confirm(...command),
			resend: (...command) => host?.resend(...command),
		};
		const assembler = new ResultAssembler(config.laboratory, { ...opened, state: opened.labWaiting });
		const madeOf = { evidence, asked: exporter, judge: materialJudge(inForce) };
		const genealogy = genealogyOf(config.genealogy, madeOf);
		const intake = new Intake({
			clock,
			store: {
				commit: (batch) => store.commit(batch),
				recordHash: (...place) => hashAnywhere({ store, reader: exporter }, ...place),
			},
			judge,
			laboratory: assembler,
			genealogy: genealogy?.links,
			commands,
			telemetry,
			messages: (judgement) => occurrenceMessages(judgement, messageContext()),
			onCommitted: (judgement, messages, laboratory) => {
				if (laboratory !== undefined) telemetry.laboratory.assembled(laboratory);
				for (const due of judgement.due) lotJudge.add(due);
				for (const { lot } of laboratory?.results ?? []) again(lot);
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
		await store.endOtherLimits(book.versions.map(({ specification: { version } }) => version));
		await rebuildJudgement({ reader, judge, opened, telemetry });
		await rebuildLaboratory({ reader, store, assembler, nextSeq: opened.nextSeq, telemetry });
		await rebuildGenealogy({ links: genealogy?.links, reader, store, telemetry: telemetry.genealogy });
		const charts = new LotCharts({
			stored: await store.storedCharts(),
			wanted: book.versions.flatMap(({ specification: { baselines } }) => baselines),
			numbers: ({ lot, gaps, openedMs }) =>
				reader.lotNumbers({ lot, gaps, windows: chartedWindows(book.inForce(openedMs)) }),
			telemetry,
		});
		const baselines = charts.wantedBaselines(clock.wallMs());
		if (baselines.length > 0) await store.commitBaselines(baselines);
		const lotJudge = new FinalJudge({
			...{ clock, telemetry, store, evidence, route: config.route, contextTags, charts },
			specificationAt: inForce,
			bookedLot: (...asked) => bookedLot(config.route, ...asked),
			genealogy: genealogy?.reasons,
			laboratory: async (lot, { specification }, plantMs) =>
				laboratoryVerdicts(await evidence.lotResults(lot.lot), lot, specification, plantMs),
			messages: (verdict, corrects) => verdictMessages(verdict, corrects, messageContext()),
			watermarkMs: () => watches.watermarkMs(config.route),
			due: opened.due,
			onJudged: () => notifier.look(),
		});
		const again = (lot: string) => lotJudge.add({ lot, dueMs: 0 });
		const present = () => book.inForce(watches.watermarkMs(config.route) ?? clock.wallMs());
		const samplesKnown = (...question: Parameters<KnownSamplesPort["samplesKnown"]>) =>
			knownAnywhere({ store, reader }, ...question);
		const adoption = new Adoption({
			...{ files: exporter, known: { samplesKnown }, intake, directory, clock, telemetry },
		});
		const { overdue, materials } = laboratoryWatches({
			...{ clock, telemetry, store, inForce, judgeAgain: again, onRaised: () => notifier.look() },
			plantTimeMs: () =>
				watches.watermarkMs([...config.route, ...config.laboratory.map(({ device }) => device)]),
			overdueMessages: (rows) => overdueMessages(rows, messageContext()),
			materialMessages: (...judged) => materialMessages(...judged, messageContext()),
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
			store: { samplesKnown },
			reorderTimeoutMs: config.sparkplug.reorder_timeout_ms,
			telemetry,
			onTaken: (error) => this.#failed.resolve(error),
		});
		host = theHost;
		const followers = new Followers({
			...{ targets, reader: followed, positions: store, clock, random: Math.random, telemetry },
			deadLetterDirectory: join(made.path, "dead-letters"),
		});
		const figures = new ProcessFigures();
		const live = new LiveView({
			figures: () => figures.figures(),
			units: () => directory.devices,
			...{ config, versions: book, instance: opened.instance, clock },
			...{ host: theHost, intake, watches, judge, followers },
		});
		const documents = new LotDocuments({
			...{ store: exporter, results: async (lot) => (await exporter.lotResults(lot)).results },
			...{ specificationAt: inForce },
			...{ phaseTag: contextTags.phase, simulated: config.simulated, genealogy: genealogy?.ofLot },
		});
		const { entries, access } = peopleOf({
			...{ clock, telemetry, store, config, versions: book.versions, instance: opened.instance },
			directory: this.#directory,
		});
		const api = new ApiServer({
			host: config.api.host,
			port: config.api.port,
			read: reader,
			samples: exporter,
			live,
			documents,
			...{ access, entry: entries, entries: reader, genealogy: genealogy?.port },
			entering: {
				results: new LabEntering({ clock, entries, store, inForce: present, onEntered: again }),
				decisions: new LotDeciding({ clock, entries, facts: (lot) => documents.facts(lot) }),
			},
			onRefused: (code) => telemetry.people.requestRefused(code),
			registry: telemetry.registry,
			ready: () =>
				intake.lastError === undefined
					? { ready: true }
					: { ready: false, reason: `store: ${intake.lastError}` },
			clock,
			phaseTag: contextTags.phase,
			chartRules: usualRules(),
			writtenTag,
			consoleDirectory: new URL("../dashboards/console/", import.meta.url),
		});
		tellStart({
			...{ config, targets, telemetry, instance: opened.instance, versions: this.#specifications.length },
			specification: book.inForce(clock.wallMs())?.specification,
		});
		return [
			figures,
			certificates,
			notifier,
			lotJudge,
			overdue,
			materials,
			intake,
			followers,
			live,
			entries,
			access,
			api,
			adoption,
			theHost,
		];
	}
}
