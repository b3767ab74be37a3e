import { join } from "node:path";
import {
	DataType,
	MessageSecurityMode,
	OPCUACertificateManager,
	OPCUAServer,
	RegisterServerMethod,
	SecurityPolicy,
	StatusCodes,
	type UAVariable,
	Variant,
} from "node-opcua";
import type { Part } from "../../common/runtime/lifecycle.ts";
import { phaseTag, tagName, unitsOf } from "./load-tags.ts";

export const loadNamespace = "urn:pilotline:load";

/** One OPC UA server with many counters, on the loopback only. Simulated: nothing real is behind it. */
export class LoadServer implements Part {
	readonly name = "OPC UA load server";
	readonly #options: { port: number; tags: number; directory: string };
	#server: OPCUAServer | undefined;
	readonly #nodes: UAVariable[] = [];

	constructor(options: { port: number; tags: number; directory: string }) {
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
		const sessions = this.#server?.engine as unknown as {
			_sessions?: Record<string, { publishEngine?: { subscriptions: { monitoredItemCount: number }[] } }>;
		};
		return Object.values(sessions?._sessions ?? {}).reduce(
			(sum, { publishEngine }) =>
				sum +
				(publishEngine?.subscriptions ?? []).reduce(
					(all, { monitoredItemCount }) => all + monitoredItemCount,
					0,
				),
			0,
		);
	}

	write(tag: number, value: number, timeMs: number): void {
		this.#nodes[tag]?.setValueFromSource(
			new Variant({ dataType: DataType.Double, value }),
			StatusCodes.Good,
			new Date(timeMs),
		);
	}

	#addVariables(server: OPCUAServer): void {
		const addressSpace = server.engine.addressSpace;
		if (addressSpace === null) throw new Error("expected an address space after initialize");
		// node-opcua keeps less per node while a large space is built.
		(addressSpace as unknown as { isFrugal: boolean }).isFrugal = true;
		const namespace = addressSpace.registerNamespace(loadNamespace);
		for (const { unit, first, count } of unitsOf(this.#options.tags)) {
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
