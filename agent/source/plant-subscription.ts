import {
	CallMethodRequest,
	CallRequest,
	type ClientSession,
	CreateSubscriptionRequest,
	type CreateSubscriptionResponse,
	DataType,
	DeleteSubscriptionsRequest,
	type NotificationMessage,
	type PublishResponse,
	RepublishRequest,
	type RepublishResponse,
	SetPublishingModeRequest,
	type SetPublishingModeResponse,
	TransferSubscriptionsRequest,
	type TransferSubscriptionsResponse,
	Variant,
} from "node-opcua";
import type { ServerConfig } from "../config.ts";
import { isBroken, isLate } from "./left-session.ts";
import { OrderedMessages } from "./ordered-messages.ts";
import type { Acknowledgement } from "./publish-loop.ts";
import { ask, statusOf } from "./service.ts";

/** A server with nothing to say says so at least this often, where the publishing interval allows it. */
const keepAliveWantedMs = 2_500;
/** So long a server keeps a subscription without hearing of us: what a transfer after an outage of ten minutes can still find. */
const lifetimeWantedMs = 660_000;
/** How much later than a keep-alive the first response of a subscription that was taken over may come. */
const firstPatienceMs = 1_000;

const serverNode = "i=2253";
const resendDataNode = "i=12873";
/** What servers say that do not transfer subscriptions, or not this one. */
const notByServer: ReadonlySet<string> = new Set([
	...["BadServiceUnsupported", "BadNotImplemented", "BadNotSupported", "BadInsufficientClientProfile"],
	...["BadSubscriptionIdInvalid", "BadNoSubscription", "BadUserAccessDenied", "BadSecurityModeInsufficient"],
	...["BadNothingToDo", "BadTooManyOperations", "BadUnexpectedError", "BadInternalError"],
]);

/** What happens to the messages of a subscription; see `PlantListener`. */
export interface SubscriptionListener {
	deliver(message: NotificationMessage, isCycleEnd: boolean, publishedMs: number | undefined): void;
	republished(): void;
	missed(): void;
	failed(error: unknown): void;
}

/**
 * A subscription at the plant server, which may outlive the session that made it: its messages are counted through, and
 * another session takes it over with all that its queues gathered meanwhile (OPC UA Part 4 §5.13, §6.7).
 */
export class PlantSubscription {
	readonly id: number;
	readonly publishingIntervalMs: number;
	readonly keepAliveMs: number;
	/** Every tag was asked for, and it publishes. */
	isWatching = false;
	#session: ClientSession;
	#listener: SubscriptionListener;
	readonly #messages: OrderedMessages<NotificationMessage>;
	/** The server's time in the header of each message's response. */
	readonly #responded = new WeakMap<NotificationMessage, number>();
	#acknowledgements: Acknowledgement[] = [];

	private constructor(
		session: ClientSession,
		listener: SubscriptionListener,
		{ subscriptionId, revisedPublishingInterval, revisedMaxKeepAliveCount }: CreateSubscriptionResponse,
	) {
		this.id = subscriptionId;
		this.publishingIntervalMs = revisedPublishingInterval;
		this.keepAliveMs = revisedPublishingInterval * revisedMaxKeepAliveCount;
		this.#session = session;
		this.#listener = listener;
		this.#messages = new OrderedMessages<NotificationMessage>({
			republish: (sequenceNumber) => this.#republish(sequenceNumber),
			deliver: (message, isCycleEnd) => this.#deliver(message, isCycleEnd),
			missed: () => this.#listener.missed(),
			failed: (error) => this.#listener.failed(error),
		});
	}

	/**
	 * One without items that does not publish yet.
	 * @throws Error when the service fails
	 */
	static async create(
		session: ClientSession,
		{ publishing_interval_ms }: ServerConfig,
		listener: SubscriptionListener,
	): Promise<PlantSubscription> {
		const keepAliveCount = Math.max(1, Math.floor(keepAliveWantedMs / publishing_interval_ms));
		const lifetimeCount = Math.max(3 * keepAliveCount, Math.ceil(lifetimeWantedMs / publishing_interval_ms));
		const response = await ask<CreateSubscriptionResponse>(
			session,
			new CreateSubscriptionRequest({
				requestedPublishingInterval: publishing_interval_ms,
				requestedMaxKeepAliveCount: keepAliveCount,
				requestedLifetimeCount: lifetimeCount,
				maxNotificationsPerPublish: 0,
				publishingEnabled: false,
				priority: 10,
			}),
		);
		return new PlantSubscription(session, listener, response);
	}

	/**
	 * Milliseconds without any publish response after which it counts as silent. Servers may put a keep-alive off when another
	 * request is answered, so one of them may be missing.
	 */
	get silentAfterMs(): number {
		return Math.max(5_000, this.keepAliveMs * 2.5);
	}

	/**
	 * The same after it was given to another session, when the first response is to come at once, or as a keep-alive: some
	 * servers send it to the session before, and another connection helps.
	 */
	get firstWithinMs(): number {
		return this.keepAliveMs + firstPatienceMs;
	}

	/**
	 * Gives it to another session, together with what it has kept; the present value of every tag comes once more. False
	 * when the server does not have it any more or does not do such a thing.
	 * @throws Error when the connection breaks meanwhile
	 */
	async transferTo(session: ClientSession, listener: SubscriptionListener): Promise<boolean> {
		const request = new TransferSubscriptionsRequest({ subscriptionIds: [this.id], sendInitialValues: true });
		const results = await ask<TransferSubscriptionsResponse>(session, request).then(
			(response) => response.results,
			(error: unknown) => {
				if (notByServer.has(statusOf(error) ?? "")) return null;
				throw error;
			},
		);
		if (results?.[0]?.statusCode.isGood() !== true) return false;
		this.#session = session;
		this.#listener = listener;
		this.#acknowledgements = [];
		return true;
	}

	/** Goes on in the same session over another connection. False when the server has lost it. @throws Error as `publish` */
	async resume(listener: SubscriptionListener): Promise<boolean> {
		this.#listener = listener;
		try {
			await this.publish();
			return true;
		} catch (error) {
			if (notByServer.has(statusOf(error) ?? "")) return false;
			throw error;
		}
	}

	/** Lets it publish, or finds out that the server has lost it. @throws Error when the service fails */
	async publish(): Promise<void> {
		const request = new SetPublishingModeRequest({ publishingEnabled: true, subscriptionIds: [this.id] });
		const { results } = await ask<SetPublishingModeResponse>(this.#session, request);
		const status = results?.[0];
		if (status?.isGood() !== true)
			throw new Error(`the server refused to publish: ${status?.name ?? "no result"}`);
	}

	/**
	 * Has the present value of every tag sent once more; OPC UA Part 5 §9.1. A server that cannot do it sends the next changes
	 * only.
	 */
	async resendData(): Promise<void> {
		const inputArguments = [new Variant({ dataType: DataType.UInt32, value: this.id })];
		const method = new CallMethodRequest({ objectId: serverNode, methodId: resendDataNode, inputArguments });
		await ask(this.#session, new CallRequest({ methodsToCall: [method] })).catch(() => undefined);
	}

	/** It is of no use any more; a server that does not answer forgets it by itself. */
	async delete(): Promise<void> {
		await ask(this.#session, new DeleteSubscriptionsRequest({ subscriptionIds: [this.id] })).catch(
			() => undefined,
		);
	}

	/** The session that it was read through is over; another one may go on with it. */
	interrupted(): void {
		this.#messages.interrupted();
	}

	/** A publish response of this subscription. @throws what the listener throws */
	offer({ notificationMessage: message, moreNotifications, responseHeader }: PublishResponse): void {
		const respondedMs = responseHeader.timestamp?.getTime();
		if (respondedMs !== undefined) this.#responded.set(message, respondedMs);
		this.#messages.offer(message, !moreNotifications);
	}

	/** What was delivered since the last call, for the next publish request. */
	takeAcknowledgements(): Acknowledgement[] {
		const taken = this.#acknowledgements;
		this.#acknowledgements = [];
		return taken;
	}

	#deliver(message: NotificationMessage, isCycleEnd: boolean): void {
		const isKeepAlive = (message.notificationData ?? []).length === 0;
		// Before every tag is watched only keep-alives come, and they prove nothing yet.
		if (isKeepAlive && !this.isWatching) return;
		this.#listener.deliver(message, isCycleEnd, this.#publishedMs(message));
		// Only now: what was not taken can be had again.
		if (!isKeepAlive)
			this.#acknowledgements.push({ subscriptionId: this.id, sequenceNumber: message.sequenceNumber });
	}

	/** Some servers leave the publish time out, which decodes to 1601; then the time of the response stands for it. */
	#publishedMs(message: NotificationMessage): number | undefined {
		const publishMs = message.publishTime?.getTime() ?? 0;
		return publishMs > 0 ? publishMs : this.#responded.get(message);
	}

	async #republish(retransmitSequenceNumber: number): Promise<NotificationMessage | undefined> {
		const request = new RepublishRequest({ subscriptionId: this.id, retransmitSequenceNumber });
		const response = await ask<RepublishResponse>(this.#session, request).catch((error: unknown) => {
			// Over the next connection the server may have it still; one that is silent to this alone is gone on without.
			if (isBroken(error) && !isLate(error)) throw error;
			return undefined;
		});
		const message = response?.notificationMessage;
		if (message?.sequenceNumber === retransmitSequenceNumber) this.#listener.republished();
		return message;
	}
}
