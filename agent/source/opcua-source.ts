import type { ClientSubscription, DataValue, NotificationMessage, OPCUAClient } from "node-opcua";
import type { GapCause } from "../../common/contract/gap.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import { statusCodes } from "../../common/contract/status.ts";
import { Backoff } from "../../common/runtime/backoff.ts";
import { type Clock, every, pause } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { DeviceConfig, ServerConfig } from "../config.ts";
import type { CycleSink, Recovered, SampleSource, SourceState } from "../pipeline.ts";
import type { TagBook } from "../tag-book.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { CycleBuilder, type CycleCounts, type SourceTag } from "./cycle-builder.ts";
import { appendDataValue } from "./notification.ts";
import { createClient, openSession, silentAfterMs } from "./opcua-session.ts";

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
}

/** A client that has not recovered by itself within this time is thrown away and built anew. */
const rebuildAfterMs = 60_000;
const disconnectWithinMs = 2_000;

/** Reads one OPC UA server through one subscription until it is stopped; never gives up. */
export class OpcuaSource implements SampleSource {
	readonly name: string;
	readonly #options: OpcuaSourceOptions;
	readonly #builders = new Map<string, CycleBuilder>();
	readonly #sourceTags: { namespace: string; tag: SourceTag }[] = [];
	readonly #bad = new SampleColumns(64);
	#watched: ReadonlyMap<number, SourceTag> = new Map();
	#stopping = new AbortController();
	#running: Promise<void> | undefined;
	#connected = false;
	#lastError: string | undefined;
	#lastResponseMs: number | undefined;
	#moreNotifications = false;
	/** Where each device's hole begins, and why: the subscription, or the agent itself, was gone. */
	readonly #holes = new Map<string, { fromMs: number; cause: GapCause }>();

	constructor(options: OpcuaSourceOptions) {
		this.name = `OPC UA source ${options.server.name}`;
		this.#options = options;
		for (const device of options.devices) {
			const tags = device.tags.map(({ name, node }, rank): SourceTag => {
				const tag = options.tags.find(device.name, name);
				if (tag === undefined) throw new Error(`the tag book has no ${device.name}/${name}`);
				return { tag, nodeId: node, rank };
			});
			const builder = new CycleBuilder(device, tags);
			const stoppedMs = options.recovered.throughMs.get(device.name);
			builder.resume(stoppedMs, options.recovered.samples);
			if (stoppedMs !== undefined) this.#holes.set(device.name, { fromMs: stoppedMs, cause: "agent_down" });
			this.#builders.set(device.name, builder);
			for (const tag of tags) this.#sourceTags.push({ namespace: device.namespace, tag });
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
		const { clock, server } = this.#options;
		return {
			server: server.name,
			connected: this.#connected,
			tags: this.#sourceTags.length,
			tagsSubscribed: this.#connected ? this.#watched.size : 0,
			lastNotificationAgeMs:
				this.#lastResponseMs === undefined ? undefined : clock.monotonicMs() - this.#lastResponseMs,
			lastError: this.#lastError,
		};
	}

	async #run(): Promise<void> {
		const { clock, server, telemetry } = this.#options;
		const backoff = new Backoff({ initialMs: 500, maximumMs: 10_000, factor: 2 });
		while (!this.#stopping.signal.aborted) {
			const client = createClient(server);
			let reason: string;
			try {
				reason = await this.#session(client, () => backoff.reset());
			} catch (error) {
				reason = errorText(error);
			}
			this.#lost(reason);
			await disconnect(client, clock);
			if (this.#stopping.signal.aborted) return;
			const retryMs = backoff.nextMs();
			telemetry.serverRetried({ server: server.name, reason, retryMs });
			await pause(clock, retryMs, this.#stopping.signal);
		}
	}

	/** One client from connecting to its end; resolves with the reason why it has to be built anew. */
	async #session(client: OPCUAClient, opened: () => void): Promise<string> {
		const over = new AbortController();
		try {
			return await this.#sessionUntil(over.signal, client, opened);
		} finally {
			// Ends this session's timers and listeners, which would otherwise gather with every attempt.
			over.abort();
		}
	}

	async #sessionUntil(over: AbortSignal, client: OPCUAClient, opened: () => void): Promise<string> {
		const { server, clock, telemetry } = this.#options;
		const aborted = new Promise<never>((_, reject) => {
			const fail = () => reject(new Error("stopped"));
			if (this.#stopping.signal.aborted) fail();
			this.#stopping.signal.addEventListener("abort", fail, { once: true, signal: over });
		});
		// `receive_response` comes before the notification of the same response; it alone tells whether a cycle goes on.
		client.on("receive_response", (response: { schema?: { name: string }; moreNotifications?: boolean }) => {
			if (response.schema?.name !== "PublishResponse") return;
			this.#moreNotifications = response.moreNotifications === true;
		});
		client.on("connection_lost", () => this.#lost("the connection broke"));
		await Promise.race([client.connect(server.endpoint), aborted]);
		const { session, subscription, tags, refused } = await Promise.race([
			openSession(client, server, this.#sourceTags),
			aborted,
		]);
		this.#watched = tags;
		for (const builder of this.#builders.values()) builder.expectRepeats();
		const ended = new Promise<string>((resolve) => {
			session.on("session_closed", (status) => resolve(`the session was closed: ${status.name}`));
			const stop = every(clock, 1_000, () => {
				const silentMs = clock.monotonicMs() - (this.#lastResponseMs ?? 0);
				if (silentMs > silentAfterMs(subscription))
					this.#lost(`no publish response for ${Math.round(silentMs / 1_000)} s`);
				if (silentMs > rebuildAfterMs) resolve("the subscription stayed silent");
			});
			over.addEventListener("abort", stop, { once: true });
		});
		subscription.on("raw_notification", (message) => this.#received(message));
		(subscription as unknown as { on(event: "subscriptionId_changed", listener: () => void): void }).on(
			"subscriptionId_changed",
			() => this.#subscriptionLost(),
		);
		this.#lastResponseMs = clock.monotonicMs();
		await enablePublishing(subscription);
		this.#connected = true;
		this.#lastError = undefined;
		opened();
		telemetry.serverConnected({ server: server.name, tags: tags.size, refusedTags: refused.length });
		for (const { tag, statusCode, statusName } of refused) {
			telemetry.tagRefused({
				server: server.name,
				tag: `${tag.tag.device}/${tag.tag.name}`,
				status: statusName,
			});
			this.#sayBad([tag], statusCode);
		}
		return await Promise.race([ended, aborted]);
	}

	#received(message: NotificationMessage): void {
		const { clock, server, telemetry, sink } = this.#options;
		this.#lastResponseMs = clock.monotonicMs();
		if (!this.#connected && this.#watched.size > 0) this.#returned();
		for (const data of message.notificationData ?? []) {
			const items = (data as { monitoredItems?: { clientHandle: number; value: DataValue }[] } | null)
				?.monitoredItems;
			for (const { clientHandle, value } of items ?? []) {
				const source = this.#watched.get(clientHandle);
				if (source === undefined) {
					telemetry.samplesRefused("unknown_handle", 1);
					continue;
				}
				const builder = this.#builders.get(source.tag.device) as CycleBuilder;
				appendDataValue(builder.samples, source.tag.id, source.tag.datatype, value, clock.wallMs());
			}
		}
		if (this.#moreNotifications) return;
		const publishMs = message.publishTime?.getTime();
		const throughMs =
			publishMs === undefined
				? undefined
				: publishMs - Math.max(0, server.sampling_interval_ms) - server.lateness_ms;
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

	/** The subscription and its queues are gone: what changes until the next first value is missed. */
	#subscriptionLost(): void {
		for (const builder of this.#builders.values()) {
			if (builder.newestMs > 0 && !this.#holes.has(builder.device)) {
				this.#holes.set(builder.device, { fromMs: builder.newestMs, cause: "server_unreachable" });
			}
			builder.expectRepeats();
		}
	}

	#lost(reason: string): void {
		this.#lastError = reason;
		if (!this.#connected) return;
		this.#connected = false;
		if (this.#stopping.signal.aborted) return;
		this.#options.telemetry.serverLost({ server: this.#options.server.name, reason });
		this.#sayBad(
			this.#sourceTags.map(({ tag }) => tag),
			statusCodes.BadNoCommunication,
		);
		// A rebuilt client has a new subscription; a client that recovers by itself keeps the old one and its queues.
		if (reason !== "the connection broke" && !reason.startsWith("no publish response"))
			this.#subscriptionLost();
	}

	/** The client recovered by itself: transferred subscriptions repeat each tag's present value. */
	#returned(): void {
		this.#connected = true;
		this.#lastError = undefined;
		for (const builder of this.#builders.values()) builder.expectRepeats();
		const { telemetry, server } = this.#options;
		telemetry.serverConnected({ server: server.name, tags: this.#watched.size, refusedTags: 0 });
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

async function enablePublishing(subscription: ClientSubscription): Promise<void> {
	const status = await subscription.setPublishingMode(true);
	if (status.isNotGood()) throw new Error(`the server refused to publish: ${status.name}`);
	// The library makes a lost subscription again as it was created: silent, were it not told otherwise.
	(subscription as { publishingEnabled: boolean }).publishingEnabled = true;
}

/** Ends a client within a bound, whatever state it is in. */
async function disconnect(client: OPCUAClient, clock: Clock): Promise<void> {
	let cancel = () => {};
	const bound = new Promise<void>((resolve) => {
		cancel = clock.after(disconnectWithinMs, resolve);
	});
	// What a broken client says while it is taken down is of no use to anyone.
	await Promise.race([client.disconnect().catch(() => undefined), bound]);
	cancel();
}
