import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MessageSecurityMode, SecurityPolicy } from "node-opcua";
import { onTestFinished } from "vitest";
import type { Clock } from "../../common/runtime/clock.ts";
import { selfSigned, serverUri } from "../helpers/opcua-certificates.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import type { SecuredServer } from "./secured-server.ts";
import { namespaceUri, SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

export const soon = { timeout: 20_000 };

export const everyPolicy = [
	SecurityPolicy.Basic256Sha256,
	SecurityPolicy.Aes128_Sha256_RsaOaep,
	SecurityPolicy.Aes256_Sha256_RsaPss,
];

/** An agent's data directory and the configuration with which `pilotline cert` finds it. */
export class AgentFolder {
	readonly folder = temporaryFolder();
	readonly pki = join(this.folder, "data", "pki");
	readonly config = join(this.folder, "agent.yaml");

	/** The configuration as a file; `server` is added to the server's keys. */
	write(port = 4840, { statusPort = 0, server = "" } = {}): void {
		mkdirSync(join(this.folder, "data"), { recursive: true });
		writeFileSync(
			this.config,
			`kind: agent
schema: 1
group: site
edge_node: agent
data_dir: data
status: { port: ${statusPort} }
broker: { url: "mqtt://127.0.0.1:1", insecure: true }
hosts: [{ id: collector }]
servers: [{ name: small, endpoint: "opc.tcp://127.0.0.1:${port}"${server} }]
devices:
  - { name: F500, server: small, namespace: "${namespaceUri}", time_base: publish, tags: [{ name: TT01, node: s=TT01, type: Double }] }
`,
		);
	}
}

/** A server with security, running until the test ends; what is not given is what a sound server has. */
export async function securedServer(secured: Partial<SecuredServer> = {}, small?: SmallOpcuaServer) {
	const server = small ?? new SmallOpcuaServer(temporaryFolder());
	if (small === undefined) onTestFinished(() => server.stop());
	const certificate = secured.certificateFile === undefined ? await selfSigned() : {};
	await server.start({
		certificateFile: "",
		keyFile: "",
		...certificate,
		applicationUri: serverUri,
		policies: everyPolicy,
		modes: [MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
		trustsEveryone: true,
		...secured,
	});
	server.write("TT01", 20, Date.now());
	return server;
}

/** A source that reads it, with its log. */
export async function securedSource(
	port: number,
	{ agent = new AgentFolder(), server, clock }: { agent?: AgentFolder; server?: object; clock?: Clock } = {},
) {
	agent.write(port);
	const lines: string[] = [];
	const config = sourceConfig(port, { server: { insecure: undefined, ...server } });
	const rest = clock === undefined ? {} : { clock };
	const made = await sourceOf(config, { folder: agent.pki, lines, ...rest });
	made.source.start();
	const lastError = () => made.source.state().lastError ?? "";
	const isConnected = () => made.source.state().connected;
	const metrics = async () => await made.telemetry.registry.metrics();
	return { ...made, agent, lines, lastError, isConnected, metrics };
}
