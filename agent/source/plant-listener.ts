import type { ClientSession, NotificationMessage } from "node-opcua";
import type { PollRound } from "./poller.ts";
import type { RefusedTag } from "./watched-tags.ts";

/** The node id, as the server counts its namespaces now, of a tag by its place in the list; undefined where it is empty. */
export type NodeIdOf = (place: number) => string | undefined;

/** What a session tells its owner, from its beginning to its end and never after it. */
export interface PlantListener {
	/** Milliseconds of monotonic time since `answered` was called. */
	readonly silentMs: number;
	/**
	 * The server has answered; `isWatching` says whether what it answers can be complete, `serverMs` is the time in the
	 * answer's header where it is known.
	 */
	answered(isWatching: boolean, serverMs?: number): void;
	/** Values cannot be had at the moment, and why; the server may still gather them. */
	silent(reason: string): void;
	/** The subscription is gone with everything that it had gathered. */
	subscriptionLost(): void;
	/** Every tag's present value follows, which may be known already. */
	watching(): void;
	/** Every tag is asked for, and the server would not watch these. */
	watched(refused: readonly RefusedTag[]): void;
	/** Tags were asked for that are new in the list, and the server would not watch these. */
	watchedFurther(refused: readonly RefusedTag[]): void;
	/** These tags, by place in the list, were asked for once more; the server would still not watch these of them. */
	watchedAgain(places: readonly number[], refused: readonly RefusedTag[]): void;
	/** Fills gaps from the server's history, until nothing is due or the session is over. */
	backfill(session: ClientSession, nodeIdOf: NodeIdOf, over: AbortSignal): Promise<void>;
	/**
	 * Places in the list of tags that are to be asked for once more now, after a look at those of which nothing is heard.
	 * @throws Error when the service fails
	 */
	dueAgain(session: ClientSession, nodeIdOf: NodeIdOf): Promise<readonly number[]>;
	/**
	 * Each message once, in order; `isCycleEnd` is false while a publish cycle goes on; `publishedMs` is the server's time
	 * of it, when it can be known. What it throws ends the session.
	 */
	message(message: NotificationMessage, isCycleEnd: boolean, publishedMs: number | undefined): void;
	/** All tags of a poll interval were read. */
	polled(round: PollRound): void;
	/** Reading them took so long that so many further rounds were left out. */
	overran(rounds: number): void;
	/** The server has no subscriptions, and what it says of that: every tag is polled. */
	pollsAll(status: string): void;
	/** A message that was lost on its way was asked for again and has come. */
	republished(): void;
	/** A message is gone for good: what it said is missing before the next one. */
	missed(): void;
}
