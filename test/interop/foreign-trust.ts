import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { ownCertificateFiles } from "../../agent/source/own-certificate.ts";
import { selfSigned, serverUri } from "../helpers/opcua-certificates.ts";
import { cert } from "../integration/cert-command.ts";
import { AgentFolder } from "../integration/secured-line.ts";
import { type ForeignOptions, ForeignServer, type Maker } from "./foreign-server.ts";

/** A server with security, and an agent's folder, of which each has approved the other's certificate. */
export async function trusting(maker: Maker, options: ForeignOptions) {
	const security = { ...(await selfSigned()), applicationUri: serverUri };
	const server = await ForeignServer.start(maker, { ...options, security });
	const agent = new AgentFolder();
	agent.write(server.port);
	const { code, stderr } = await cert(agent, "init");
	expect([code, stderr]).toEqual([0, ""]);
	const trusted = join(agent.pki, "trusted", "certs");
	mkdirSync(trusted, { recursive: true });
	writeFileSync(join(trusted, "server.pem"), readFileSync(security.certificateFile));
	await server.tell("trust", { file: ownCertificateFiles(agent.pki).certificate });
	return { server, agent };
}
