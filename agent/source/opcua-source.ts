import {
	type ClientSession,
	DataChangeNotification,
	type NotificationMessage,
	StatusChangeNotification,
} from "node-opcua";
import type { GapCause } from "../../common/contract/gap.ts";
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
import type { LeftOfDevice, LeftSource } from "./left-source.ts";
import type { NodeIdOf, PlantListener } from "./plant-listener.ts";
import { PlantSession } from "./plant-session.ts";
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
	/** What the source of the same server left that this one takes the place of. */
	readonly left?: LeftSource | undefined;
	/** What sources of this run, that one among them, left of devices that are read here now. */
	readonly leftDevices?: ReadonlyMap<string, LeftOfDevice> | undefined;
}

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
	readonly #budget: SessionBudget;
	readonly #watched: WatchedTags;
	readonly #backfill: Backfill | undefined;
	readonly #care: TagCare;
	#stopping = new AbortController();
	#running: Promise<void> | undefined;
	#connected = false;
	/** The tags are Good for everybody, though nothing is heard of them yet. */
	#isBelieved: boolean;
	#lastError: string | undefined;
	#lastResponseMs: number | undefined;
	readonly #cycles: SourceCycles;

	constructor(options: OpcuaSourceOptions) {
		this.name = `OPC UA source ${options.server.name}`;
		this.#agentsWord = new AgentsWord(options.sink);
		this.#options = options;
		this.#tags = new SourceTags(options.tags);
		this.#builders = this.#tags.builders;
		const { left } = options;
		const known = options.known ?? completeTags;
		this.#budget = left?.budget ?? new SessionBudget();
		this.#isBelieved = left?.wasConnected === true;
		this.#lastResponseMs = left?.lastResponseMs;
		const { list: tags, places } = this.#tags;
		this.#backfill = backfillOf(options);
		if (left?.backfill !== undefined) this.#backfill?.takeOver(left.backfill);
		this.#care = new TagCare({
			...options,
			...{ tags, places, builders: this.#builders },
			sayBad: (tags, status) => this.#sayBad(tags, status),
		});
		this.#cycles = new SourceCycles({
			...options,
			...{ server: options.server.name, builders: this.#builders, backfill: this.#backfill },
			gone: (tagIds) => this.#care.gone(tagIds),
		});
		for (const device of options.devices) {
			const builder = this.#tags.add(device, known(device));
			this.#cycles.begin(builder, options.leftDevices?.get(device.name) ?? options.recovered);
		}
		this.#watched = new WatchedTags({ server: options.server, tags });
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
			security: this.#options.security.inUse,
			connected: this.#connected,
			tags: this.#tags.count,
			tagsSubscribed: this.#connected ? this.#tags.count - this.#care.refused : 0,
			tagsUnresolved: resolver?.unresolved ?? 0,
			lastNotificationAgeMs:
				this.#lastResponseMs === undefined ? undefined : clock.monotonicMs() - this.#lastResponseMs,
			lastError: this.#lastError,
		};
	}

	/** Values of tags that stay are not touched; a tag whose node is gone says so with its last sample. */
	tagsChanged({ device, tags, gone }: TagSet): void {
		const { came, left, emptied } = this.#tags.change(device, tags);
		this.#builders.get(device)?.resumeFurther(came, this.#options.recovered.samples);
		this.#care.left(emptied);
		const lost = left.filter(({ tag }) => gone.has(tag.name));
		this.#sayBad(lost, statusCodes.BadNodeIdUnknown);
		this.#session?.tagsChanged();
	}

	/** A further device, which another source has left or which is new; no other one is touched. */
	addDevice(device: DeviceConfig, tags: readonly ReadableTag[], left: LeftOfDevice | undefined): void {
		const builder = this.#tags.add(device, tags);
		this.#cycles.begin(builder, left ?? this.#options.recovered);
		builder.begin();
		this.#session?.tagsChanged();
	}

	/** The device is not read here any more; no other one is touched. */
	removeDevice(device: string): LeftOfDevice | undefined {
		const builder = this.#builders.get(device);
		const left = builder && this.#cycles.leave(builder, this.#causeOfLeaving);
		this.#care.left(this.#tags.remove(device));
		this.#session?.tagsChanged();
		return left;
	}

	/** A server that is lost has its own hole, though nobody knows yet whether the subscription has it all. */
	get #causeOfLeaving(): GapCause {
		return this.#isBelieved || this.#lastResponseMs === undefined ? "reconfigured" : "server_unreachable";
	}

	/** For the source that takes its place; to be asked when it has stopped. */
	left(): LeftSource {
		const devices = new Map<string, LeftOfDevice>();
		for (const [name, builder] of this.#builders)
			devices.set(name, this.#cycles.leave(builder, this.#causeOfLeaving));
		return {
			...{ devices, backfill: this.#backfill, budget: this.#budget },
			...{ lastResponseMs: this.#lastResponseMs, wasConnected: this.#isBelieved },
		};
	}

	async #run(): Promise<void> {
		const { clock, server, security, telemetry, resolver } = this.#options;
		const stopping = this.#stopping.signal;
		let left: LeftSession | undefined;
		while (!stopping.aborted) {
			if (left === undefined || left.isSessionGone)
				await pause(clock, this.#budget.waitMs(clock.monotonicMs()), stopping);
			if (stopping.aborted) break;
			const session = new PlantSession({
				...{ server, security, clock, left, watched: this.#watched, budget: this.#budget, listener: this },
				onWatched: resolver && ((session, over) => resolver.run(session, over)),
			});
			this.#session = session;
			let reason: string;
			try {
				reason = await session.run(stopping);
			} catch (error) {
				reason = errorText(error);
			}
			this.silent(reason);
			// Half a cycle would look like a whole one; a subscription that goes on has the rest of it.
			left = session.left;
			if (left?.subscription === undefined) this.subscriptionLost();
			await session.close();
			if (stopping.aborted) break;
			const retryMs = this.#backoff.nextMs();
			telemetry.serverRetried({ server: server.name, reason, retryMs });
			await pause(clock, retryMs, stopping);
		}
		if (left !== undefined) await disconnect(left.client, clock);
	}

	get silentMs(): number {
		return this.#options.clock.monotonicMs() - (this.#lastResponseMs ?? 0);
	}

	answered(isWatching: boolean): void {
		this.#lastResponseMs = this.#options.clock.monotonicMs();
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
	}

	watchedFurther(refused: readonly RefusedTag[]): void {
		this.#care.watchedFurther(refused);
		this.#refused(refused);
	}

	#refused(refused: readonly RefusedTag[]): void {
		const answered = new Set(refused.map(({ place }) => place));
		const waiting = new Set(this.#watched.behind().added.filter((place) => !answered.has(place)));
		this.#tags.begun(waiting, this.#options.clock.monotonicMs());
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
		this.#connected = true;
		this.#isBelieved = true;
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
		if (isCycleEnd) this.#finishCycle(publishedMs);
	}

	#read(notification: DataChangeNotification): void {
		const { clock, telemetry } = this.#options;
		try {
			const body = takeBody(notification);
			if (body === undefined) throw new Error("expected the bytes of a notification, found none");
			const unknown = this.#reader.read(body, this.#tags.targets, clock.wallMs());
			const surplus = this.#tags.settle();
			if (surplus.length > 0) this.#hasSurplus(surplus);
			if (unknown > 0) telemetry.samplesRefused("unknown_handle", unknown);
		} catch (error) {
			// Half a cycle would look like a whole one; a new session has a hole where this one was.
			for (const builder of this.#builders.values()) builder.discard();
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

	#finishCycle(publishMs: number | undefined): void {
		const { server } = this.#options;
		const throughMs =
			publishMs === undefined
				? undefined
				: publishMs - Math.max(0, server.sampling_interval_ms) - server.lateness_ms;
		this.#cycles.finish(publishMs, throughMs);
	}

	subscriptionLost(): void {
		this.#cycles.subscriptionLost();
	}

	republished(): void {
		this.#options.telemetry.messageRepublished(this.#options.server.name);
	}

	missed(): void {
		this.#options.telemetry.messagesMissed(this.#options.server.name);
		this.#cycles.missed("sequence");
	}

	/** The tags are Bad from here on. Whether values are missing shows when the server is back. */
	silent(reason: string): void {
		this.#lastError = reason;
		this.#connected = false;
		if (!this.#isBelieved || this.#stopping.signal.aborted) return;
		this.#isBelieved = false;
		this.#options.telemetry.serverLost({ server: this.#options.server.name, reason });
		this.#sayBad(this.#tags.tags, statusCodes.BadNoCommunication);
	}

	#sayBad(tags: readonly SourceTag[], status: number): void {
		const { clock } = this.#options;
		const elapsedMs =
			this.#lastResponseMs === undefined ? 0 : Math.round(clock.monotonicMs() - this.#lastResponseMs);
		this.#agentsWord.bad(this.#builders, tags, status, { elapsedMs, wallMs: clock.wallMs() });
	}
}
