import { join } from "node:path";
import {
	DataType,
	MessageSecurityMode,
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

const nodes = {
	TT01: DataType.Double,
	Count: DataType.UInt64,
	Mode: DataType.String,
	Heartbeat: DataType.DateTime,
} as const;
export type NodeName = keyof typeof nodes;

/** A real OPC UA server with four variables, which can be stopped and started again at the same address. */
export class SmallOpcuaServer {
	readonly #folder: string;
	#port = 0;
	#server: OPCUAServer | undefined;
	readonly #variables = new Map<NodeName, UAVariable>();

	constructor(folder: string) {
		this.#folder = folder;
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
		for (const [name, dataType] of Object.entries(nodes)) {
			const variable = namespace.addVariable({
				organizedBy: addressSpace.rootFolder.objects,
				browseName: name,
				nodeId: `s=${name}`,
				dataType: DataType[dataType],
				minimumSamplingInterval: 0,
			});
			this.#variables.set(name as NodeName, variable);
		}
		this.#server = server;
		await server.start();
		this.#port = Number(new URL(server.getEndpointUrl().replace("opc.tcp", "http")).port);
	}

	async stop(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		this.#variables.clear();
		await server?.shutdown(0);
	}

	write(name: NodeName, value: unknown, sourceMs: number, status: StatusCode = StatusCodes.Good): void {
		const dataType = nodes[name];
		const variant = new Variant({ dataType, arrayType: VariantArrayType.Scalar, value });
		this.#variables.get(name)?.setValueFromSource(variant, status, new Date(sourceMs));
	}
}
