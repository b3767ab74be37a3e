import {
	AttributeIds,
	type ClientMonitoredItemGroup,
	type ClientSession,
	type ClientSubscription,
	DataChangeFilter,
	DataChangeTrigger,
	DeadbandType,
	MessageSecurityMode,
	OPCUAClient,
	SecurityPolicy,
	TimestampsToReturn,
} from "node-opcua";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import type { ServerConfig } from "../config.ts";
import type { SourceTag } from "./cycle-builder.ts";

/** The items a server may be asked for in one call when it names no limit itself. */
const itemsPerCallDefault = 1_000;
const maxMonitoredItemsPerCallNode = "i=11714";
const keepAliveCount = 10;

/** A tag that the server would not watch, with its status. */
export interface RefusedTag {
	readonly tag: SourceTag;
	readonly statusCode: number;
	readonly statusName: string;
}

export interface OpenedSession {
	readonly client: OPCUAClient;
	readonly session: ClientSession;
	readonly subscription: ClientSubscription;
	/** The tag behind each client handle. */
	readonly tags: ReadonlyMap<number, SourceTag>;
	readonly refused: readonly RefusedTag[];
}

/** A client without security, which the configuration has asked for by name. */
export function createClient(server: ServerConfig): OPCUAClient {
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
		connectionStrategy: { initialDelay: 200, maxDelay: 5_000, maxRetry: -1, randomisationFactor: 0.3 },
	});
}

/** Milliseconds without any publish response after which a subscription counts as silent. */
export function silentAfterMs(subscription: ClientSubscription): number {
	return Math.max(5_000, subscription.publishingInterval * keepAliveCount * 1.5);
}

/**
 * Creates a session and a subscription with every tag, and starts publishing only when all of them are known, so
 * that no first value arrives before its handle.
 * @throws CodedError OPCUA_UNREACHABLE, OPCUA_NAMESPACE_UNKNOWN
 */
export async function openSession(
	client: OPCUAClient,
	server: ServerConfig,
	tags: readonly { namespace: string; tag: SourceTag }[],
): Promise<Omit<OpenedSession, "client">> {
	try {
		const session = await client.createSession();
		const namespaces = await session.readNamespaceArray();
		const subscription = await session.createSubscription2({
			requestedPublishingInterval: server.publishing_interval_ms,
			requestedMaxKeepAliveCount: keepAliveCount,
			// Long enough for a transfer after an outage of ten minutes.
			requestedLifetimeCount: Math.max(30, Math.ceil(600_000 / server.publishing_interval_ms)),
			maxNotificationsPerPublish: 0,
			publishingEnabled: false,
			priority: 10,
		});
		const watched = new Map<number, SourceTag>();
		const refused: RefusedTag[] = [];
		const itemsPerCall = await readItemsPerCall(session);
		for (let from = 0; from < tags.length; from += itemsPerCall) {
			const chunk = tags.slice(from, from + itemsPerCall);
			const group = await monitor(subscription, server, chunk, namespaces);
			for (const [index, item] of group.monitoredItems.entries()) {
				const { tag } = chunk[index] as { tag: SourceTag };
				if (item.statusCode.isGood()) watched.set(item.monitoringParameters.clientHandle, tag);
				else refused.push({ tag, statusCode: item.statusCode.value, statusName: item.statusCode.name });
			}
		}
		return { session, subscription, tags: watched, refused };
	} catch (error) {
		if (error instanceof CodedError) throw error;
		throw new CodedError("OPCUA_UNREACHABLE", `${server.endpoint}: ${errorText(error)}`, { cause: error });
	}
}

async function readItemsPerCall(session: ClientSession): Promise<number> {
	const limit = await session.read({ nodeId: maxMonitoredItemsPerCallNode, attributeId: AttributeIds.Value });
	const value: unknown = limit.value?.value;
	return typeof value === "number" && value > 0 ? Math.min(value, itemsPerCallDefault) : itemsPerCallDefault;
}

async function monitor(
	subscription: ClientSubscription,
	server: ServerConfig,
	chunk: readonly { namespace: string; tag: SourceTag }[],
	namespaces: readonly string[],
): Promise<ClientMonitoredItemGroup> {
	const items = chunk.map(({ namespace, tag }) => {
		const index = namespaces.indexOf(namespace);
		if (index < 0) {
			throw new CodedError(
				"OPCUA_NAMESPACE_UNKNOWN",
				`${server.endpoint}: expected namespace ${namespace}, found ${namespaces.join(", ")}; correct the device's namespace`,
			);
		}
		return { nodeId: `ns=${index};${tag.nodeId}`, attributeId: AttributeIds.Value };
	});
	return await subscription.monitorItems(
		items,
		{
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
		TimestampsToReturn.Both,
	);
}
