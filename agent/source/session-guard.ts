import { AttributeIds, type ClientSession } from "node-opcua";
import { type Clock, every } from "../../common/runtime/clock.ts";
import { within } from "./left-session.ts";
import type { NodeIdOf, PlantListener } from "./plant-listener.ts";
import type { PlantSubscription } from "./plant-subscription.ts";
import { readAttributes } from "./service.ts";
import type { WatchedTags } from "./watched-tags.ts";

export interface SessionGuardOptions {
	readonly session: ClientSession;
	readonly watched: WatchedTags;
	readonly clock: Clock;
	readonly listener: PlantListener;
	readonly over: AbortSignal;
	readonly nodeIdOf: NodeIdOf;
	/** Undefined in a session that only polls. */
	readonly subscription: () => PlantSubscription | undefined;
	/** Something of it has come through this session, or it was made in it and has the time that all its items take. */
	readonly isHeard: () => boolean;
	/** By namespace; `refresh` has the server say them anew. */
	readonly prefixes: (refresh: boolean) => Promise<ReadonlyMap<string, string>>;
	/** Ends the session. */
	readonly end: (reason: string) => void;
	readonly failed: (error: unknown) => void;
}

/** A server that says nothing is asked whether it lives, this often and for so long at most. */
const aliveEveryMs = 1_000;
const aliveWithinMs = 5_000;
/** Without a subscription nothing comes by itself. */
const silentAfterMs = 5_000;
const serverStateNode = "i=2259";

/**
 * Looks after a session that stands, once a second and one request after the other: ends it when the server does not answer,
 * keeps its items equal to the list of tags, and asks again for what it has refused.
 */
export class SessionGuard {
	readonly #options: SessionGuardOptions;
	#isBusy = false;
	#isFilling = false;

	constructor(options: SessionGuardOptions) {
		this.#options = options;
	}

	start(): void {
		const { clock, over } = this.#options;
		const stop = every(clock, aliveEveryMs, () => {
			this.#backfill();
			this.look();
		});
		over.addEventListener("abort", stop, { once: true });
	}

	/** There is something to see to. */
	look(): void {
		const { over, failed } = this.#options;
		if (this.#isBusy || over.aborted) return;
		this.#isBusy = true;
		this.#work().then(() => {
			this.#isBusy = false;
		}, failed);
	}

	async #work(): Promise<void> {
		const { listener, watched, over, session, nodeIdOf, end } = this.#options;
		const subscription = this.#options.subscription();
		const { silentMs } = listener;
		const sound = this.#options.isHeard() ? subscription?.silentAfterMs : subscription?.firstWithinMs;
		if (silentMs > (sound ?? silentAfterMs)) {
			await this.#silent(subscription, silentMs);
			return;
		}
		if (subscription === undefined) {
			if (watched.behind().added.length > 0) end("tags are subscribed to that were not before");
			return;
		}
		await this.#follow(subscription);
		const places = await listener.dueAgain(session, nodeIdOf);
		if (places.length === 0) return;
		const prefixes = await this.#options.prefixes(false);
		const refused = await watched.watchAnew(session, subscription.id, prefixes, places);
		if (!over.aborted) listener.watchedAgain(places, refused);
	}

	/** @throws Error when the server does not tell its state in time */
	async #silent(subscription: PlantSubscription | undefined, silentMs: number): Promise<void> {
		const { session, clock, listener, end } = this.#options;
		const isAlive = () => readAttributes(session, [serverStateNode], AttributeIds.Value);
		if (subscription === undefined) {
			await within(clock, aliveWithinMs, isAlive());
			listener.answered(true);
			return;
		}
		listener.silent(`no publish response for ${Math.round(silentMs / 1_000)} s`);
		await within(clock, aliveWithinMs, isAlive());
		await subscription.publish();
		// It lives and has the subscription, and says nothing: what it was asked for is lost on its way.
		end("the server answers and does not publish");
	}

	/**
	 * Makes the monitored items equal to the list of tags: what is new is created, what is gone is deleted, what is sampled in
	 * another way is modified (Part 4 §5.12.2, §5.12.6, §5.12.3), and every other item keeps its queue.
	 */
	async #follow(subscription: PlantSubscription): Promise<void> {
		const { session, watched, listener, nodeIdOf, over } = this.#options;
		await watched.settle(session, subscription.id);
		const { added, removed, changed } = watched.behind();
		if (added.length > 0) {
			const isUnknown = added.some((place) => nodeIdOf(place) === undefined);
			const prefixes = await this.#options.prefixes(isUnknown);
			const refused = await watched.watch(session, subscription.id, prefixes, added);
			if (over.aborted) return;
			listener.watchedFurther(refused);
			watched.told(refused);
		}
		if (removed.length > 0) await watched.unwatch(session, subscription.id, removed);
		if (changed.length === 0) return;
		const left = await watched.modify(session, subscription.id, changed);
		if (left.length === 0) return;
		const refused = await watched.watchAnew(
			session,
			subscription.id,
			await this.#options.prefixes(false),
			left,
		);
		if (!over.aborted) listener.watchedFurther(refused);
	}

	/** A server that cannot do it, or breaks off, has no say in the rest; what is due is tried again. */
	#backfill(): void {
		if (this.#isFilling) return;
		this.#isFilling = true;
		const { listener, session, nodeIdOf, over } = this.#options;
		void listener
			.backfill(session, nodeIdOf, over)
			.catch(() => undefined)
			.finally(() => {
				this.#isFilling = false;
			});
	}
}
