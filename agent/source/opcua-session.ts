import {
	AttributeIds,
	type ClientSession,
	type ClientSessionPublishService,
	type ClientSessionRawSubscriptionService,
	type ClientSubscription,
	DataChangeFilter,
	DataChangeTrigger,
	DeadbandType,
	MessageSecurityMode,
	MonitoringMode,
	type NotificationMessage,
	OPCUAClient,
	RepublishRequest,
	SecurityPolicy,
	TimestampsToReturn,
} from "node-opcua";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import type { ServerConfig } from "../config.ts";
import type { SourceTag } from "./cycle-builder.ts";
import { keepDataChangeBodies } from "./data-change-body.ts";

/** The items a server may be asked for in one call when it names no limit itself. */
const itemsPerCallDefault = 1_000;
const maxMonitoredItemsPerCallNode = "i=11714";
const keepAliveCount = 10;
/** The library takes a buffer of this size for every request; its default of 640 KiB keeps the garbage collector busy. */
const chunkBytes = 64 * 1024;

/** A tag in its namespace, as a monitored item. */
export interface NamedTag {
	readonly namespace: string;
	readonly tag: SourceTag;
	/** Every tag in the item's values, where that is not `tag` alone. */
	readonly parts?: readonly SourceTag[] | undefined;
	/** The client handle. */
	readonly handle: number;
	/** The server's number for the item, once it watches it. */
	itemId?: number;
}

/** A tag that the server would not watch, with its status. */
export interface RefusedTag {
	readonly tag: SourceTag;
	readonly parts?: readonly SourceTag[] | undefined;
	readonly statusCode: number;
	readonly statusName: string;
}

/** A client without security, which the configuration has asked for by name. */
export function createClient(server: ServerConfig): OPCUAClient {
	keepDataChangeBodies();
	return OPCUAClient.create({
		applicationName: "Pilotline agent",
		securityMode: MessageSecurityMode.None,
		securityPolicy: SecurityPolicy.None,
		endpointMustExist: false,
		keepSessionAlive: true,
		requestedSessionTimeout: 60_000,
		transportTimeout: server.connect_timeout_ms,
		// The default of 15 s would notice a frozen server late.
		defaultTransactionTimeout: 10_000,
		transportSettings: { sendBufferSize: chunkBytes, receiveBufferSize: chunkBytes },
		connectionStrategy: { initialDelay: 200, maxDelay: 5_000, maxRetry: -1, randomisationFactor: 0.3 },
	});
}

/** Milliseconds without any publish response after which a subscription counts as silent. */
export function silentAfterMs(subscription: ClientSubscription): number {
	return Math.max(5_000, subscription.publishingInterval * keepAliveCount * 1.5);
}

/**
 * Creates a session with a subscription that has no items yet and does not publish.
 * @throws CodedError OPCUA_UNREACHABLE
 */
export async function openSession(
	client: OPCUAClient,
	server: ServerConfig,
): Promise<{ session: ClientSession; subscription: ClientSubscription }> {
	try {
		const session = await client.createSession();
		const subscription = await session.createSubscription2({
			requestedPublishingInterval: server.publishing_interval_ms,
			requestedMaxKeepAliveCount: keepAliveCount,
			// Long enough for a transfer after an outage of ten minutes.
			requestedLifetimeCount: Math.max(30, Math.ceil(600_000 / server.publishing_interval_ms)),
			maxNotificationsPerPublish: 0,
			publishingEnabled: false,
			priority: 10,
		});
		return { session, subscription };
	} catch (error) {
		throw unreachable(server, error);
	}
}

/**
 * Has the server watch every tag, and lets it publish only
 * when all are known: a cycle that is complete for some items only would say too much. No object of the library stands for an
 * item, which at 20,000 of them would cost more memory than all of their values.
 * @throws CodedError OPCUA_UNREACHABLE, OPCUA_NAMESPACE_UNKNOWN
 */
export async function watchTags(
	session: ClientSession,
	subscription: ClientSubscription,
	server: ServerConfig,
	tags: readonly NamedTag[],
): Promise<RefusedTag[]> {
	const refused = await watchFurther(session, subscription, server, tags);
	try {
		const status = await subscription.setPublishingMode(true);
		if (status.isNotGood()) throw new Error(`the server refused to publish: ${status.name}`);
		return refused;
	} catch (error) {
		throw unreachable(server, error);
	}
}

/**
 * Has the server watch tags besides those that it watches already.
 * @throws CodedError OPCUA_UNREACHABLE, OPCUA_NAMESPACE_UNKNOWN
 */
export async function watchFurther(
	session: ClientSession,
	subscription: ClientSubscription,
	server: ServerConfig,
	tags: readonly NamedTag[],
): Promise<RefusedTag[]> {
	try {
		const namespaces = await session.readNamespaceArray();
		const prefixes = namespacePrefixes(server, tags, namespaces);
		const itemsPerCall = await readItemsPerCall(session);
		const refused: RefusedTag[] = [];
		const service = session as ClientSession & ClientSessionRawSubscriptionService;
		for (let from = 0; from < tags.length; from += itemsPerCall) {
			const chunk = tags.slice(from, from + itemsPerCall);
			const { results } = await service.createMonitoredItems({
				subscriptionId: subscription.subscriptionId,
				timestampsToReturn: TimestampsToReturn.Both,
				itemsToCreate: chunk.map(({ namespace, tag, handle }) =>
					itemOf(server, `${prefixes.get(namespace)}${tag.nodeId}`, handle),
				),
			});
			for (const [index, named] of chunk.entries()) {
				const { tag, parts } = named;
				const status = results?.[index]?.statusCode;
				named.itemId = results?.[index]?.monitoredItemId ?? 0;
				if (status === undefined)
					throw new Error(`asked for ${chunk.length} items, answered for ${results?.length ?? 0}`);
				if (!status.isGood()) refused.push({ tag, parts, statusCode: status.value, statusName: status.name });
			}
		}
		return refused;
	} catch (error) {
		throw unreachable(server, error);
	}
}

/** A message that the server still has, or undefined when it has not or does not answer. */
export async function republish(
	session: ClientSession,
	subscriptionId: number,
	retransmitSequenceNumber: number,
): Promise<NotificationMessage | undefined> {
	const request = new RepublishRequest({ subscriptionId, retransmitSequenceNumber });
	const service = session as ClientSession & ClientSessionPublishService;
	return await new Promise((resolve) => {
		service.republish(request, (error, response) => {
			const isThere = error === null && response?.responseHeader.serviceResult.isGood() === true;
			resolve(isThere ? response.notificationMessage : undefined);
		});
	});
}

/** Whether the server answers that it does not know the subscription; false while it does not answer at all. */
export async function isSubscriptionGone(subscription: ClientSubscription): Promise<boolean> {
	try {
		return (await subscription.setPublishingMode(true)).isNotGood();
	} catch (error) {
		return /BadSubscriptionIdInvalid|BadSessionIdInvalid|BadSessionClosed/.test(errorText(error));
	}
}

function itemOf(server: ServerConfig, nodeId: string, clientHandle: number) {
	return {
		itemToMonitor: { nodeId, attributeId: AttributeIds.Value },
		monitoringMode: MonitoringMode.Reporting,
		requestedParameters: {
			clientHandle,
			samplingInterval: server.sampling_interval_ms,
			queueSize: server.queue_size,
			discardOldest: true,
			// A value that is written again with a new time is a new value: it proves that the sensor was read.
			filter: new DataChangeFilter({
				trigger: DataChangeTrigger.StatusValueTimestamp,
				deadbandType: DeadbandType.None,
				deadbandValue: 0,
			}),
		},
	};
}

function namespacePrefixes(
	server: ServerConfig,
	tags: readonly NamedTag[],
	namespaces: readonly string[],
): Map<string, string> {
	const prefixes = new Map<string, string>();
	for (const { namespace } of tags) {
		if (prefixes.has(namespace)) continue;
		const index = namespaces.indexOf(namespace);
		if (index < 0) {
			throw new CodedError(
				"OPCUA_NAMESPACE_UNKNOWN",
				`${server.endpoint}: expected namespace ${namespace}, found ${namespaces.join(", ")}; correct the device's namespace`,
			);
		}
		prefixes.set(namespace, `ns=${index};`);
	}
	return prefixes;
}

async function readItemsPerCall(session: ClientSession): Promise<number> {
	const limit = await session.read({ nodeId: maxMonitoredItemsPerCallNode, attributeId: AttributeIds.Value });
	const value: unknown = limit.value?.value;
	return typeof value === "number" && value > 0 ? Math.min(value, itemsPerCallDefault) : itemsPerCallDefault;
}

function unreachable(server: ServerConfig, error: unknown): CodedError {
	if (error instanceof CodedError) return error;
	return new CodedError("OPCUA_UNREACHABLE", `${server.endpoint}: ${errorText(error)}`, { cause: error });
}
