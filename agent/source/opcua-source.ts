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
import type {
	Cycle,
	CycleSink,
	ReadableTag,
	Recovered,
	SampleSource,
	SourceState,
	TagSet,
} from "../pipeline.ts";
import type { TagBook } from "../tag-book.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { AgentsWord } from "./agents-word.ts";
import { type Backfill, backfillOf } from "./backfill.ts";
import type { CycleBuilder, CycleCounts, SourceTag } from "./cycle-builder.ts";
import { takeBody } from "./data-change-body.ts";
import { DataChangeReader } from "./data-change-reader.ts";
import { disconnect, type LeftSession } from "./left-session.ts";
import { type ClockStep, hasWithin, PlantClock } from "./plant-clock.ts";
import type { NodeIdOf, PlantListener } from "./plant-listener.ts";
import { PlantSession } from "./plant-session.ts";
import type { ServerSecurity } from "./server-security.ts";
import { SessionBudget } from "./session-budget.ts";
import { overflowGap, SourceHoles } from "./source-holes.ts";
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

/** Reads one OPC UA server through one subscription until it is stopped; never gives up. */
export class OpcuaSource implements SampleSource, PlantListener {
	readonly name: string;
	readonly #options: OpcuaSourceOptions;
	readonly #tags: SourceTags;
	readonly #builders: ReadonlyMap<string, CycleBuilder>;
	#session: PlantSession | undefined;
	readonly #reader = new DataChangeReader();
	readonly #agentsWord: AgentsWord;
	readonly #plantClock = new PlantClock();
	readonly #backoff = new Backoff({ initialMs: 500, maximumMs: 4_000, factor: 2 });
	readonly #budget = new SessionBudget();
	readonly #watched: WatchedTags;
	readonly #backfill: Backfill | undefined;
	readonly #care: TagCare;
	#stopping = new AbortController();
	#running: Promise<void> | undefined;
	#connected = false;
	#lastError: string | undefined;
	#lastResponseMs: number | undefined;
	readonly #holes = new SourceHoles();

	constructor(options: OpcuaSourceOptions) {
		this.name = `OPC UA source ${options.server.name}`;
		this.#agentsWord = new AgentsWord(options.sink);
		this.#options = options;
		this.#tags = new SourceTags(options.tags);
		this.#builders = this.#tags.builders;
		const known = options.known ?? completeTags;
		for (const device of options.devices) {
			const builder = this.#tags.add(device, known(device));
			const stoppedMs = options.recovered.throughMs.get(device.name);
			builder.resume(stoppedMs, options.recovered.samples);
			if (stoppedMs !== undefined)
				this.#holes.open(device.name, stoppedMs, "agent_down", () => builder.noteMissing());
		}
		const { list: tags, places } = this.#tags;
		this.#backfill = backfillOf(options);
		this.#care = new TagCare({
			...options,
			...{ tags, places, builders: this.#builders },
			sayBad: (tags, status) => this.#sayBad(tags, status),
		});
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
		const { server, telemetry, sink } = this.#options;
		const throughMs =
			publishMs === undefined
				? undefined
				: publishMs - Math.max(0, server.sampling_interval_ms) - server.lateness_ms;
		const step =
			publishMs === undefined
				? undefined
				: this.#plantClock.published(publishMs, this.#options.clock.monotonicMs());
		if (step !== undefined) this.#clockStepped(step);
		const counts: CycleCounts = { samples: 0, notGood: 0, repeats: 0, overflows: 0, gone: [] };
		const nowMs = this.#options.clock.monotonicMs();
		for (const builder of this.#builders.values()) {
			const beforeMs = builder.newestMs;
			const overflowsBefore = counts.overflows;
			const cycle = builder.finish(throughMs, counts, nowMs);
			if (cycle !== undefined) this.#take(builder, cycle, beforeMs, counts.overflows > overflowsBefore);
			const same = builder.stillSame(nowMs);
			if (same !== undefined) sink.cycle(same);
		}
		telemetry.samplesReceived(server.name, counts.samples, counts.notGood, counts.repeats);
		if (counts.overflows > 0) telemetry.serverOverflowed(server.name, counts.overflows);
		this.#care.gone(counts.gone);
	}

	/** A cycle of a device, after whatever is missing before it. */
	#take(builder: CycleBuilder, cycle: Cycle, beforeMs: number, hasOverflowed: boolean): void {
		const { sink } = this.#options;
		const hole = this.#holes.close(builder.device, cycle.samples);
		if (hole !== undefined) {
			sink.gap(hole.gap);
			const { missing } = hole;
			if (missing !== undefined) this.#backfill?.closed(hole.gap, () => missing.told());
		}
		if (hasOverflowed) sink.gap(overflowGap(cycle, beforeMs, builder.newestMs));
		sink.cycle(cycle);
	}

	#clockStepped(step: ClockStep): void {
		const { server, sink, telemetry } = this.#options;
		const builders = [...this.#builders.values()];
		if (builders.some(({ samples }) => hasWithin(step, samples))) return;
		const { fromMs, toMs } = step;
		telemetry.serverClockSet({ server: server.name, byMs: toMs - fromMs });
		if (toMs < fromMs) return;
		for (const { device, isTimedByServer } of builders) {
			if (!isTimedByServer || this.#holes.has(device)) continue;
			sink.gap({ device, tags: [], fromMs, toMs, cause: "clock", backfilled: false });
		}
	}

	/** What changes until the next first values is missed. */
	subscriptionLost(): void {
		this.#plantClock.reset();
		this.#holesFrom("server_unreachable");
		for (const builder of this.#builders.values()) builder.discard();
	}

	republished(): void {
		this.#options.telemetry.messageRepublished(this.#options.server.name);
	}

	missed(): void {
		this.#options.telemetry.messagesMissed(this.#options.server.name);
		this.#holesFrom("sequence");
		for (const builder of this.#builders.values()) builder.doubt(this.#options.clock.monotonicMs());
	}

	#holesFrom(cause: GapCause): void {
		for (const builder of this.#builders.values())
			this.#holes.open(builder.device, builder.newestMs, cause, () => builder.noteMissing());
	}

	/** The tags are Bad from here on. Whether values are missing shows when the server is back. */
	silent(reason: string): void {
		this.#lastError = reason;
		if (!this.#connected) return;
		this.#connected = false;
		if (this.#stopping.signal.aborted) return;
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
