import { join } from "node:path";
import {
	DataType,
	MessageSecurityMode,
	type NodeId,
	OPCUACertificateManager,
	OPCUAServer,
	RegisterServerMethod,
	SecurityPolicy,
	type StatusCode,
	StatusCodes,
	type UAVariable,
	Variant,
	VariantArrayType,
} from "node-opcua";

export const namespaceUri = "urn:pilotline:test";

const fourNodes = {
	TT01: DataType.Double,
	Count: DataType.UInt64,
	Mode: DataType.String,
	Heartbeat: DataType.DateTime,
} as const;

/** A real OPC UA server with a few variables, which can be stopped and started again at the same address. */
export class SmallOpcuaServer<Name extends string = keyof typeof fourNodes> {
	readonly #folder: string;
	#port = 0;
	#server: OPCUAServer | undefined;
	readonly #variables = new Map<Name, UAVariable>();
	readonly #nodes: Readonly<Record<Name, DataType>>;

	/** `nodes`: the variables by name, with string node ids of the same name. */
	constructor(
		folder: string,
		nodes = fourNodes as Readonly<Record<string, DataType>> as Record<Name, DataType>,
	) {
		this.#folder = folder;
		this.#nodes = nodes;
	}

	get port(): number {
		return this.#port;
	}

	async start(): Promise<void> {
		const certificates = new OPCUACertificateManager({
			rootFolder: join(this.#folder, "pki"),
			disableFileWatchers: true,
		});
		await certificates.initialize();
		const server = new OPCUAServer({
			host: "127.0.0.1",
			hostname: "127.0.0.1",
			port: this.#port,
			securityPolicies: [SecurityPolicy.None],
			securityModes: [MessageSecurityMode.None],
			allowAnonymous: true,
			registerServerMethod: RegisterServerMethod.HIDDEN,
			serverCertificateManager: certificates,
			userCertificateManager: certificates,
			certificateFile: join(certificates.rootDir, "own", "certs", "small.pem"),
			// Otherwise the server merges the changes within that time, without an overflow bit.
			serverCapabilities: { minSupportedSampleRate: 0, maxMonitoredItemsQueueSize: 5_000 },
		});
		await server.initialize();
		const addressSpace = server.engine.addressSpace;
		if (addressSpace === null) throw new Error("expected an address space after initialize");
		const namespace = addressSpace.registerNamespace(namespaceUri);
		for (const [name, dataType] of Object.entries(this.#nodes) as [Name, DataType][]) {
			const variable = namespace.addVariable({
				organizedBy: addressSpace.rootFolder.objects,
				browseName: name,
				nodeId: `s=${name}`,
				dataType: DataType[dataType],
				minimumSamplingInterval: 0,
			});
			this.#variables.set(name, variable);
		}
		this.#server = server;
		await server.start();
		this.#port = Number(new URL(server.getEndpointUrl().replace("opc.tcp", "http")).port);
	}

	/** The server keeps what is written from now on; only while it runs. */
	keepHistory(...names: Name[]): void {
		for (const name of names) {
			const variable = this.#variables.get(name);
			variable?.addressSpace.installHistoricalDataNode(variable, { maxOnlineValues: 100_000 });
		}
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
