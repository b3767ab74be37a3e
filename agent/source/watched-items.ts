import type { ClientSession, ClientSessionRawSubscriptionService, ClientSubscription } from "node-opcua";
import type { ServerConfig } from "../config.ts";
import { type NamedTag, type RefusedTag, watchFurther } from "./opcua-session.ts";

interface WatchedItemsOptions {
	readonly session: ClientSession;
	readonly subscription: ClientSubscription;
	readonly server: ServerConfig;
	/** What the server watches now. */
	readonly watched: readonly NamedTag[];
	/** What it should watch. */
	readonly tags: () => readonly NamedTag[];
	readonly listener: { watchedFurther(refused: readonly RefusedTag[]): void };
	readonly over: AbortSignal;
}

/** Items that one request takes away. */
const itemsPerCall = 1_000;

/**
 * Keeps the monitored items of one subscription equal to the tags while both exist: what is new is created, what is gone
 * is deleted (Part 4 §5.13.2 and §5.13.6), and every other item keeps its queue.
 */
export class WatchedItems {
	readonly #options: WatchedItemsOptions;
	#watched: readonly NamedTag[];
	#following: Promise<void> | undefined;
	#again = false;

	constructor(options: WatchedItemsOptions) {
		this.#options = options;
		this.#watched = options.watched;
	}

	/** Resolves when the server watches what there is now; changes in between are followed by the same run. */
	follow(): Promise<void> {
		this.#again = true;
		this.#following ??= this.#follow().finally(() => {
			this.#following = undefined;
		});
		return this.#following;
	}

	async #follow(): Promise<void> {
		const { tags, over } = this.#options;
		while (this.#again && !over.aborted) {
			this.#again = false;
			const wanted = [...tags()];
			const isWanted = new Set(wanted);
			const isWatched = new Set(this.#watched);
			const added = wanted.filter((tag) => !isWatched.has(tag));
			const removed = this.#watched.filter((tag) => !isWanted.has(tag));
			this.#watched = wanted;
			if (added.length > 0) await this.#add(added);
			if (removed.length > 0 && !over.aborted) await this.#remove(removed);
		}
	}

	async #add(tags: readonly NamedTag[]): Promise<void> {
		const { session, subscription, server, listener, over } = this.#options;
		const refused = await watchFurther(session, subscription, server, tags);
		if (!over.aborted) listener.watchedFurther(refused);
	}

	/** What the server says to it does not matter: an item that it no longer knows is gone as well. */
	async #remove(tags: readonly NamedTag[]): Promise<void> {
		const { session, subscription } = this.#options;
		const monitoredItemIds = tags.flatMap(({ itemId = 0 }) => (itemId === 0 ? [] : [itemId]));
		const service = session as ClientSession & ClientSessionRawSubscriptionService;
		for (let from = 0; from < monitoredItemIds.length; from += itemsPerCall) {
			await service.deleteMonitoredItems({
				subscriptionId: subscription.subscriptionId,
				monitoredItemIds: monitoredItemIds.slice(from, from + itemsPerCall),
			});
		}
	}
}
