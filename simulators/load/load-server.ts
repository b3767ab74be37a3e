import { join } from "node:path";
import {
	DataType,
	MessageSecurityMode,
	type NodeId,
	OPCUACertificateManager,
	OPCUAServer,
	RegisterServerMethod,
	SecurityPolicy,
	StatusCode,
	StatusCodes,
	type UAVariable,
	Variant,
} from "node-opcua";
import type { Part } from "../../common/runtime/lifecycle.ts";
import { phaseTag, tagName } from "./load-tags.ts";

export const loadNamespace = "urn:pilotline:load";

const noValue = new Variant({ dataType: DataType.Null });

/** The status of a name such as `BadSensorFailure`, or undefined when there is none. */
export function knownStatus(name: string): StatusCode | undefined {
	const status: unknown = Object.hasOwn(StatusCodes, name) ? StatusCodes[name as "Good"] : undefined;
	return status instanceof StatusCode ? status : undefined;
}

export interface LoadServerOptions {
	/** On the loopback; 0 takes a free one. */
	readonly port: number;
	readonly units: readonly { readonly unit: string; readonly first: number; readonly count: number }[];
	/** For its certificates. */
	readonly directory: string;
}

/** Sessions as node-opcua's server has them, which it does not declare. */
interface Engine {
	readonly _sessions: Readonly<Record<string, Session>>;
	closeSession(token: NodeId, deleteSubscriptions: boolean, reason: "Terminated"): void;
}
interface Session {
	readonly authenticationToken: NodeId;
	readonly publishEngine: {
		readonly subscriptions: readonly { readonly id: number; readonly monitoredItemCount: number }[];
	};
	deleteSubscription(id: number): void;
}

/** One OPC UA server with many counters, on the loopback only. Simulated: nothing real is behind it. */
export class LoadServer implements Part {
	readonly name = "OPC UA load server";
	readonly #options: LoadServerOptions;
	#server: OPCUAServer | undefined;
	readonly #nodes: UAVariable[] = [];

	constructor(options: LoadServerOptions) {
		this.#options = options;
	}

	get endpoint(): string {
		return this.#server?.getEndpointUrl() ?? "";
	}

	async start(): Promise<void> {
		if (this.#server !== undefined) return;
		const { port, directory } = this.#options;
		const certificates = new OPCUACertificateManager({
			rootFolder: join(directory, "pki"),
			automaticallyAcceptUnknownCertificate: false,
		});
		await certificates.initialize();
		const server = new OPCUAServer({
			host: "127.0.0.1",
			hostname: "127.0.0.1",
			port,
			securityPolicies: [SecurityPolicy.None],
			securityModes: [MessageSecurityMode.None],
			allowAnonymous: true,
			registerServerMethod: RegisterServerMethod.HIDDEN,
			serverCertificateManager: certificates,
			userCertificateManager: certificates,
			serverInfo: { applicationUri: "urn:pilotline:simulated:load", productUri: "urn:pilotline:simulator" },
			serverCapabilities: {
				minSupportedSampleRate: 0,
				maxSessions: 100,
				maxSubscriptions: 1_000,
				maxMonitoredItemsPerSubscription: 200_000,
				maxMonitoredItems: 500_000,
			},
		});
		this.#server = server;
		await server.initialize();
		this.#addVariables(server);
		await server.start();
	}

	async stop(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		await server?.shutdown(0);
	}

	/** Monitored items that clients have at this moment. */
	get monitoredItems(): number {
		return this.#sessions()
			.flatMap(({ publishEngine }) => publishEngine.subscriptions)
			.reduce((sum, { monitoredItemCount }) => sum + monitoredItemCount, 0);
	}

	/** Closes every session with its subscriptions, as a server does that somebody cleans up. */
	closeSessions(): void {
		for (const { authenticationToken } of this.#sessions())
			this.#engine?.closeSession(authenticationToken, true, "Terminated");
	}

	/** Deletes every subscription; its session stays. */
	deleteSubscriptions(): void {
		for (const session of this.#sessions())
			for (const { id } of [...session.publishEngine.subscriptions]) session.deleteSubscription(id);
	}

	/** Sets a counter. A Bad status comes without a value, as from a sensor that has none. */
	write(tag: number, value: number, timeMs: number, status: string | undefined): void {
		const statusCode = status === undefined ? StatusCodes.Good : (knownStatus(status) ?? StatusCodes.Bad);
		const variant = statusCode.isBad() ? noValue : new Variant({ dataType: DataType.Double, value });
		this.#nodes[tag]?.setValueFromSource(variant, statusCode, new Date(timeMs));
	}

	get #engine(): Engine | undefined {
		return this.#server?.engine as unknown as Engine | undefined;
	}

	#sessions(): Session[] {
		return Object.values(this.#engine?._sessions ?? {});
	}

	#addVariables(server: OPCUAServer): void {
		const addressSpace = server.engine.addressSpace;
		if (addressSpace === null) throw new Error("expected an address space after initialize");
		// node-opcua keeps less per node while a large space is built.
		(addressSpace as unknown as { isFrugal: boolean }).isFrugal = true;
		const namespace = addressSpace.registerNamespace(loadNamespace);
		for (const { unit, first, count } of this.#options.units) {
			const object = namespace.addObject({
				organizedBy: addressSpace.rootFolder.objects,
				browseName: unit,
				nodeId: `s=${unit}`,
			});
			const phase = namespace.addVariable({
				componentOf: object,
				browseName: phaseTag,
				nodeId: `s=${unit}.${phaseTag}`,
				dataType: DataType.String,
				minimumSamplingInterval: 0,
			});
			phase.setValueFromSource(
				new Variant({ dataType: DataType.String, value: "RUN" }),
				StatusCodes.Good,
				new Date(),
			);
			for (let tag = first; tag < first + count; tag++) {
				this.#nodes[tag] = namespace.addVariable({
					componentOf: object,
					browseName: tagName(tag),
					nodeId: `s=${tagName(tag)}`,
					dataType: DataType.Double,
					minimumSamplingInterval: 0,
				});
			}
		}
	}
}
