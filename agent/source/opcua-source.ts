import type { ClientSession, NotificationMessage } from "node-opcua";
import type { GapCause } from "../../common/contract/gap.ts";
import { statusCodes } from "../../common/contract/status.ts";
import { Backoff } from "../../common/runtime/backoff.ts";
import { pause } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { DeviceConfig, ServerConfig } from "../config.ts";
import type { ReadableTag, SampleSource, SourceState, TagSet } from "../pipeline.ts";
import { AgentsWord } from "./agents-word.ts";
import { type Backfill, backfillOf } from "./backfill.ts";
import { Contact } from "./contact.ts";
import type { CycleBuilder, SourceTag } from "./cycle-builder.ts";
import { disconnect, type LeftSession } from "./left-session.ts";
import type { LeftOfDevice, LeftSource } from "./left-source.ts";
import type { OpcuaSourceOptions } from "./opcua-source-options.ts";
import { OperationLimits } from "./operation-limits.ts";
import type { NodeIdOf, PlantListener } from "./plant-listener.ts";
import { PlantSession } from "./plant-session.ts";
import type { PollRound } from "./poller.ts";
import { PresentValues } from "./present-values.ts";
import { ServerEndpoints } from "./redundancy/server-endpoints.ts";
import { SamplingRules } from "./sampling.ts";
import { SamplingReport } from "./sampling-report.ts";
import { ServerTuning } from "./server-tuning.ts";
import { SourceCycles } from "./source-cycles.ts";
import { SourceMessages } from "./source-messages.ts";
import { completeTags, SourceTags } from "./source-tags.ts";
import { TagCare } from "./tag-care.ts";
import { partsOf, type RefusedTag, WatchedTags } from "./watched-tags.ts";

const stays = { isMoved: false, isAtOnce: false } as const;

/** Reads one OPC UA server through one subscription until it is stopped; never gives up. */
export class OpcuaSource implements SampleSource, PlantListener {
	readonly name: string;
	readonly #options: OpcuaSourceOptions & { readonly tuning: ServerTuning };
	readonly #tags: SourceTags;
	readonly #builders: ReadonlyMap<string, CycleBuilder>;
	#session: PlantSession | undefined;
	readonly #messages: SourceMessages;
	readonly #agentsWord: AgentsWord;
	readonly #backoff = new Backoff({ initialMs: 500, maximumMs: 4_000, factor: 2 });
	readonly #limits = new OperationLimits();
	readonly #sampling: SamplingReport;
	readonly #watched: WatchedTags;
	readonly #endpoints: ServerEndpoints;
	readonly #cycles: SourceCycles;
	readonly #backfill: Backfill;
	readonly #care: TagCare;
	#stopping = new AbortController();
	#running: Promise<void> | undefined;
	readonly #contact: Contact;

	constructor(options: OpcuaSourceOptions) {
		this.name = `OPC UA source ${options.server.name}`;
		this.#agentsWord = new AgentsWord(options.sink);
		const { server, left } = options;
		const tuned = { ...options, tuning: new ServerTuning(server) };
		this.#options = tuned;
		this.#contact = new Contact({
			...{ ...options, left, server: server.name },
			onSilent: () => this.#cycles.pollingEnded(this.#contact.cause),
			// Whether values are missing shows when the server is back.
			onLost: () => this.#sayBad(this.#tags.tags, statusCodes.BadNoCommunication),
		});
		this.#endpoints = new ServerEndpoints(tuned);
		this.#tags = new SourceTags(options.tags, new SamplingRules(server));
		this.#builders = this.#tags.builders;
		this.#backfill = backfillOf(tuned);
		if (left !== undefined) this.#backfill.takeOver(left.backfill);
		const known = options.known ?? completeTags;
		for (const device of options.devices) this.#tags.add(device, known(device));
		const { list: tags, places, isPolled } = this.#tags;
		this.#sampling = new SamplingReport({ ...options, tags: this.#tags });
		this.#watched = new WatchedTags({
			...{ tags, limits: this.#limits, isPolled },
			publishingMs: () => server.publishing_interval_ms,
			onFilter: (place, level, status) => this.#sampling.answered(place, level, status),
		});
		const slowestMs = (device: string) => this.#watched.slowestMs(device);
		this.#cycles = new SourceCycles({
			...{ ...tuned, builders: this.#builders, backfill: this.#backfill, slowestMs },
			pollIntervals: (device) => this.#tags.pollIntervals(device),
			onGone: (tagIds) => this.#care.gone(tagIds),
			nameOf: (tagId) => options.tags.get(tagId)?.name,
			takeTimesMissing: () => this.#messages.takeTimesMissing(),
		});
		this.#messages = new SourceMessages({ ...options, tags: this.#tags, cycles: this.#cycles });
		this.#care = new TagCare({
			...{ ...tuned, slowestMs },
			...{ tags, places, builders: this.#builders, isPolled, values: new PresentValues(this.#limits) },
			publishedMs: () => this.#cycles.finishedMs,
			sayBad: (tags, status) => this.#sayBad(tags, status),
			take: (builder, read) => this.#contact.isConnected && this.#cycles.takeRead(builder, read),
		});
		for (const [device, builder] of this.#builders)
			this.#cycles.begin(builder, options.leftDevices?.get(device) ?? options.recovered);
	}

	start(): void {
		this.#running ??= this.#run();
	}

	async stop(): Promise<void> {
		this.#stopping.abort();
		await this.#running;
	}

	/** Of the server's settings those change that need no other connection. */
	tune(server: ServerConfig): void {
		this.#options.tuning.change(server);
	}

	get isConnected(): boolean {
		return this.#contact.isConnected;
	}

	state(): SourceState {
		const { server, resolver } = this.#options;
		return {
			server: server.name,
			security: this.#endpoints.present.security.inUse,
			endpoint: this.#endpoints.present.server.endpoint,
			serviceLevel: this.#endpoints.serviceLevel,
			connected: this.isConnected,
			tags: this.#tags.count,
			tagsSubscribed: this.isConnected ? this.#tags.count - this.#care.refused : 0,
			tagsUnresolved: resolver?.unresolved ?? 0,
			...this.#sampling.state,
			lastNotificationAgeMs: this.#contact.ageMs,
			lastError: this.#contact.lastError,
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
		this.#listChanged();
	}

	/** A further device, which another source has left or which is new; no other one is touched. */
	addDevice(device: DeviceConfig, tags: readonly ReadableTag[], left: LeftOfDevice | undefined): void {
		const builder = this.#tags.add(device, tags);
		this.#cycles.begin(builder, left ?? this.#options.recovered);
		builder.begin();
		this.#listChanged();
	}

	/** The device is not read here any more; no other one is touched. */
	removeDevice(device: string): LeftOfDevice | undefined {
		const builder = this.#builders.get(device);
		const left = builder && this.#cycles.leave(builder, this.#causeOfLeaving);
		this.#care.left(this.#tags.remove(device));
		this.#listChanged();
		return left;
	}

	#listChanged(): void {
		this.#watched.listChanged();
		this.#session?.tagsChanged();
	}

	/** A server that is lost has its own hole, though nobody knows yet whether the subscription has it all. */
	get #causeOfLeaving(): GapCause {
		const { isBelieved, lastResponseMs } = this.#contact;
		return isBelieved || lastResponseMs === undefined ? "reconfigured" : "server_unreachable";
	}

	/** For the source that takes its place; to be asked when it has stopped. */
	left(): LeftSource {
		const devices = new Map<string, LeftOfDevice>();
		for (const [name, builder] of this.#builders)
			devices.set(name, this.#cycles.leave(builder, this.#causeOfLeaving));
		return {
			...{ devices, backfill: this.#backfill, budgets: this.#endpoints.leave() },
			...{ lastResponseMs: this.#contact.lastResponseMs, wasConnected: this.#contact.isBelieved },
		};
	}

	async #run(): Promise<void> {
		const { clock, telemetry, resolver } = this.#options;
		const stopping = this.#stopping.signal;
		this.#contact.start(stopping);
		const endpoints = this.#endpoints;
		let left: LeftSession | undefined;
		while (!stopping.aborted) {
			const used = endpoints.present;
			const needsSession = left === undefined || left.isSessionGone;
			await pause(clock, used.budget.attemptWaitMs(clock.monotonicMs(), needsSession), stopping);
			if (stopping.aborted) break;
			const session: PlantSession = new PlantSession({
				...{ ...used, clock, left, watched: this.#watched, listener: this },
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
		return this.#contact.silentMs;
	}

	answered(isWatching: boolean, serverMs?: number): void {
		this.#contact.answered();
		this.#cycles.times.responded(serverMs);
		if (!isWatching || this.isConnected) return;
		// The client recovered by itself: a transferred subscription repeats each tag's present value.
		this.watching();
		this.#hasConnected();
	}

	watching(): void {
		const nowMs = this.#options.clock.monotonicMs();
		for (const builder of this.#builders.values()) builder.expectRepeats(nowMs);
	}

	watched(refused: readonly RefusedTag[]): void {
		this.#care.watched(refused);
		this.#hasConnected();
		this.#refused(refused);
		this.#sampling.report(this.#watched);
	}

	watchedFurther(refused: readonly RefusedTag[]): void {
		this.#care.watchedFurther(refused);
		this.#refused(refused);
		this.#sampling.report(this.#watched);
	}

	#refused(refused: readonly RefusedTag[]): void {
		this.#begun(new Set(refused.map(({ place }) => place)));
		for (const { place, statusCode } of refused) {
			const named = this.#tags.list[place];
			if (named !== undefined) this.#sayBad(partsOf(named), statusCode);
		}
	}

	/** Devices that have come and whose tags are all asked for, these answers among them. */
	#begun(answered: ReadonlySet<number>): void {
		if (![...this.#builders.values()].some(({ isBeginning }) => isBeginning)) return;
		const waiting = new Set(this.#watched.behind().added.filter((place) => !answered.has(place)));
		this.#tags.begun(waiting, this.#options.clock.monotonicMs());
	}

	dueAgain(session: ClientSession, nodeIdOf: NodeIdOf): Promise<readonly number[]> {
		return this.#care.due(session, nodeIdOf);
	}

	watchedAgain(places: readonly number[], refused: readonly RefusedTag[]): void {
		this.#care.watchedAgain(places, refused);
	}

	async backfill(session: ClientSession, nodeIdOf: NodeIdOf, over: AbortSignal): Promise<void> {
		await this.#backfill.run(session, (tagId) => this.#tags.historyTag(tagId, nodeIdOf), over);
	}

	#hasConnected(): void {
		const { telemetry, server } = this.#options;
		this.#backoff.reset();
		this.#endpoints.connected();
		this.#contact.connected();
		const refusedTags = this.#care.refused;
		telemetry.serverConnected({ server: server.name, tags: this.#tags.count - refusedTags, refusedTags });
	}

	message(message: NotificationMessage, isCycleEnd: boolean, publishedMs: number | undefined): void {
		this.#messages.take(message);
		if (isCycleEnd) this.#cycles.finish(publishedMs);
	}

	polled(round: PollRound): void {
		this.#begun(new Set());
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
		this.#cycles.lost(this.#contact.cause);
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

	silent(reason: string): void {
		this.#contact.silent(reason);
	}

	#sayBad(tags: readonly SourceTag[], status: number): void {
		const { clock } = this.#options;
		const elapsedMs = Math.round(this.#contact.ageMs ?? 0);
		this.#agentsWord.bad(this.#builders, tags, status, { elapsedMs, wallMs: clock.wallMs() });
	}
}
