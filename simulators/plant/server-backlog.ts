// What the clients of a node-opcua server have not been sent yet. node-opcua has no public way to ask, so
// this file, and only this file, reads its insides; a test with a slow client notices when they change.

import type { OPCUAServer } from "node-opcua";

/** A queue shorter than this belongs to a client that only wants the newest value: it is not waited for. */
const deepQueueMin = 100;

/** Notifications taken out of the queues and not sent. */
const pendingMax = 20_000;

interface ItemInside {
	readonly queue: readonly unknown[];
	readonly queueSize: number;
	readonly node: { readonly nodeId: { readonly value: unknown } } | null;
	readonly oldDataValue?: { readonly statusCode: { isGood(): boolean } };
}

interface SubscriptionInside {
	readonly monitoredItems: ReadonlyMap<number, ItemInside>;
	readonly pendingNotificationsCount: number;
}

interface EngineInside {
	readonly _sessions?: Readonly<Record<string, { publishEngine?: { subscriptions: SubscriptionInside[] } }>>;
	/** Subscriptions whose session was lost; a client may still come back for them. */
	readonly _orphanPublishEngine?: { subscriptions: SubscriptionInside[] };
}

export interface SubscriptionBacklog {
	/** More than half of some queue is full. */
	readonly congested: boolean;
	readonly items: { nodeId: string; initialTaken: boolean }[];
}

class Backlog implements SubscriptionBacklog {
	readonly #inside: SubscriptionInside;

	constructor(inside: SubscriptionInside) {
		this.#inside = inside;
	}

	get congested(): boolean {
		if (this.#inside.pendingNotificationsCount > pendingMax) return true;
		for (const { queue, queueSize } of this.#inside.monitoredItems.values()) {
			if (queueSize >= deepQueueMin && queue.length * 2 > queueSize) return true;
		}
		return false;
	}

	get items(): { nodeId: string; initialTaken: boolean }[] {
		return [...this.#inside.monitoredItems.values()].map((item) => ({
			nodeId: String(item.node?.nodeId.value),
			initialTaken: item.oldDataValue?.statusCode.isGood() === true,
		}));
	}
}

export function subscriptionsOf(server: OPCUAServer | undefined): SubscriptionBacklog[] {
	const engine = server?.engine as unknown as EngineInside | null | undefined;
	if (engine === undefined || engine === null) return [];
	const engines = Object.values(engine._sessions ?? {}).map((session) => session.publishEngine);
	return [...engines, engine._orphanPublishEngine].flatMap((publisher) =>
		(publisher?.subscriptions ?? []).map((subscription) => new Backlog(subscription)),
	);
}
