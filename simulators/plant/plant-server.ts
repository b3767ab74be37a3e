import { join } from "node:path";
import {
	coerceStatusCode,
	DataType,
	MessageSecurityMode,
	makeEUInformation,
	type OPCUACertificateManager,
	OPCUAServer,
	RegisterServerMethod,
	SecurityPolicy,
	StatusCodes,
	type UAVariable,
	VariableIds,
	Variant,
	VariantArrayType,
} from "node-opcua";
import type { Part } from "../../common/runtime/lifecycle.ts";
import { LaboratoryNodes } from "./laboratory-nodes.ts";
import { ladsNodesets } from "./lads-devices.ts";
import type {
	PlantLabEvent,
	PlantLabInstrument,
	PlantSecurity,
	PlantValue,
	PlantVariable,
	PlantWrite,
	PublishedUnit,
	ServerName,
} from "./pipeline.ts";
import { subscriptionsOf } from "./server-backlog.ts";

export const plantNamespace = "urn:pilotline:plant";

/** What a restarted laboratory server remembers: some twenty lots. */
const labEventsMax = 2000;

const notReal = "Simulated. No real equipment is behind this server.";

/** node-opcua cuts every queue to this, whatever its capabilities say; so the capabilities say this. */
export const monitoredItemQueueMax = 5000;

/** UN/ECE Recommendation 20 codes of the units that have one. */
const unitCodes: Readonly<Record<string, string>> = {
	degC: "CEL",
	kg: "KGM",
	kW: "KWT",
	Wh: "WHR",
	"kPa a": "KPA",
	MPa: "MPA",
	"%": "P1",
	"wt%": "P1",
	rpm: "RPM",
	A: "AMP",
	"kg/h": "E93",
	"m/s": "MTS",
	"mm/s": "C16",
	"kWh/kg": "",
	h: "HUR",
	mV: "2Z",
	"m3/h": "MQH",
	kPa: "KPA",
	"Pa g": "PAL",
	"kPa g": "KPA",
	T: "D33",
	mg: "MGM",
	min: "MIN",
	um: "4H",
	ppmv: "59",
	ppmw: "59",
	"L/min": "L2",
	"Nm3/h": "MQH",
};

export interface PlantServerOptions {
	readonly server: ServerName;
	readonly port: number;
	/** Address to listen on, and the name by which clients reach it; the loopback without them. */
	readonly host?: string;
	readonly hostName?: string;
	readonly certificates: OPCUACertificateManager;
	readonly units: readonly PublishedUnit[];
	readonly variables: readonly PlantVariable[];
	/** File with the type of a laboratory result, on the server that has them. */
	readonly labResultNodeset?: string;
	/** The instruments of the laboratory, on the same server, and plant time at which they are first seen. */
	readonly labInstruments?: readonly PlantLabInstrument[];
	readonly beganMs?: number;
	/** Which endpoints there are; only unsecured ones without it. */
	readonly security?: PlantSecurity;
	/** Values of each instrument that the server keeps for HistoryRead; none without it. */
	readonly historyValues?: number;
}

const securePolicies = [
	SecurityPolicy.Basic256Sha256,
	SecurityPolicy.Aes128_Sha256_RsaOaep,
	SecurityPolicy.Aes256_Sha256_RsaPss,
];
const secureModes = [MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt];

function endpointsOf(security: PlantSecurity): {
	securityPolicies: SecurityPolicy[];
	securityModes: MessageSecurityMode[];
} {
	const none = security === "secured" ? [] : [SecurityPolicy.None];
	const noMode = security === "secured" ? [] : [MessageSecurityMode.None];
	return security === "none"
		? { securityPolicies: none, securityModes: noMode }
		: { securityPolicies: [...none, ...securePolicies], securityModes: [...noMode, ...secureModes] };
}

/** One OPC UA server of the line. */
export class PlantServer implements Part {
	readonly name: string;
	readonly #options: PlantServerOptions;
	#laboratory: LaboratoryNodes | undefined;
	/** The newest of them, for a server that restarts. */
	readonly #labEvents: PlantLabEvent[] = [];
	#server: OPCUAServer | undefined;
	readonly #nodes = new Map<number, UAVariable>();
	/** The newest value of each variable, for a server that restarts. */
	readonly #newest = new Map<number, PlantWrite>();
	#port: number | undefined;
	/** How far the server's clock is ahead. */
	skewMs = 0;

	constructor(options: PlantServerOptions) {
		this.#options = options;
		this.name = `OPC UA server ${options.server}`;
	}

	get serverName(): ServerName {
		return this.#options.server;
	}

	get endpoint(): string {
		return this.#server?.getEndpointUrl() ?? "";
	}

	/** Builds the address space without listening, so that no client ever sees it before its first values. */
	async prepare(): Promise<void> {
		if (this.#server !== undefined) return;
		const { server: name, certificates, labResultNodeset, host = "127.0.0.1" } = this.#options;
		const port = this.#port ?? this.#options.port;
		const server = new OPCUAServer({
			host,
			hostname: this.#options.hostName ?? host,
			port,
			...endpointsOf(this.#options.security ?? "none"),
			allowAnonymous: true,
			...(labResultNodeset === undefined ? {} : { nodeset_filename: [...ladsNodesets, labResultNodeset] }),
			registerServerMethod: RegisterServerMethod.HIDDEN,
			serverCertificateManager: certificates,
			userCertificateManager: certificates,
			certificateFile: join(certificates.rootDir, "own", "certs", `${name}.pem`),
			maxConnectionsPerEndpoint: 100,
			serverInfo: {
				applicationUri: `urn:pilotline:simulated:${name}`,
				productUri: "urn:pilotline:simulator",
				applicationName: { text: `Pilotline simulated line: ${name}`, locale: "en" },
			},
			buildInfo: {
				productName: "Pilotline plant simulator (simulated, not a real plant)",
				productUri: "urn:pilotline:simulator",
				manufacturerName: "Pilotline",
			},
			serverCapabilities: {
				// With any other value node-opcua merges the changes within that time, without an overflow bit.
				minSupportedSampleRate: 0,
				maxSessions: 100,
				maxSubscriptionsPerSession: 100,
				maxSubscriptions: 1000,
				maxMonitoredItemsQueueSize: monitoredItemQueueMax,
			},
		});
		this.#server = server;
		await server.initialize();
		this.#addVariables(server);
	}

	async start(): Promise<void> {
		await this.prepare();
		await this.#server?.start();
		// A server that restarts is found where it was.
		this.#port = Number(new URL(this.endpoint.replace("opc.tcp:", "http:")).port);
	}

	/** Ends and begins again at the same address: sessions and subscriptions are gone, values written meanwhile too. */
	async restart(): Promise<void> {
		await this.stop();
		await this.prepare();
		// In the order of plant time, so that the newest result of the laboratory is the newest again.
		for (const write of [...this.#newest.values()].sort((a, b) => a.timeMs - b.timeMs)) this.write(write);
		await this.start();
	}

	/** Breaks every connection; sessions live on, and clients may come back at once. */
	cut(): void {
		for (const endpoint of this.#server?.endpoints ?? []) endpoint.abruptlyInterruptChannels();
	}

	/** Writes `count` values of the first instrument at once, a millisecond apart: more than any queue holds. */
	overflow(count: number, fromMs: number): void {
		const variable = this.#options.variables.find(({ span }) => span !== undefined);
		const newest = variable === undefined ? undefined : this.#newest.get(variable.index);
		if (newest === undefined) return;
		for (let index = 0; index < count; index++) this.write({ ...newest, timeMs: fromMs + index });
	}

	async stop(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		this.#nodes.clear();
		this.#laboratory = undefined;
		await server?.shutdown(0);
	}

	has(variable: PlantVariable): boolean {
		return this.#nodes.has(variable.index);
	}

	/** Source time is plant time; the server's own time is not simulated and says the same. */
	write(write: PlantWrite): void {
		const { variable, value, status, result } = write;
		const timeMs = write.timeMs + this.skewMs;
		this.#newest.set(variable.index, write);
		const node = this.#nodes.get(variable.index);
		const code = status === undefined ? StatusCodes.Good : coerceStatusCode(status);
		node?.setValueFromSource(variantOf(variable, value), code, new Date(timeMs));
		if (result !== undefined) this.#laboratory?.report(result, timeMs);
	}

	/** What goes on in the laboratory, on the server that has it. */
	tell(event: PlantLabEvent): void {
		if (this.#labEvents.push(event) > labEventsMax) this.#labEvents.shift();
		this.#laboratory?.tell(event);
	}

	/** Whether each variable has a client that has been given its first value. */
	get everythingMonitored(): boolean {
		const monitored = new Set<string>();
		for (const { items } of subscriptionsOf(this.#server)) {
			for (const item of items) if (item.initialTaken) monitored.add(item.nodeId);
		}
		return this.#options.variables.every((variable) => monitored.has(variable.nodeId));
	}

	/** Whether a client is so far behind that the line should wait. */
	get congested(): boolean {
		return subscriptionsOf(this.#server).some((subscription) => subscription.congested);
	}

	#addVariables(server: OPCUAServer): void {
		const addressSpace = server.engine.addressSpace;
		if (addressSpace === null) throw new Error("expected an address space after initialize");
		// node-opcua obeys the 0 given above and shows 100 all the same; clients that look should see what holds.
		const sampleRate = addressSpace.findNode(
			`i=${VariableIds.Server_ServerCapabilities_MinSupportedSampleRate}`,
		) as UAVariable | null;
		sampleRate?.bindVariable({ get: () => new Variant({ dataType: DataType.Double, value: 0 }) }, true);
		const namespace = addressSpace.registerNamespace(plantNamespace);
		const root = namespace.addFolder(addressSpace.rootFolder.objects, {
			browseName: "PilotLine",
			nodeId: "s=PilotLine",
			displayName: "Pilot line (simulated)",
			description: notReal,
		});
		for (const unit of this.#options.units) {
			const object = namespace.addObject({
				organizedBy: root,
				browseName: unit.id,
				nodeId: `s=${unit.id}`,
				description: `${unit.equipment}. ${notReal}`,
			});
			for (const variable of this.#options.variables.filter((candidate) => candidate.unit === unit.id)) {
				const common = {
					componentOf: object,
					browseName: variable.name,
					nodeId: `s=${variable.nodeId}`,
					description: variable.description,
					dataType: variable.dataType,
					minimumSamplingInterval: 0,
				};
				const { span, eu } = variable;
				const node =
					span === undefined || eu === undefined
						? namespace.addVariable(common)
						: namespace.addAnalogDataItem({
								...common,
								engineeringUnitsRange: { low: span[0], high: span[1] },
								engineeringUnits: makeEUInformation(unitCodes[eu] ?? "", eu, eu),
							});
				this.#nodes.set(variable.index, node as UAVariable);
				const { historyValues = 0 } = this.#options;
				if (historyValues > 0 && span !== undefined) {
					addressSpace.installHistoricalDataNode(node as UAVariable, { maxOnlineValues: historyValues });
				}
			}
			const { labResultNodeset, labInstruments = [] } = this.#options;
			if (labResultNodeset === undefined) continue;
			this.#laboratory = new LaboratoryNodes(addressSpace, namespace);
			this.#laboratory.build(object, labInstruments, this.#options.beganMs ?? 0);
			for (const event of this.#labEvents) this.#laboratory.tell(event);
		}
	}
}

function variantOf(variable: PlantVariable, value: PlantValue): Variant {
	const dataType = DataType[variable.dataType];
	if (dataType === DataType.UInt64) {
		// node-opcua keeps 64-bit integers as two halves, the high one first.
		const halves = [Math.floor((value as number) / 0x1_0000_0000), (value as number) >>> 0];
		return new Variant({ dataType, arrayType: VariantArrayType.Scalar, value: halves });
	}
	return new Variant({ dataType, value: dataType === DataType.DateTime ? new Date(value as number) : value });
}
