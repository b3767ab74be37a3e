import {
	AttributeIds,
	type ClientSession,
	type ClientSubscription,
	DataChangeFilter,
	DataChangeTrigger,
	type DataValue,
	DeadbandType,
	MessageSecurityMode,
	OPCUACertificateManager,
	OPCUAClient,
	SecurityPolicy,
	TimestampsToReturn,
} from "node-opcua";
import { plantNamespace } from "../../../simulators/plant/plant-server.ts";

export interface Notified {
	readonly nodeId: string;
	readonly dataValue: DataValue;
}

/** A real OPC UA client that asks for every value, as the agent does, and keeps what it gets. */
export class PlantClient {
	readonly received: Notified[] = [];
	/** How often the connection was lost. */
	lost = 0;
	readonly #client: OPCUAClient;
	#session: ClientSession | undefined;
	#subscription: ClientSubscription | undefined;

	constructor(pkiFolder: string) {
		this.#client = OPCUAClient.create({
			securityMode: MessageSecurityMode.None,
			securityPolicy: SecurityPolicy.None,
			endpointMustExist: false,
			connectionStrategy: { maxRetry: 20, initialDelay: 100, maxDelay: 200 },
			clientCertificateManager: new OPCUACertificateManager({ rootFolder: pkiFolder }),
		});
		this.#client.on("connection_lost", () => {
			this.lost += 1;
		});
	}

	async connect(endpoint: string): Promise<ClientSession> {
		await this.#client.connect(endpoint);
		this.#session = await this.#client.createSession();
		return this.#session;
	}

	/** Subscribes with sampling 0 and a deep queue; returns what the server made of the queue size. */
	async subscribe(nodeIds: readonly string[], options: { queueSize: number }): Promise<number[]> {
		const session = this.#session as ClientSession;
		const namespace = (await session.readNamespaceArray()).indexOf(plantNamespace);
		const subscription = await session.createSubscription2({
			requestedPublishingInterval: 100,
			requestedLifetimeCount: 6000,
			requestedMaxKeepAliveCount: 50,
			maxNotificationsPerPublish: 0,
			publishingEnabled: true,
		});
		this.#subscription = subscription;
		const filter = new DataChangeFilter({
			trigger: DataChangeTrigger.StatusValueTimestamp,
			deadbandType: DeadbandType.None,
		});
		const group = await subscription.monitorItems(
			nodeIds.map((nodeId) => ({ nodeId: `ns=${namespace};s=${nodeId}`, attributeId: AttributeIds.Value })),
			{ samplingInterval: 0, queueSize: options.queueSize, discardOldest: true, filter },
			TimestampsToReturn.Both,
		);
		group.on("changed", (item, dataValue) => {
			this.received.push({ nodeId: String(item.itemToMonitor.nodeId.value), dataValue });
		});
		return group.monitoredItems.map((item) => item.result?.revisedQueueSize ?? 0);
	}

	async close(): Promise<void> {
		await this.#subscription?.terminate();
		await this.#session?.close();
		await this.#client.disconnect();
	}
}
