import { join } from "node:path";
import {
	type AddressSpace,
	MessageSecurityMode,
	type Namespace,
	OPCUACertificateManager,
	OPCUAServer,
	RegisterServerMethod,
	SecurityPolicy,
} from "node-opcua";

export const spaceUri = "urn:pilotline:space";

/** Limits of the server, which a client has to keep to. */
export interface SpaceLimits {
	readonly maxNodesPerBrowse?: number;
	readonly maxNodesPerRead?: number;
	readonly maxNodesPerTranslateBrowsePathsToNodeIds?: number;
	readonly maxBrowseContinuationPoints?: number;
}

interface SpaceOptions {
	readonly folder: string;
	readonly build: (namespace: Namespace, addressSpace: AddressSpace) => void;
	readonly limits?: SpaceLimits;
}

/** A real OPC UA server with an address space of the test's own; it can be stopped and started again at its address. */
export class SpaceServer {
	readonly #options: SpaceOptions;
	#server: OPCUAServer | undefined;
	#port = 0;
	#namespace: Namespace | undefined;

	constructor(options: SpaceOptions) {
		this.#options = options;
	}

	get port(): number {
		return this.#port;
	}

	get endpoint(): string {
		return `opc.tcp://127.0.0.1:${this.#port}`;
	}

	get server(): OPCUAServer {
		if (this.#server === undefined) throw new Error("expected a running server");
		return this.#server;
	}

	get namespace(): Namespace {
		if (this.#namespace === undefined) throw new Error("expected a running server");
		return this.#namespace;
	}

	/** `build`: another address space than last time. */
	async start(build = this.#options.build): Promise<this> {
		const { folder, limits = {} } = this.#options;
		const certificates = new OPCUACertificateManager({
			rootFolder: join(folder, "pki"),
			disableFileWatchers: true,
		});
		await certificates.initialize();
		const { maxBrowseContinuationPoints, ...operationLimits } = limits;
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
			certificateFile: join(certificates.rootDir, "own", "certs", "space.pem"),
			serverCapabilities: {
				minSupportedSampleRate: 0,
				maxMonitoredItemsQueueSize: 5_000,
				...(maxBrowseContinuationPoints === undefined ? {} : { maxBrowseContinuationPoints }),
				operationLimits,
			},
		});
		await server.initialize();
		const addressSpace = server.engine.addressSpace;
		if (addressSpace === null) throw new Error("expected an address space after initialize");
		this.#namespace = addressSpace.registerNamespace(spaceUri);
		build(this.#namespace, addressSpace);
		this.#server = server;
		await server.start();
		this.#port = Number(new URL(server.getEndpointUrl().replace("opc.tcp", "http")).port);
		return this;
	}

	async stop(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		await server?.shutdown(0);
	}
}

const celsius = { namespaceUri: "http://www.opcfoundation.org/UA/units/un/cefact", unitId: 4_408_652 };

/** A kiln with two zones of instruments, a list, a text and nested variables, and a loop back to the kiln. */
export function buildKiln(namespace: Namespace, addressSpace: AddressSpace): void {
	const kiln = namespace.addFolder(addressSpace.rootFolder.objects, { browseName: "Kiln", nodeId: "s=Kiln" });
	for (const zone of ["Zone1", "Zone2"]) {
		const object = namespace.addObject({ componentOf: kiln, browseName: zone, nodeId: `s=${zone}` });
		for (const [index, name] of ["TT01", "TT02"].entries()) {
			namespace.addAnalogDataItem({
				componentOf: object,
				browseName: name,
				nodeId: `s=${zone}.${name}`,
				dataType: "Double",
				engineeringUnitsRange: { low: 0, high: 1_200 },
				engineeringUnits: {
					...celsius,
					displayName: { text: "°C" },
					description: { text: "degree Celsius" },
				},
				value: { dataType: "Double", value: 800 + index },
			});
		}
		namespace.addVariable({
			propertyOf: object,
			browseName: "SerialNumber",
			nodeId: `s=${zone}.SerialNumber`,
			dataType: "String",
			value: { dataType: "String", value: "SN-1" },
		});
	}
	const phase = namespace.addVariable({
		componentOf: kiln,
		browseName: "Phase",
		nodeId: "s=Phase",
		dataType: "String",
		value: { dataType: "String", value: "HEAT" },
	});
	namespace.addVariable({
		componentOf: phase,
		browseName: "Step",
		nodeId: "i=4711",
		dataType: "UInt16",
		value: { dataType: "UInt16", value: 3 },
	});
	namespace.addVariable({
		componentOf: kiln,
		browseName: "Profile",
		nodeId: "s=Profile",
		dataType: "Float",
		valueRank: 1,
		arrayDimensions: [0],
		value: { dataType: "Float", arrayType: "Array", value: [1, 2, 3, 4, 5] },
	});
	namespace.addVariable({
		componentOf: kiln,
		browseName: "Recipe",
		nodeId: "s=Recipe",
		dataType: "NodeId",
		value: { dataType: "NodeId", value: kiln.nodeId },
	});
	const back = namespace.addFolder(kiln, { browseName: "Up", nodeId: "s=Up" });
	back.addReference({ referenceType: "Organizes", nodeId: kiln.nodeId });
}
