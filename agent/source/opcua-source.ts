import { DataChangeNotification, type NotificationMessage, StatusChangeNotification } from "node-opcua";
import type { GapCause } from "../../common/contract/gap.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import { statusCodes } from "../../common/contract/status.ts";
import { Backoff } from "../../common/runtime/backoff.ts";
import { type Clock, pause } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { DeviceConfig, ServerConfig } from "../config.ts";
import type { CycleSink, ReadableTag, Recovered, SampleSource, SourceState, TagSet } from "../pipeline.ts";
import type { TagBook } from "../tag-book.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import type { CycleBuilder, CycleCounts, SourceTag } from "./cycle-builder.ts";
import { takeBody } from "./data-change-body.ts";
import { DataChangeReader } from "./data-change-reader.ts";
import type { RefusedTag } from "./opcua-session.ts";
import { type ClockStep, PlantClock } from "./plant-clock.ts";
import { type PlantListener, PlantSession } from "./plant-session.ts";
import { completeTags, SourceTags, type Surplus, type TagResolver } from "./source-tags.ts";

export interface OpcuaSourceOptions {
	readonly server: ServerConfig;
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

/** So near to its ends a step of the server's clock may have samples. */
const clockStepEdgeMs = 2_500;

/** Reads one OPC UA server through one subscription until it is stopped; never gives up. */
export class OpcuaSource implements SampleSource, PlantListener {
	readonly name: string;
	readonly #options: OpcuaSourceOptions;
	readonly #tags: SourceTags;
	readonly #builders: ReadonlyMap<string, CycleBuilder>;
	#session: PlantSession | undefined;
	readonly #reader = new DataChangeReader();
	readonly #bad = new SampleColumns(64);
	readonly #plantClock = new PlantClock();
	readonly #backoff = new Backoff({ initialMs: 500, maximumMs: 10_000, factor: 2 });
	#stopping = new AbortController();
	#running: Promise<void> | undefined;
	#connected = false;
	readonly #refusedIds = new Set<number>();
	#lastError: string | undefined;
	#lastResponseMs: number | undefined;
	/** Where each device's hole begins, and why: the subscription, or the agent itself, was gone. */
	readonly #holes = new Map<string, { fromMs: number; cause: GapCause }>();

	constructor(options: OpcuaSourceOptions) {
		this.name = `OPC UA source ${options.server.name}`;
		this.#options = options;
		this.#tags = new SourceTags(options.tags);
		this.#builders = this.#tags.builders;
		const known = options.known ?? completeTags;
		for (const device of options.devices) {
			const builder = this.#tags.add(device, known(device));
			const stoppedMs = options.recovered.throughMs.get(device.name);
			builder.resume(stoppedMs, options.recovered.samples);
			if (stoppedMs !== undefined) this.#holes.set(device.name, { fromMs: stoppedMs, cause: "agent_down" });
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
			connected: this.#connected,
			tags: this.#tags.count,
			tagsSubscribed: this.#connected ? this.#tags.count - this.#refusedIds.size : 0,
			tagsUnresolved: resolver?.unresolved ?? 0,
			lastNotificationAgeMs:
				this.#lastResponseMs === undefined ? undefined : clock.monotonicMs() - this.#lastResponseMs,
			lastError: this.#lastError,
		};
	}

	/** Values of tags that stay are not touched; a tag whose node is gone says so with its last sample. */
	tagsChanged({ device, tags, gone }: TagSet): void {
		const { came, left } = this.#tags.change(device, tags);
		this.#builders.get(device)?.resumeFurther(came, this.#options.recovered.samples);
		for (const { tag } of left) this.#refusedIds.delete(tag.id);
		const lost = left.filter(({ tag }) => gone.has(tag.name));
		this.#sayBad(lost, statusCodes.BadNodeIdUnknown);
		this.#session?.tagsChanged();
	}

	async #run(): Promise<void> {
		const { clock, server, telemetry, resolver } = this.#options;
		const stopping = this.#stopping.signal;
		while (!stopping.aborted) {
			const session = new PlantSession({
				...{ server, clock, listener: this },
				tags: () => this.#tags.items,
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
			// Also after an outage in which the client kept its subscription until now.
			this.subscriptionLost();
			await session.close();
			if (stopping.aborted) return;
			const retryMs = this.#backoff.nextMs();
			telemetry.serverRetried({ server: server.name, reason, retryMs });
			await pause(clock, retryMs, stopping);
		}
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
		for (const builder of this.#builders.values()) builder.expectRepeats();
	}

	watched(refused: readonly RefusedTag[]): void {
		this.#backoff.reset();
		this.#refusedIds.clear();
		for (const { tag, parts = [tag] } of refused) for (const { tag } of parts) this.#refusedIds.add(tag.id);
		this.#isConnected();
		this.#refused(refused);
	}

	#refused(refused: readonly RefusedTag[]): void {
		const { server, telemetry } = this.#options;
		for (const { tag, parts = [tag], statusCode, statusName } of refused) {
			for (const part of parts) this.#refusedIds.add(part.tag.id);
			telemetry.tagRefused({
				server: server.name,
				tag: `${tag.tag.device}/${tag.tag.name}`,
				status: statusName,
			});
			this.#sayBad(parts, statusCode);
		}
	}

	watchedFurther(refused: readonly RefusedTag[]): void {
		this.#refused(refused);
	}

	#isConnected(): void {
		const { telemetry, server } = this.#options;
		this.#connected = true;
		this.#lastError = undefined;
		const tags = this.#tags.count - this.#refusedIds.size;
		telemetry.serverConnected({ server: server.name, tags, refusedTags: this.#refusedIds.size });
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
		const counts: CycleCounts = { samples: 0, notGood: 0, repeats: 0, overflows: 0 };
		for (const builder of this.#builders.values()) {
			const beforeMs = builder.newestMs;
			const overflowsBefore = counts.overflows;
			const cycle = builder.finish(throughMs, counts);
			if (cycle === undefined) continue;
			this.#closeHole(builder, cycle.samples);
			if (counts.overflows > overflowsBefore) {
				sink.gap({
					device: builder.device,
					tags: [],
					// The first cycle of all has nothing before it; what its queues lost lies before their oldest value.
					fromMs: Number.isFinite(beforeMs) ? beforeMs : (cycle.samples.sourceMs[0] as number),
					toMs: builder.newestMs,
					cause: "server_overflow",
					backfilled: false,
				});
			}
			sink.cycle(cycle);
		}
		telemetry.samplesReceived(server.name, counts.samples, counts.notGood, counts.repeats);
		if (counts.overflows > 0) telemetry.serverOverflowed(server.name, counts.overflows);
	}

	/**
	 * Between the two times of a clock that was set forward no value can be. What kept such values would be a server that
	 * could not publish for so long; then nothing is missing. A clock that was set back leaves no hole, only times twice.
	 */
	#clockStepped({ fromMs, toMs }: ClockStep): void {
		const { server, sink, telemetry } = this.#options;
		const builders = [...this.#builders.values()];
		const isWithin = (ms: number): boolean => ms > fromMs + clockStepEdgeMs && ms < toMs - clockStepEdgeMs;
		if (builders.some(({ samples }) => samples.sourceMs.subarray(0, samples.count).some(isWithin))) return;
		telemetry.serverClockSet({ server: server.name, byMs: toMs - fromMs });
		if (toMs < fromMs) return;
		for (const { device, isTimedByServer } of builders) {
			if (!isTimedByServer || this.#holes.has(device)) continue;
			sink.gap({ device, tags: [], fromMs, toMs, cause: "clock", backfilled: false });
		}
	}

	/** Writes down what was missed between the last sample before an outage and the first one after it. */
	#closeHole(builder: CycleBuilder, samples: SampleColumns): void {
		const hole = this.#holes.get(builder.device);
		if (hole === undefined || samples.count === 0) return;
		const { fromMs, cause } = hole;
		// The first values of a new subscription are the newest of their tags; what was before them is missed.
		let toMs = Number.NEGATIVE_INFINITY;
		for (let index = 0; index < samples.count; index++)
			toMs = Math.max(toMs, samples.sourceMs[index] as number);
		if (toMs <= fromMs) return;
		this.#holes.delete(builder.device);
		this.#options.sink.gap({
			device: builder.device,
			tags: [],
			fromMs,
			toMs,
			cause,
			backfilled: false,
		});
	}

	/** What changes until the next first values is missed. */
	subscriptionLost(): void {
		this.#plantClock.reset();
		this.#holeFrom("server_unreachable");
		for (const builder of this.#builders.values()) {
			builder.discard();
			builder.expectRepeats();
		}
	}

	republished(): void {
		this.#options.telemetry.messageRepublished(this.#options.server.name);
	}

	missed(): void {
		this.#options.telemetry.messagesMissed(this.#options.server.name);
		this.#holeFrom("sequence");
	}

	#holeFrom(cause: GapCause): void {
		for (const { device, newestMs } of this.#builders.values())
			if (newestMs > 0 && !this.#holes.has(device)) this.#holes.set(device, { fromMs: newestMs, cause });
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

	/**
	 * A tag that cannot be read is Bad, as a sample like any other. Its source time is the server's: the newest seen
	 * plus the time that has passed here since, because our own clock is not the plant's.
	 */
	#sayBad(tags: readonly SourceTag[], status: number): void {
		const { clock, sink } = this.#options;
		const elapsedMs =
			this.#lastResponseMs === undefined ? 0 : Math.round(clock.monotonicMs() - this.#lastResponseMs);
		for (const builder of this.#builders.values()) {
			const mine = tags.filter(({ tag }) => tag.device === builder.device);
			if (mine.length === 0) continue;
			const sourceMs = builder.newestMs > 0 ? builder.newestMs + elapsedMs : clock.wallMs();
			this.#bad.reserve(mine.length);
			this.#bad.count = mine.length;
			for (const [index, { tag }] of mine.entries()) {
				this.#bad.tagId[index] = tag.id;
				this.#bad.sourceMs[index] = sourceMs;
				this.#bad.sourceRestTicks[index] = 0;
				this.#bad.serverLagTicks[index] = Number.NaN;
				this.#bad.status[index] = status;
				this.#bad.setValue(index, null);
			}
			sink.cycle({ device: builder.device, samples: this.#bad, throughMs: undefined });
		}
	}
}
