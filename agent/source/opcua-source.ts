import {
	type ClientSession,
	DataChangeNotification,
	type NotificationMessage,
	StatusChangeNotification,
} from "node-opcua";
import { statusCodes } from "../../common/contract/status.ts";
import { Backoff } from "../../common/runtime/backoff.ts";
import { type Clock, pause } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { DeviceConfig, ServerConfig } from "../config.ts";
import type { CycleSink, ReadableTag, Recovered, SampleSource, SourceState, TagSet } from "../pipeline.ts";
import type { TagBook } from "../tag-book.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { AgentsWord } from "./agents-word.ts";
import { type Backfill, backfillOf } from "./backfill.ts";
import type { CycleBuilder, SourceTag } from "./cycle-builder.ts";
import { takeBody } from "./data-change-body.ts";
import { DataChangeReader } from "./data-change-reader.ts";
import { disconnect, type LeftSession } from "./left-session.ts";
import { OperationLimits } from "./operation-limits.ts";
import type { NodeIdOf, PlantListener } from "./plant-listener.ts";
import { PlantSession } from "./plant-session.ts";
import type { PollRound } from "./poller.ts";
import { PresentValues } from "./present-values.ts";
import { ServerEndpoints } from "./redundancy/server-endpoints.ts";
import { SamplingRules } from "./sampling.ts";
import { SamplingReport } from "./sampling-report.ts";
import type { ServerSecurity } from "./server-security.ts";
import { SessionBudget } from "./session-budget.ts";
import { SourceCycles } from "./source-cycles.ts";
import { completeTags, SourceTags, type Surplus, type TagResolver } from "./source-tags.ts";
import { TagCare } from "./tag-care.ts";
import { partsOf, type RefusedTag, WatchedTags } from "./watched-tags.ts";

export interface OpcuaSourceOptions {
	readonly server: ServerConfig;
	readonly security: ServerSecurity;
	/** The devices read through this server. */
	readonly devices: readonly DeviceConfig[];
	readonly tags: TagBook;
	/** Where an earlier run of this agent stopped. */
	readonly recovered: Recovered;
	readonly sink: CycleSink;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
	/** What is known of a device's tags now; by default, those of which nothing is left to the server. */
	readonly known?: ((device: DeviceConfig) => readonly ReadableTag[]) | undefined;
	/** Asks the server for the rest, and says so by `tagsChanged`. */
	readonly resolver?: TagResolver | undefined;
}

const stays = { isMoved: false, isAtOnce: false } as const;

/** Reads one OPC UA server through one subscription until it is stopped; never gives up. */
export class OpcuaSource implements SampleSource, PlantListener {
	readonly name: string;
	readonly #options: OpcuaSourceOptions;
	readonly #tags: SourceTags;
	readonly #builders: ReadonlyMap<string, CycleBuilder>;
	#session: PlantSession | undefined;
	readonly #reader = new DataChangeReader();
	readonly #agentsWord: AgentsWord;
	readonly #backoff = new Backoff({ initialMs: 500, maximumMs: 4_000, factor: 2 });
	readonly #budget = new SessionBudget();
	readonly #limits = new OperationLimits();
	readonly #sampling: SamplingReport;
	readonly #watched: WatchedTags;
	readonly #endpoints: ServerEndpoints;
	readonly #cycles: SourceCycles;
	readonly #backfill: Backfill | undefined;
	readonly #care: TagCare;
	#stopping = new AbortController();
	#running: Promise<void> | undefined;
	#connected = false;
	#lastError: string | undefined;
	#lastResponseMs: number | undefined;

	constructor(options: OpcuaSourceOptions) {
		this.name = `OPC UA source ${options.server.name}`;
		this.#agentsWord = new AgentsWord(options.sink);
		this.#options = options;
		const { server } = options;
		this.#endpoints = new ServerEndpoints(options);
		this.#tags = new SourceTags(options.tags, new SamplingRules(server));
		this.#builders = this.#tags.builders;
		this.#backfill = backfillOf(options);
		const known = options.known ?? completeTags;
		for (const device of options.devices) this.#tags.add(device, known(device));
		const { list: tags, places, isPolled } = this.#tags;
		this.#sampling = new SamplingReport({ ...options, tags: this.#tags });
		this.#watched = new WatchedTags({
			...{ tags, limits: this.#limits, isPolled },
			publishingMs: () => server.publishing_interval_ms,
			onFilter: (place, level, status) => this.#sampling.answered(place, level, status),
		});
		this.#cycles = new SourceCycles({
			...{ ...options, builders: this.#builders, backfill: this.#backfill },
			slowestMs: (device) => this.#watched.slowestMs(device),
			pollIntervals: (device) => this.#tags.pollIntervals(device),
			onGone: (tagIds) => this.#care.gone(tagIds),
			nameOf: (tagId) => options.tags.get(tagId)?.name,
			takeTimesMissing: () => this.#reader.takeSourceTimesMissing(),
		});
		this.#care = new TagCare({
			...options,
			...{ tags, places, builders: this.#builders, isPolled, values: new PresentValues(this.#limits) },
			sayBad: (tags, status) => this.#sayBad(tags, status),
			take: (builder, read) => {
				if (this.#connected) this.#cycles.takeRead(builder, read);
			},
		});
		for (const builder of this.#builders.values()) {
			const stoppedMs = options.recovered.throughMs.get(builder.device);
			builder.resume(stoppedMs, options.recovered.samples);
			if (stoppedMs !== undefined) this.#cycles.stoppedAt(builder, stoppedMs);
		}
	}

	start(): void {
		this.#running ??= this.#run();
	}

	async stop(): Promise<void> {
		this.#stopping.abort();
		await this.#running;
	}

	state(): SourceState {
		const { clock, server, resolver } = this.#options;
		return {
			server: server.name,
			security: this.#endpoints.present.security.inUse,
			endpoint: this.#endpoints.present.server.endpoint,
			serviceLevel: this.#endpoints.serviceLevel,
			connected: this.#connected,
			tags: this.#tags.count,
			tagsSubscribed: this.#connected ? this.#tags.count - this.#care.refused : 0,
			tagsUnresolved: resolver?.unresolved ?? 0,
			...this.#sampling.state,
			lastNotificationAgeMs:
				this.#lastResponseMs === undefined ? undefined : clock.monotonicMs() - this.#lastResponseMs,
			lastError: this.#lastError,
			clockAheadMs: this.#cycles.times.aheadMs,
			tagsTimeWrong: this.#cycles.times.tagsWrong,
		};
	}

	/** Values of tags that stay are not touched; a tag whose node is gone says so with its last sample. */
	tagsChanged({ device, tags, gone }: TagSet): void {
		const { came, left, emptied } = this.#tags.change(device, tags);
		this.#builders.get(device)?.resumeFurther(came, this.#options.recovered.samples);
		this.#care.left(emptied);
		const lost = left.filter(({ tag }) => gone.has(tag.name));
		this.#sayBad(lost, statusCodes.BadNodeIdUnknown);
		this.#watched.listChanged();
		this.#session?.tagsChanged();
	}

	async #run(): Promise<void> {
		const { clock, telemetry, resolver } = this.#options;
		const stopping = this.#stopping.signal;
		const endpoints = this.#endpoints;
		let left: LeftSession | undefined;
		while (!stopping.aborted) {
			if (left === undefined || left.isSessionGone)
				await pause(clock, this.#budget.waitMs(clock.monotonicMs()), stopping);
			if (stopping.aborted) break;
			const used = endpoints.present;
			const session: PlantSession = new PlantSession({
				...{ ...used, clock, left, watched: this.#watched, budget: this.#budget, listener: this },
				...{ limits: this.#limits, polling: this.#tags },
				onWatched: (opened, over) => {
					endpoints.watch(opened, over, (reason) => session.leave(reason));
					resolver?.run(opened, over);
				},
			});
			this.#session = session;
			let reason: string;
			try {
				reason = await session.run(stopping);
			} catch (error) {
				reason = errorText(error);
			}
			this.silent(reason);
			left = session.left;
			const { isMoved, isAtOnce } = stopping.aborted ? stays : endpoints.ended(used);
			if (isMoved && left !== undefined) {
				// It is another server's.
				await disconnect(left.client, clock);
				left = undefined;
			}
			// Half a cycle would look like a whole one; a subscription that goes on has the rest of it.
			if (left?.subscription === undefined) this.subscriptionLost();
			await session.close();
			if (stopping.aborted) break;
			const retryMs = isAtOnce ? 0 : this.#backoff.nextMs();
			telemetry.serverRetried({ server: used.server.name, reason, retryMs });
			await pause(clock, retryMs, stopping);
		}
		if (left !== undefined) await disconnect(left.client, clock);
	}

	get silentMs(): number {
		return this.#options.clock.monotonicMs() - (this.#lastResponseMs ?? 0);
	}

	answered(isWatching: boolean, serverMs?: number): void {
		this.#lastResponseMs = this.#options.clock.monotonicMs();
		this.#cycles.times.responded(serverMs);
		if (!isWatching || this.#connected) return;
		// The client recovered by itself: a transferred subscription repeats each tag's present value.
		this.watching();
		this.#isConnected();
	}

	watching(): void {
		const nowMs = this.#options.clock.monotonicMs();
		for (const builder of this.#builders.values()) builder.expectRepeats(nowMs);
	}

	watched(refused: readonly RefusedTag[]): void {
		this.#care.watched(refused);
		this.#isConnected();
		this.#refused(refused);
		this.#sampling.report(this.#watched);
	}

	watchedFurther(refused: readonly RefusedTag[]): void {
		this.#care.watchedFurther(refused);
		this.#refused(refused);
		this.#sampling.report(this.#watched);
	}

	#refused(refused: readonly RefusedTag[]): void {
		for (const { place, statusCode } of refused) {
			const named = this.#tags.list[place];
			if (named !== undefined) this.#sayBad(partsOf(named), statusCode);
		}
	}

	dueAgain(session: ClientSession, nodeIdOf: NodeIdOf): Promise<readonly number[]> {
		return this.#care.due(session, nodeIdOf);
	}

	watchedAgain(places: readonly number[], refused: readonly RefusedTag[]): void {
		this.#care.watchedAgain(places, refused);
	}

	async backfill(session: ClientSession, nodeIdOf: NodeIdOf, over: AbortSignal): Promise<void> {
		await this.#backfill?.run(session, (tagId) => this.#tags.historyTag(tagId, nodeIdOf), over);
	}

	#isConnected(): void {
		const { telemetry, server } = this.#options;
		this.#backoff.reset();
		this.#endpoints.connected();
		this.#connected = true;
		this.#lastError = undefined;
		const refusedTags = this.#care.refused;
		telemetry.serverConnected({ server: server.name, tags: this.#tags.count - refusedTags, refusedTags });
	}

	message(message: NotificationMessage, isCycleEnd: boolean, publishedMs: number | undefined): void {
		for (const data of message.notificationData ?? []) {
			if (data instanceof DataChangeNotification) this.#read(data);
			else if (data instanceof StatusChangeNotification && data.status.isBad())
				throw new Error(`the server ended the subscription: ${data.status.name}`);
		}
		if (isCycleEnd) this.#cycles.finish(publishedMs);
	}

	#read(notification: DataChangeNotification): void {
		const { clock, telemetry } = this.#options;
		this.#cycles.gathered();
		try {
			const body = takeBody(notification);
			if (body === undefined) throw new Error("expected the bytes of a notification, found none");
			const unknown = this.#reader.read(body, this.#tags.targets, clock.wallMs());
			const surplus = this.#tags.settle();
			if (surplus.length > 0) this.#hasSurplus(surplus);
			if (unknown > 0) telemetry.samplesRefused("unknown_handle", unknown);
		} catch (error) {
			// Half a cycle would look like a whole one; a new session has a hole where this one was.
			this.#cycles.discard();
			throw new Error(`a notification could not be read: ${errorText(error)}`, { cause: error });
		}
	}

	/** Lists came with more elements than there are tags: counted, named, and the server is asked again. */
	#hasSurplus(surplus: readonly Surplus[]): void {
		const { server, telemetry, resolver } = this.#options;
		for (const { device, name, elements } of surplus)
			telemetry.elementsLeftOut({ server: server.name, tag: `${device}/${name}`, elements });
		resolver?.lookAgain();
	}

	polled(round: PollRound): void {
		this.#cycles.polled(round);
	}

	overran(rounds: number): void {
		this.#options.telemetry.sampling.pollsOverran(this.#options.server.name, rounds);
	}

	pollsAll(status: string): void {
		this.#options.telemetry.sampling.subscriptionsNotOffered({ server: this.#options.server.name, status });
	}

	/** What changes until the next first values is missed. */
	subscriptionLost(): void {
		this.#cycles.lost();
	}

	republished(): void {
		this.#options.telemetry.messageRepublished(this.#options.server.name);
	}

	missed(): void {
		this.#options.telemetry.messagesMissed(this.#options.server.name);
		this.#cycles.holesFrom("sequence", () => true);
		const nowMs = this.#options.clock.monotonicMs();
		for (const builder of this.#builders.values()) builder.called.doubt(nowMs);
	}

	/** The tags are Bad from here on. Whether values are missing shows when the server is back. */
	silent(reason: string): void {
		this.#lastError = reason;
		if (!this.#connected) return;
		this.#connected = false;
		if (this.#stopping.signal.aborted) return;
		this.#options.telemetry.serverLost({ server: this.#options.server.name, reason });
		this.#cycles.pollingEnded();
		this.#sayBad(this.#tags.tags, statusCodes.BadNoCommunication);
	}

	#sayBad(tags: readonly SourceTag[], status: number): void {
		const { clock } = this.#options;
		const elapsedMs =
			this.#lastResponseMs === undefined ? 0 : Math.round(clock.monotonicMs() - this.#lastResponseMs);
		this.#agentsWord.bad(this.#builders, tags, status, { elapsedMs, wallMs: clock.wallMs() });
	}
}
