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
	type UserManagerOptions,
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

/** What a server offers that is not plain. */
export interface SecuredServer {
	/** Of the server, and what it says its application URI is. */
	readonly certificateFile: string;
	readonly keyFile: string;
	readonly applicationUri: string;
	readonly policies: SecurityPolicy[];
	readonly modes: MessageSecurityMode[];
	/** Whether it trusts every client; otherwise those that are in the folder `trusted/certs` of `pki`. */
	readonly trustsEveryone?: boolean;
	/** Who may open a session beside everybody. */
	readonly users?: UserManagerOptions;
	readonly anonymous?: boolean;
}

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

function securedOptions({ keyFile, applicationUri, users }: SecuredServer) {
	return {
		privateKeyFile: keyFile,
		serverInfo: { applicationUri },
		...(users === undefined ? {} : { userManager: users }),
	};
}
