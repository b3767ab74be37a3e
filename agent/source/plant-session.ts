import type { ClientSession, ClientSubscription, NotificationMessage, OPCUAClient } from "node-opcua";
import { type Clock, every } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { ServerConfig } from "../config.ts";
import {
	createClient,
	isSubscriptionGone,
	type NamedTag,
	openSession,
	type RefusedTag,
	republish,
	silentAfterMs,
	watchTags,
} from "./opcua-session.ts";
import { OrderedMessages } from "./ordered-messages.ts";
import { WatchedItems } from "./watched-items.ts";

/** What a session tells its owner, from its beginning to its end and never after it. */
export interface PlantListener {
	/** Milliseconds of monotonic time since `answered` was called. */
	readonly silentMs: number;
	/** The server has answered; `isWatching` says whether what it answers can be complete. */
	answered(isWatching: boolean): void;
	/** Values cannot be had at the moment, and why; the server may still gather them. */
	silent(reason: string): void;
	/** The subscription is gone with everything that it had gathered. */
	subscriptionLost(): void;
	/** Every tag is being asked for: its present value follows, which may be known already. */
	watching(): void;
	/** Every tag is asked for, and the server would not watch these. */
	watched(refused: readonly RefusedTag[]): void;
	/**
	 * Each message once, in order; `isCycleEnd` is false while a publish cycle goes on; `publishedMs` is the server's time
	 * of it, when it can be known. What it throws ends the session.
	 */
	message(message: NotificationMessage, isCycleEnd: boolean, publishedMs: number | undefined): void;
	/** Further tags are asked for, and the server would not watch these. */
	watchedFurther(refused: readonly RefusedTag[]): void;
	/** A message that was lost on its way was asked for again and has come. */
	republished(): void;
	/** A message is gone for good: what it said is missing before the next one. */
	missed(): void;
}

export interface PlantSessionOptions {
	readonly server: ServerConfig;
	/** The tags of this moment. */
	readonly tags: () => readonly NamedTag[];
	readonly clock: Clock;
	readonly listener: PlantListener;
	/** Called when every tag is watched, again for each new subscription; the signal ends with the session. */
	readonly onWatched?: ((session: ClientSession, over: AbortSignal) => void) | undefined;
}

/** What is looked at of a response before its notification comes. */
interface ReceivedResponse {
	readonly schema?: { readonly name: string };
	readonly moreNotifications?: boolean;
	readonly responseHeader?: { readonly timestamp?: Date | null };
}

/** A client that has not recovered by itself within this time is thrown away and built anew. */
const rebuildAfterMs = 60_000;
const disconnectWithinMs = 2_000;

/**
 * One client with one subscription, from connecting to the end. It repairs what can be repaired: a connection that
 * broke, messages that were lost on the way, a subscription that the server has lost.
 */
export class PlantSession {
	readonly #options: PlantSessionOptions;
	readonly #client: OPCUAClient;
	readonly #over = new AbortController();
	readonly #ended = Promise.withResolvers<string>();
	/** The present run of asking for every tag; another one takes its place when the subscription is a new one. */
	#watch = {};
	#isWatching = false;
	#items: WatchedItems | undefined;
	#moreNotifications = false;
	/** The server's time in the header of the response that came last, and of each message's response. */
	#respondedMs: number | undefined;
	readonly #responded = new WeakMap<NotificationMessage, number>();

	constructor(options: PlantSessionOptions) {
		this.#options = options;
		this.#client = createClient(options.server);
	}

	/**
	 * Resolves at the session's end with the reason.
	 * @throws CodedError OPCUA_UNREACHABLE, OPCUA_NAMESPACE_UNKNOWN; Error when `stopping` is aborted
	 */
	async run(stopping: AbortSignal): Promise<string> {
		const over = this.#over.signal;
		const aborted = new Promise<never>((_, reject) => {
			const fail = () => reject(new Error("stopped"));
			if (stopping.aborted) fail();
			stopping.addEventListener("abort", fail, { once: true, signal: over });
		});
		try {
			return await Promise.race([this.#work(), aborted]);
		} finally {
			// Ends this session's timers and listeners, which would otherwise gather with every attempt.
			this.#over.abort();
		}
	}

	/** There are other tags than before: the server is told of the difference, and nothing else. */
	tagsChanged(): void {
		const items = this.#items;
		items?.follow().catch((error: unknown) => {
			// Another subscription has taken the place of the one that failed.
			if (items === this.#items) this.#ended.resolve(errorText(error));
		});
	}

	/** Takes the client down within a bound, whatever state it is in. */
	async close(): Promise<void> {
		let cancel = () => {};
		const bound = new Promise<void>((resolve) => {
			cancel = this.#options.clock.after(disconnectWithinMs, resolve);
		});
		// What a broken client says while it is taken down is of no use to anyone.
		await Promise.race([this.#client.disconnect().catch(() => undefined), bound]);
		cancel();
	}

	/** Some servers leave the publish time out, which decodes to 1601; then the time of the response stands for it. */
	#publishedMs(message: NotificationMessage): number | undefined {
		const publishMs = message.publishTime?.getTime() ?? 0;
		return publishMs > 0 ? publishMs : this.#responded.get(message);
	}

	async #work(): Promise<string> {
		const { server, listener } = this.#options;
		const client = this.#client;
		const over = this.#over.signal;
		// `receive_response` comes before the notification of the same response; it alone tells whether a cycle goes on.
		client.on("receive_response", (response: ReceivedResponse) => {
			if (response.schema?.name !== "PublishResponse") return;
			this.#moreNotifications = response.moreNotifications === true;
			this.#respondedMs = response.responseHeader?.timestamp?.getTime();
		});
		client.on("connection_lost", () => over.aborted || listener.silent("the connection broke"));
		await client.connect(server.endpoint);
		if (over.aborted) return "stopped";
		const { session, subscription } = await openSession(client, server);
		const end = (error: unknown) => this.#ended.resolve(errorText(error));
		const messages = new OrderedMessages<NotificationMessage>({
			republish: async (sequenceNumber) => {
				const message = await republish(session, subscription.subscriptionId, sequenceNumber);
				if (message !== undefined) listener.republished();
				return message;
			},
			deliver: (message, isCycleEnd) =>
				over.aborted || listener.message(message, isCycleEnd, this.#publishedMs(message)),
			missed: () => over.aborted || listener.missed(),
			failed: end,
		});
		session.on("session_closed", (status) => end(`the session was closed: ${status.name}`));
		subscription.on("raw_notification", (message) => {
			if (over.aborted) return;
			listener.answered(this.#isWatching);
			// Before every tag is watched only keep-alives come, and they prove nothing yet.
			if (!this.#isWatching && (message.notificationData ?? []).length === 0) return;
			if (this.#respondedMs !== undefined) this.#responded.set(message, this.#respondedMs);
			try {
				messages.offer(message, !this.#moreNotifications);
			} catch (error) {
				// The library would swallow it, and the values with it.
				end(error);
			}
		});
		const watch = async () => {
			const current = {};
			this.#watch = current;
			this.#isWatching = false;
			messages.restart();
			listener.watching();
			this.#items = undefined;
			const tags = [...this.#options.tags()];
			const refused = await watchTags(session, subscription, server, tags);
			if (over.aborted || this.#watch !== current) return;
			this.#isWatching = true;
			listener.watched(refused);
			this.#items = new WatchedItems({ ...this.#options, session, subscription, over, watched: tags });
			this.tagsChanged();
			this.#options.onWatched?.(session, over);
		};
		(subscription as unknown as { on(event: "subscriptionId_changed", listener: () => void): void }).on(
			"subscriptionId_changed",
			() => {
				if (over.aborted) return;
				// The library has made a new subscription in place of one that the server has lost: without our items.
				listener.subscriptionLost();
				watch().catch(end);
			},
		);
		listener.answered(false);
		await watch();
		if (!over.aborted) this.#guardSilence(subscription);
		return await this.#ended.promise;
	}

	/** Ends the session when the server stays silent too long, or at once when it has lost the subscription. */
	#guardSilence(subscription: ClientSubscription): void {
		const { clock, listener } = this.#options;
		let isAsking = false;
		const stop = every(clock, 1_000, () => {
			const { silentMs } = listener;
			if (silentMs > rebuildAfterMs) this.#ended.resolve("the subscription stayed silent");
			if (silentMs <= silentAfterMs(subscription)) return;
			listener.silent(`no publish response for ${Math.round(silentMs / 1_000)} s`);
			// To ask is to let it publish, which has to wait until every tag is watched.
			if (isAsking || !this.#isWatching || this.#client.isReconnecting) return;
			isAsking = true;
			isSubscriptionGone(subscription).then((isGone) => {
				isAsking = false;
				if (isGone) this.#ended.resolve("the server does not have the subscription any more");
			}, this.#ended.reject);
		});
		this.#over.signal.addEventListener("abort", stop, { once: true });
	}
}
