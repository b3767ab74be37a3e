import { join } from "node:path";
import {
	CreateMonitoredItemsResponse,
	DataType,
	MessageSecurityMode,
	type NodeId,
	OPCUACertificateManager,
	OPCUAServer,
	Range,
	RegisterServerMethod,
	SecurityPolicy,
	ServiceFault,
	type StatusCode,
	StatusCodes,
	type Subscription,
	type UAVariable,
	Variant,
	VariantArrayType,
} from "node-opcua";
import { type SecuredServer, securedOptions } from "./secured-server.ts";

export const namespaceUri = "urn:pilotline:test";

const fourNodes = {
	TT01: DataType.Double,
	Count: DataType.UInt64,
	Mode: DataType.String,
	Heartbeat: DataType.DateTime,
} as const;

interface SentMessage {
	readonly notificationData: readonly unknown[] | null;
}

interface Message {
	readonly request: {
		readonly requestHeader: { readonly requestHandle: number };
		readonly itemsToCreate?: readonly { readonly requestedParameters: { readonly filter?: object | null } }[];
	};
}

interface Channel {
	send_response(kind: string, response: object, message: Message, done: () => void): unknown;
}

/** A real OPC UA server with a few variables, which can be stopped and started again at the same address. */
export class SmallOpcuaServer<Name extends string = keyof typeof fourNodes> {
	readonly #folder: string;
	#port = 0;
	#server: OPCUAServer | undefined;
	readonly #variables = new Map<Name, UAVariable>();
	readonly #nodes: Readonly<Record<Name, DataType>>;
	readonly #capabilities: object;

	/** `nodes`: the variables by name, with string node ids of the same name; `capabilities`: what the server can do. */
	constructor(
		folder: string,
		nodes = fourNodes as Readonly<Record<string, DataType>> as Record<Name, DataType>,
		capabilities: object = {},
	) {
		this.#folder = folder;
		this.#nodes = nodes;
		this.#capabilities = capabilities;
	}

	get port(): number {
		return this.#port;
	}

	async start(secured?: SecuredServer): Promise<void> {
		const certificates = new OPCUACertificateManager({
			rootFolder: join(this.#folder, "pki"),
			disableFileWatchers: true,
			automaticallyAcceptUnknownCertificate: secured?.trustsEveryone ?? true,
		});
		const users = new OPCUACertificateManager({
			rootFolder: join(this.#folder, "users"),
			disableFileWatchers: true,
		});
		await certificates.initialize();
		if (secured !== undefined) await users.initialize();
		const server = new OPCUAServer({
			host: "127.0.0.1",
			hostname: "127.0.0.1",
			port: this.#port,
			securityPolicies: secured?.policies ?? [SecurityPolicy.None],
			securityModes: secured?.modes ?? [MessageSecurityMode.None],
			allowAnonymous: secured?.anonymous ?? true,
			registerServerMethod: RegisterServerMethod.HIDDEN,
			serverCertificateManager: certificates,
			userCertificateManager: secured === undefined ? certificates : users,
			certificateFile: secured?.certificateFile ?? join(certificates.rootDir, "own", "certs", "small.pem"),
			...(secured === undefined ? {} : securedOptions(secured)),
			// Otherwise the server merges the changes within that time, without an overflow bit.
			serverCapabilities: {
				minSupportedSampleRate: 0,
				maxMonitoredItemsQueueSize: 5_000,
				...this.#capabilities,
			},
		});
		await server.initialize();
		const addressSpace = server.engine.addressSpace;
		if (addressSpace === null) throw new Error("expected an address space after initialize");
		addressSpace.registerNamespace(namespaceUri);
		this.#server = server;
		for (const name of Object.keys(this.#nodes) as Name[]) this.add(name);
		await server.start();
		this.#port = Number(new URL(server.getEndpointUrl().replace("opc.tcp", "http")).port);
	}

	/** A variable that was removed is there again. */
	add(name: Name): void {
		const addressSpace = this.#space;
		const variable = addressSpace.getNamespace(namespaceUri).addVariable({
			organizedBy: addressSpace.rootFolder.objects,
			browseName: name,
			nodeId: `s=${name}`,
			dataType: DataType[this.#nodes[name]],
			minimumSamplingInterval: 0,
		});
		this.#variables.set(name, variable);
	}

	/** The variable has an EURange, as an AnalogItem has. */
	addRange(name: Name, low: number, high: number): void {
		const addressSpace = this.#space;
		addressSpace.getNamespace(namespaceUri).addVariable({
			propertyOf: this.#variables.get(name) as UAVariable,
			browseName: { name: "EURange", namespaceIndex: 0 },
			typeDefinition: "PropertyType",
			dataType: "Range",
			value: { dataType: DataType.ExtensionObject, value: new Range({ low, high }) },
		});
	}

	/** The server says that it does not have this service. */
	refuseService(service: "CreateSubscription" | "RegisterNodes"): void {
		this.#handle(`${service}Request`, (message, channel) => {
			const { requestHandle } = message.request.requestHeader;
			const serviceResult = StatusCodes.BadServiceUnsupported;
			const fault = new ServiceFault({ responseHeader: { serviceResult, requestHandle } });
			channel.send_response("MSG", fault, message, () => undefined);
			return true;
		});
	}

	/** No item may have a filter. Returns how many were refused for one, each time it is called. */
	refuseFilters(): () => number {
		let refused = 0;
		this.#handle("CreateMonitoredItemsRequest", (message, channel) => {
			const { requestHeader, itemsToCreate = [] } = message.request;
			if (itemsToCreate.every(({ requestedParameters: { filter } }) => filter == null)) return false;
			refused += itemsToCreate.length;
			const statusCode = StatusCodes.BadMonitoredItemFilterUnsupported;
			const response = new CreateMonitoredItemsResponse({
				responseHeader: { serviceResult: StatusCodes.Good, requestHandle: requestHeader.requestHandle },
				results: itemsToCreate.map(() => ({ statusCode })),
			});
			channel.send_response("MSG", response, message, () => undefined);
			return true;
		});
		return () => refused;
	}

	/** `handle` answers a request itself, or returns false and lets it pass. */
	#handle(request: string, handle: (message: Message, channel: Channel) => boolean): void {
		const server = this.#server as unknown as Record<string, (message: Message, channel: Channel) => unknown>;
		const handler = `_on_${request}`;
		const own = server[handler]?.bind(server);
		server[handler] = (message, channel) => {
			if (!handle(message, channel)) own?.(message, channel);
		};
	}

	/** Calls `heard` with each request of a service. */
	onRequest<Request>(service: string, heard: (request: Request) => void): void {
		this.#server?.on("request", (request) => {
			if (request.schema.name === `${service}Request`) heard(request as unknown as Request);
		});
	}

	remove(name: Name): void {
		const variable = this.#variables.get(name);
		this.#variables.delete(name);
		if (variable !== undefined) this.#space.deleteNode(variable);
	}

	/** As many servers have it: nobody can ask for the present values once more. */
	withoutResendData(): void {
		const method = this.#space.findNode("i=12873");
		if (method !== null) this.#space.deleteNode(method);
	}

	/** The server says of a limit that it is another one than it keeps. */
	claim(node: string, limit: number): void {
		this.#say(node, DataType.UInt32, limit);
	}

	/** The name of the product in BuildInfo; OPC UA Part 5 §12.4. */
	nameProduct(name: string): void {
		this.#say("i=2261", DataType.String, name);
	}

	/** What the server says of how well it can serve; OPC UA Part 5 §6.3.1. */
	setServiceLevel(level: number): void {
		this.#say("i=2267", DataType.Byte, level);
	}

	#say(node: string, dataType: DataType, said: number | string): void {
		const variable = this.#space.findNode(node) as UAVariable;
		const value = new Variant({ dataType, value: said });
		variable.bindVariable({ get: () => value }, true);
	}

	get #space() {
		const space = this.#server?.engine.addressSpace;
		if (space === null || space === undefined) throw new Error("expected a server that runs");
		return space;
	}

	/** An anonymous client may take over a subscription of a session that is over, without security, too. */
	letAnonymousTransfer(): void {
		const engine = this.#server?.engine as unknown as {
			allowAnonymousSubscriptionTransferOnUnsecuredChannel: boolean;
		};
		engine.allowAnonymousSubscriptionTransferOnUnsecuredChannel = true;
	}

	/** The server keeps what is written from now on; only while it runs. */
	keepHistory(...names: Name[]): void {
		for (const name of names) {
			const variable = this.#variables.get(name);
			variable?.addressSpace.installHistoricalDataNode(variable, { maxOnlineValues: 100_000 });
		}
	}

	/** Calls `made` for each new session. */
	onSession(made: () => void): void {
		this.#server?.on("create_session", made);
	}

	/** Calls `used` for each session that is taken into use, over whatever connection (ActivateSession), and for each new one. */
	onSessionUsed(used: () => void): void {
		this.#server?.on("create_session", used);
		this.#server?.on("session_activated", used);
	}

	/** Ends every session, and with it its subscriptions. */
	loseSessions(): void {
		const engine = this.#server?.engine as unknown as {
			readonly _sessions: Record<string, { readonly authenticationToken: NodeId }>;
			closeSession(token: NodeId, deleteSubscriptions: boolean, reason: string): void;
		};
		for (const { authenticationToken } of Object.values(engine._sessions))
			engine.closeSession(authenticationToken, true, "Terminated");
	}

	/** Deletes every subscription; the sessions go on. */
	loseSubscriptions(): void {
		for (const session of this.#sessions())
			for (const { id } of [...session.publishEngine.subscriptions]) session.deleteSubscription(id);
	}

	/** The server forgets the item of this client handle without a word, as servers do that lose a part of their state. */
	loseItem(clientHandle: number): void {
		for (const subscription of this.#subscriptions()) {
			const { clientHandles, serverHandles } = subscription.getMonitoredItems();
			const at = clientHandles.indexOf(clientHandle);
			if (at >= 0) subscription.removeMonitoredItem(serverHandles[at] as number);
		}
	}

	/** The server's own ids of every item, over all subscriptions. */
	itemIds(): number[] {
		return this.#subscriptions().flatMap((subscription) => [
			...subscription.getMonitoredItems().serverHandles,
		]);
	}

	/** The client handles of every item, over all subscriptions. */
	clientHandles(): number[] {
		return this.#subscriptions().flatMap((subscription) => [
			...subscription.getMonitoredItems().clientHandles,
		]);
	}

	/**
	 * The next message with values does not arrive; `isKept`: it can be asked for again. Calls `lost` when it is gone.
	 */
	loseNextMessage(isKept: boolean, lost: () => void): void {
		for (const subscription of this.#subscriptions()) {
			const inside = subscription as unknown as {
				_sent_notification_messages: unknown[];
				readonly publishEngine: {
					_send_response(subscription: unknown, response: { notificationMessage: SentMessage }): void;
				};
			};
			const engine = inside.publishEngine;
			const send = engine._send_response;
			engine._send_response = (of, response) => {
				const { notificationMessage } = response;
				if (of !== subscription || (notificationMessage.notificationData ?? []).length === 0) {
					send.call(engine, of, response);
					return;
				}
				engine._send_response = send;
				if (!isKept)
					inside._sent_notification_messages = inside._sent_notification_messages.filter(
						(message) => message !== notificationMessage,
					);
				lost();
			};
		}
	}

	#subscriptions(): Subscription[] {
		return this.#sessions().flatMap(({ publishEngine }) => publishEngine.subscriptions);
	}

	#sessions() {
		const engine = this.#server?.engine as unknown as {
			readonly _sessions: Record<
				string,
				{
					readonly publishEngine: { readonly subscriptions: Subscription[] };
					deleteSubscription(id: number): void;
				}
			>;
		};
		return Object.values(engine._sessions);
	}

	async stop(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		this.#variables.clear();
		await server?.shutdown(0);
	}

	write(name: Name, value: unknown, sourceMs: number, status: StatusCode = StatusCodes.Good): void {
		const dataType = this.#nodes[name];
		const variant = new Variant({ dataType, arrayType: VariantArrayType.Scalar, value });
		this.#variables.get(name)?.setValueFromSource(variant, status, new Date(sourceMs));
	}
}
