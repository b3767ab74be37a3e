import { X509Certificate } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ensureOwnCertificates, ownCertificateFiles } from "../../agent/source/own-certificate.ts";
import type { CertificateFiles } from "../helpers/certificates.ts";
import { OpcuaAuthority, selfSigned } from "../helpers/opcua-certificates.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { cert } from "./cert-command.ts";
import { AgentFolder, securedServer, securedSource, soon } from "./secured-line.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";

const dayMs = 86_400_000;

function approve(agent: AgentFolder, { certificateFile }: CertificateFiles): void {
	const folder = join(agent.pki, "trusted", "certs");
	mkdirSync(folder, { recursive: true });
	copyFileSync(certificateFile, join(folder, "approved.pem"));
}

/** A server that knows its clients by the certificates in a folder. */
function choosyServer() {
	const folder = temporaryFolder();
	const trusted = join(folder, "pki", "trusted", "certs");
	mkdirSync(trusted, { recursive: true });
	const server = new SmallOpcuaServer(folder);
	onTestFinished(() => server.stop());
	return {
		server,
		trust: (file: string) => copyFileSync(file, join(trusted, `${statSync(file).mtimeMs}.pem`)),
	};
}

test("the agent's certificate is made ahead of time, is what the server is asked to trust, and is the same at every start", async () => {
	const agent = new AgentFolder();
	agent.write();
	const { answer: made, code } = await cert(agent, "init");
	expect({ code, made: made.made }).toEqual({ code: 0, made: "created" });
	const files = ownCertificateFiles(agent.pki);
	expect(statSync(files.key).mode & 0o777).toBe(0o600);
	expect(statSync(join(files.key, "..")).mode & 0o777).toBe(0o700);
	const key = readFileSync(files.key, "utf8");
	const certificate = await selfSigned();
	approve(agent, certificate);
	const stranger = choosyServer();
	await securedServer({ ...certificate, trustsEveryone: false }, stranger.server);
	const first = await securedSource(stranger.server.port, { agent });
	await expect.poll(first.lastError, soon).toMatch(/^OPCUA_OWN_CERTIFICATE_REFUSED: /);
	expect(first.lastError()).toContain(`have its administrator trust ${files.certificate}`);
	expect(first.lastError()).toContain(made.thumbprint);
	await first.source.stop();
	const { server, trust } = choosyServer();
	trust(files.certificate);
	await securedServer({ ...certificate, trustsEveryone: false }, server);
	const second = await securedSource(server.port, { agent });
	await expect.poll(second.isConnected, soon).toBe(true);
	expect(readFileSync(files.key, "utf8")).toBe(key);
	const { answer: shown } = await cert(agent, "show");
	expect(shown).toMatchObject({
		thumbprint: made.thumbprint,
		applicationUri: made.applicationUri,
		file: files.certificate,
	});
	expect((await cert(agent, "init")).answer.made).toBe("kept");
	expect([...first.lines, ...second.lines].join("")).not.toContain(key.split("\n")[1]);
});

test("30 days before its end it is renewed with the same key and URI, and the one before serves servers that do not know the new one", async () => {
	const agent = new AgentFolder();
	const files = ownCertificateFiles(agent.pki);
	const { own: before } = await ensureOwnCertificates({
		folder: agent.pki,
		applicationUri: "urn:test:agent",
		nowMs: Date.now() - (5 * 365 - 29) * dayMs,
	});
	const certificate = await selfSigned();
	approve(agent, certificate);
	const { server, trust } = choosyServer();
	trust(files.certificate);
	await securedServer({ ...certificate, trustsEveryone: false }, server);
	const line = await securedSource(server.port, { agent });
	await expect.poll(line.isConnected, soon).toBe(true);
	const renewed = new X509Certificate(readFileSync(files.certificate));
	expect(renewed.validToDate.getTime() - Date.now()).toBeGreaterThan(4 * 365 * dayMs);
	expect(renewed.publicKey.equals(before.current.node.publicKey)).toBe(true);
	expect(renewed.subjectAltName).toBe(before.current.node.subjectAltName);
	const log = line.lines.join("");
	expect(log).toContain("the agent's own certificate was renewed");
	expect(log).toContain("a plant server does not accept the agent's renewed certificate");
});

test("when certificates end is telemetry, and a warning 30 days ahead", async () => {
	const agent = new AgentFolder();
	const certificate = await selfSigned({ toDays: 20 });
	approve(agent, certificate);
	const server = await securedServer(certificate);
	const line = await securedSource(server.port, { agent });
	await expect.poll(line.isConnected, soon).toBe(true);
	const metrics = await line.metrics();
	const gauge = (whose: string) =>
		Number(new RegExp(`expires_seconds{whose="${whose}"} (\\d+)`).exec(metrics)?.[1]);
	expect((gauge("opcua_server:small") * 1_000 - Date.now()) / dayMs).toBeCloseTo(20, 1);
	expect((gauge("opcua_own") * 1_000 - Date.now()) / dayMs).toBeCloseTo(5 * 365, 1);
	const warnings = line.lines
		.filter((text) => text.includes("a certificate expires soon"))
		.map((text) => JSON.parse(text));
	expect(warnings).toEqual([
		expect.objectContaining({ level: 40, whose: "opcua_server:small", daysLeft: 19 }),
	]);
});

test("a certificate that an authority made is not replaced by one that signed itself, however near its end", async () => {
	const folder = temporaryFolder();
	const files = ownCertificateFiles(folder);
	const issued = await (await OpcuaAuthority.create("plant")).issue({
		toDays: 10,
		applicationUri: "urn:plant:agent",
	});
	mkdirSync(join(files.certificate, ".."), { recursive: true });
	mkdirSync(join(files.key, ".."), { recursive: true });
	copyFileSync(issued.certificateFile, files.certificate);
	copyFileSync(issued.keyFile, files.key);
	const { own, made } = await ensureOwnCertificates({
		folder,
		applicationUri: "urn:other",
		nowMs: Date.now(),
	});
	expect({ made, applicationUri: own.current.applicationUri }).toEqual({
		made: "kept",
		applicationUri: "urn:plant:agent",
	});
	copyFileSync((await selfSigned()).keyFile, files.key);
	await expect(
		ensureOwnCertificates({ folder, applicationUri: "urn:other", nowMs: Date.now() }),
	).rejects.toThrow(/expected the key of .*certificate\.pem in .*private_key\.pem, found another/);
});
