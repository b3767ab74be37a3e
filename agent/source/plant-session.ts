import type { ClientSession, OPCUAClient, StatusCode } from "node-opcua";
import type { Clock } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { ServerConfig } from "../config.ts";
import { disconnect, type LeftSession, within } from "./left-session.ts";
import { namespacePrefixes, unreachable } from "./opcua-session.ts";
import type { OperationLimits } from "./operation-limits.ts";
import type { NodeIdOf, PlantListener } from "./plant-listener.ts";
import { PlantSubscription, type SubscriptionListener } from "./plant-subscription.ts";
import { type PolledTags, Poller } from "./poller.ts";
import { PublishLoop } from "./publish-loop.ts";
import type { ServerBudget } from "./server-budget.ts";
import type { PreparedClient, ServerSecurity } from "./server-security.ts";
import { statusOf } from "./service.ts";
import { SessionGuard } from "./session-guard.ts";
import { newSession, resumeSession } from "./session-opening.ts";
import type { WatchedTags } from "./watched-tags.ts";

export interface PlantSessionOptions {
	readonly server: ServerConfig;
	readonly security: ServerSecurity;
	readonly watched: WatchedTags;
	readonly clock: Clock;
	readonly listener: PlantListener;
	readonly budget: ServerBudget;
	readonly limits: OperationLimits;
	readonly polling: PolledTags;
	readonly left: LeftSession | undefined;
	/** Called in each session once every tag is watched; the signal ends with the session. */
	readonly onWatched?: ((session: ClientSession, over: AbortSignal) => void) | undefined;
}

/** These say that a server has none at all. */
const noSubscriptions: ReadonlySet<string> = new Set([
	...["BadServiceUnsupported", "BadNotImplemented", "BadNotSupported", "BadInsufficientClientProfile"],
]);
/** These say that the server has no such subscription; after anything else another session takes it over. */
const subscriptionGone: ReadonlySet<string> = new Set(["BadSubscriptionIdInvalid", "BadNoSubscription"]);

/**
 * One client with one session, from connecting to the end. It takes over the subscription that an earlier session has
 * left, or makes one; it repairs nothing itself, because whatever breaks it, the next one begins where it has ended.
 */
export class PlantSession {
	readonly #options: PlantSessionOptions;
	#client: OPCUAClient | undefined;
	readonly #over = new AbortController();
	readonly #ended = Promise.withResolvers<string>();
	/** Until it is taken over or of no use. */
	#left: LeftSession | undefined;
	#session: ClientSession | undefined;
	#subscription: PlantSubscription | undefined;
	#prefixes: ReadonlyMap<string, string> = new Map();
	#loop: PublishLoop | undefined;
	#isForGood = false;
	#isHeard = true;
	#isCut = false;
	#hasPublished = false;
	#guard: SessionGuard | undefined;
	#poller: Poller | undefined;

	constructor(options: PlantSessionOptions) {
		this.#options = options;
		this.#left = options.left;
	}

	/** Ends the session for good; nothing of it is left to the next attempt. */
	leave(reason: string): void {
		this.#isForGood = true;
		this.#ended.resolve(reason);
	}

	/** What the next attempt may take over. */
	get left(): LeftSession | undefined {
		if (this.#isForGood) return undefined;
		const [client, session, subscription] = [this.#client, this.#session, this.#subscription];
		if (session === undefined || client === undefined) return this.#left;
		return {
			...{ client, session, subscription, resumes: 0, isSessionGone: false },
			...{ isCut: () => this.#isCut, hasPublished: () => this.#hasPublished },
		};
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
			this.#loop?.stop();
			this.#subscription?.interrupted();
		}
	}

	/** There are other tags than before: the server is told of the difference, and nothing else. */
	tagsChanged(): void {
		this.#poller?.tagsChanged();
		this.#guard?.look();
	}

	/** Takes down what is not left to another attempt, within a bound, whatever state it is in. */
	async close(): Promise<void> {
		const client = this.#client;
		if (client !== undefined && this.left?.client !== client) await disconnect(client, this.#options.clock);
	}

	async #work(): Promise<string> {
		const { server, security, listener, clock, budget } = this.#options;
		const over = this.#over.signal;
		budget.connecting(clock.monotonicMs());
		const prepared = await security.prepare(over, (error) => this.#failed(error));
		if (over.aborted) return "stopped";
		const { client, connect } = prepared;
		this.#client = client;
		const lost = () => {
			this.#isCut = true;
			this.#ended.resolve("the connection broke");
		};
		client.on("connection_lost", lost);
		client.on("close", lost);
		try {
			// Behind a secured channel the server is asked once more what it offers.
			const withinMs = (server.insecure === true ? 1 : 3) * server.connect_timeout_ms;
			await within(clock, withinMs, connect());
			budget.connected(clock.monotonicMs());
			if (over.aborted) return "stopped";
			const session = (await this.#resume(client)) ?? (await this.#open(prepared));
			if (over.aborted) return "stopped";
			const closed = (status: StatusCode) => this.#ended.resolve(`the session was closed: ${status.name}`);
			session.on("session_closed", closed);
			// The session may go on without us, over another connection.
			over.addEventListener("abort", () => session.off("session_closed", closed), { once: true });
			listener.answered(false);
			await this.#subscribe(session);
			if (over.aborted) return "stopped";
			this.#guard = this.#guardOf(session);
			this.#guard.start();
			this.#options.onWatched?.(session, over);
		} catch (error) {
			throw unreachable(server, error);
		}
		return await this.#ended.promise;
	}

	async #resume(client: OPCUAClient): Promise<ClientSession | undefined> {
		const left = this.#left;
		const { clock, budget } = this.#options;
		const session = left && (await resumeSession(client, left, budget, clock));
		if (left === undefined || session === undefined) return undefined;
		this.#left = undefined;
		this.#session = session;
		this.#subscription = left.subscription;
		await disconnect(left.client, clock);
		return session;
	}

	async #open(prepared: PreparedClient): Promise<ClientSession> {
		const { clock, budget } = this.#options;
		const over = this.#over.signal;
		this.#session = await newSession(prepared, budget, clock, this.#ended.promise, over);
		return this.#session;
	}

	/** Takes over what an earlier session has left, or begins anew; what is polled begins anew always. */
	async #subscribe(session: ClientSession): Promise<void> {
		const { server, listener, watched, limits, polling } = this.#options;
		const over = this.#over.signal;
		this.#prefixes = await namespacePrefixes(session, server, watched.tags);
		await limits.read(session);
		const heard = this.#heard();
		if (!(await this.#takeOver(session, heard))) {
			listener.subscriptionLost();
			watched.forget();
			polling.pollAll(false);
			const isWanted = watched.behind().added.length > 0 || !polling.isAny();
			const made = isWanted ? await this.#create(session, heard) : undefined;
			listener.watching();
			const refused =
				made === undefined
					? []
					: await watched.watch(session, made.id, this.#prefixes, watched.behind().added);
			if (over.aborted) return;
			if (made !== undefined) {
				// Only when all are known: a cycle that is complete for some items only would say too much.
				made.isWatching = true;
				this.#subscription = made;
				await made.publish();
			}
			if (over.aborted) return;
			listener.watched(refused);
			watched.told(refused);
			if (made !== undefined) this.#publish(session, made);
		}
		this.#poll(session);
	}

	/** Undefined of a server that has no subscriptions: then every tag is polled. @throws Error when the service fails */
	async #create(session: ClientSession, heard: SubscriptionListener): Promise<PlantSubscription | undefined> {
		const { server, polling, listener } = this.#options;
		try {
			return await PlantSubscription.create(session, server, heard);
		} catch (error) {
			const status = statusOf(error) ?? "";
			if (!noSubscriptions.has(status)) throw error;
			polling.pollAll(true);
			listener.pollsAll(status);
			return undefined;
		}
	}

	#poll(session: ClientSession): void {
		const { clock, limits, polling, listener } = this.#options;
		this.#poller = new Poller({
			...{ session, clock, limits, polling, nodeIdOf: this.#nodeIdOf, over: this.#over.signal },
			onRound: (round) => {
				if (this.#subscription === undefined) listener.answered(true);
				listener.polled(round);
			},
			onOverrun: (rounds) => listener.overran(rounds),
		});
		this.#poller.run().catch((error: unknown) => this.#failed(error));
	}

	/** The subscription goes on with all that the server has gathered meanwhile. */
	async #takeOver(session: ClientSession, heard: SubscriptionListener): Promise<boolean> {
		const { listener } = this.#options;
		const isResumed = this.#subscription !== undefined;
		const subscription = this.#subscription ?? this.#left?.subscription;
		if (subscription === undefined) return false;
		const isTaken = isResumed
			? await subscription.resume(heard)
			: await subscription.transferTo(session, heard);
		if (this.#left !== undefined) await disconnect(this.#left.client, this.#options.clock);
		this.#left = undefined;
		this.#subscription = isTaken ? subscription : undefined;
		if (!isTaken) return false;
		this.#isHeard = isResumed;
		listener.watching();
		this.#publish(session, subscription);
		if (isResumed) await this.#resendData();
		return true;
	}

	#publish(session: ClientSession, subscription: PlantSubscription): void {
		const { listener } = this.#options;
		this.#loop = new PublishLoop({
			session,
			keepAliveMs: subscription.keepAliveMs,
			acknowledgements: () => subscription.takeAcknowledgements(),
			onResponse: (response) => {
				// Of a subscription that was deleted a moment ago.
				if (response.subscriptionId !== subscription.id) return;
				this.#isHeard = true;
				this.#hasPublished = true;
				listener.answered(true, response.responseHeader.timestamp?.getTime());
				subscription.offer(response);
			},
			onFailed: (error) => this.#failed(error),
		});
		this.#loop.start();
	}

	#heard(): SubscriptionListener {
		const { listener } = this.#options;
		const over = this.#over.signal;
		return {
			deliver: (message, isCycleEnd, publishedMs) => {
				if (over.aborted) return;
				try {
					listener.message(message, isCycleEnd, publishedMs);
				} catch (error) {
					// What could not be taken would come again and again.
					const useless = this.#subscription;
					this.#subscription = undefined;
					void useless?.delete();
					throw error;
				}
			},
			republished: () => over.aborted || listener.republished(),
			missed: () => {
				if (over.aborted) return;
				listener.missed();
				this.#resendData().catch((error: unknown) => this.#failed(error));
			},
			failed: (error) => this.#failed(error),
		};
	}

	/** Whatever fails, the subscription is left to the next session, unless the server has lost it. */
	#failed(error: unknown): void {
		if (this.#over.signal.aborted) return;
		if (subscriptionGone.has(statusOf(error) ?? "")) this.#subscription = undefined;
		this.#ended.resolve(errorText(error));
	}

	#guardOf(session: ClientSession): SessionGuard {
		const { server, watched, clock, listener } = this.#options;
		return new SessionGuard({
			...{ session, watched, clock, listener, nodeIdOf: this.#nodeIdOf, over: this.#over.signal },
			subscription: () => this.#subscription,
			isHeard: () => this.#isHeard,
			prefixes: async (refresh) => {
				if (refresh) this.#prefixes = await namespacePrefixes(session, server, watched.tags);
				return this.#prefixes;
			},
			end: (reason) => this.#ended.resolve(reason),
			failed: (error) => this.#failed(error),
		});
	}

	/** What a lost message has said is shown by the present values at least. */
	async #resendData(): Promise<void> {
		this.#options.listener.watching();
		await this.#subscription?.resendData();
	}

	readonly #nodeIdOf: NodeIdOf = (place) => {
		const { tags } = this.#options.watched;
		const named = tags[place];
		if (named === undefined) return undefined;
		const { namespace, tag } = named;
		const prefix = this.#prefixes.get(namespace);
		// A tag that came a moment ago, in a namespace that no other one is in.
		return prefix === undefined ? undefined : `${prefix}${tag.nodeId}`;
	};
}
