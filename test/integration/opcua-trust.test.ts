// First, because @peculiar/x509 asks for it when it is loaded.
import "reflect-metadata";
import { X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { expect, test } from "vitest";
import { type Clock, systemClock } from "../../common/runtime/clock.ts";
import type { CertificateFiles } from "../helpers/certificates.ts";
import { type ApplicationCertificate, OpcuaAuthority, selfSigned } from "../helpers/opcua-certificates.ts";
import { cert } from "./cert-command.ts";
import { AgentFolder, securedServer, securedSource, soon } from "./secured-line.ts";

function thumbprintOf({ certificateFile }: CertificateFiles): string {
	return new X509Certificate(readFileSync(certificateFile)).fingerprint.replaceAll(":", "").toLowerCase();
}

/** Puts a certificate where an administrator may put it, without the command. */
function approve(agent: AgentFolder, { certificateFile }: CertificateFiles): void {
	const folder = join(agent.pki, "trusted", "certs");
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, "approved.pem"), readFileSync(certificateFile));
}

test("a server is refused until its certificate is approved; then the running agent connects, with the best policy", async () => {
	const certificate = await selfSigned();
	const thumbprint = thumbprintOf(certificate);
	const server = await securedServer(certificate);
	const line = await securedSource(server.port);
	await expect.poll(line.lastError, soon).toMatch(/^OPCUA_CERTIFICATE_REFUSED: .* is refused: not_trusted: /);
	expect(line.lastError()).toContain(`cert trust ${thumbprint}`);
	expect(await line.metrics()).toContain('certificates_refused_total{server="small",reason="not_trusted"}');
	const { answer: before } = await cert(line.agent, "list");
	expect(before.rejected).toEqual([
		expect.objectContaining({
			thumbprint,
			subject: "CN=server",
			applicationUri: "urn:pilotline:test:server",
			seen: [
				expect.objectContaining({
					server: "small",
					endpoint: `opc.tcp://127.0.0.1:${server.port}`,
					reasons: ["not_trusted"],
				}),
			],
		}),
	]);
	expect((await cert(line.agent, "trust", thumbprint)).code).toBe(0);
	await expect.poll(line.isConnected, soon).toBe(true);
	await expect.poll(() => line.of("TT01").length, soon).toBe(1);
	expect(line.source.state()).toMatchObject({
		security: "Aes256_Sha256_RsaPss, SignAndEncrypt",
		lastError: undefined,
	});
	const { answer: after } = await cert(line.agent, "list");
	expect(after).toMatchObject({ trusted: [{ thumbprint }], rejected: [], unusable: [] });
});

test("a certificate that is replaced while the agent runs is refused until it is approved, too", async () => {
	const agent = new AgentFolder();
	const [first, second] = [await selfSigned({ name: "first" }), await selfSigned({ name: "second" })];
	approve(agent, first);
	const server = await securedServer(first);
	const line = await securedSource(server.port, { agent });
	await expect.poll(line.isConnected, soon).toBe(true);
	await server.stop();
	await securedServer(second, server);
	await expect.poll(line.lastError, soon).toMatch(/CN=second .* is refused: not_trusted: /);
	expect(line.isConnected()).toBe(false);
	expect((await cert(agent, "trust", thumbprintOf(second))).code).toBe(0);
	await expect.poll(line.isConnected, soon).toBe(true);
	await expect.poll(() => line.of("TT01").at(-1)?.status, soon).toBe(0);
});

test.each<[string, ApplicationCertificate, RegExp]>([
	["has expired", { fromDays: -30, toDays: -1 }, /is refused: expired: it was valid until /],
	["is not valid yet", { fromDays: 2 }, /is refused: not_yet_valid: it is valid from /],
	[
		"has another application URI",
		{ applicationUri: "urn:somebody:else" },
		/is refused: application_uri_differs: expected the server's application URI urn:pilotline:test:server in it, found urn:somebody:else/,
	],
	[
		"names another host",
		{ hosts: ["10.9.8.7", "kiln.plant"] },
		/is refused: host_name_differs: expected the host name 127\.0\.0\.1 in it, found 10\.9\.8\.7, kiln\.plant/,
	],
	[
		"is meant for something else",
		{ extendedKeyUsage: x509.ExtendedKeyUsage.clientAuth },
		/is refused: wrong_use: expected the extended key usage serverAuth/,
	],
])("a certificate that %s is refused for that reason, although it is approved", async (_, wanted, reason) => {
	const agent = new AgentFolder();
	const certificate = await selfSigned(wanted);
	approve(agent, certificate);
	const server = await securedServer(certificate);
	const line = await securedSource(server.port, { agent });
	await expect.poll(line.lastError, soon).toMatch(reason);
	expect(line.isConnected()).toBe(false);
});

test("a certificate that names another host is taken where the configuration says that name", async () => {
	const agent = new AgentFolder();
	const certificate = await selfSigned({ hosts: ["kiln.plant"] });
	approve(agent, certificate);
	const server = await securedServer(certificate);
	const line = await securedSource(server.port, {
		agent,
		server: { security: { server_name: "Kiln.plant" } },
	});
	await expect.poll(line.isConnected, soon).toBe(true);
});

test("a chain needs its issuer and that one's revocation list, and a revoked certificate is refused", async () => {
	const agent = new AgentFolder();
	const authority = await OpcuaAuthority.create("plant");
	const certificate = await authority.issue();
	approve(agent, certificate);
	const server = await securedServer(certificate);
	const line = await securedSource(server.port, { agent });
	await expect
		.poll(line.lastError, soon)
		.toMatch(/is refused: issuer_unknown: its issuer CN=plant is not known/);
	expect((await cert(agent, "trust", await authority.revocationList())).stderr).toMatch(
		/USAGE: expected a revocation list that a trusted authority or a known issuer has signed, found one of CN=plant/,
	);
	expect((await cert(agent, "trust", "--issuer", authority.file)).code).toBe(0);
	await expect
		.poll(line.lastError, soon)
		.toMatch(/is refused: no_crl: expected a revocation list of CN=plant/);
	expect((await cert(agent, "trust", await authority.revocationList())).code).toBe(0);
	await expect.poll(line.isConnected, soon).toBe(true);
	const revoked = new x509.X509Certificate(readFileSync(certificate.certificateFile, "utf8"));
	const list = await authority.revocationList([revoked], { fromDays: 0.001, toDays: 30 });
	expect((await cert(agent, "trust", list)).code).toBe(0);
	await server.stop();
	await securedServer(certificate, server);
	await expect.poll(line.lastError, soon).toMatch(/is refused: revoked: CN=plant has revoked CN=server/);
});

test("what a trusted authority issues needs no approval of its own, also two levels down; an approval that is taken back ends the session", async () => {
	const agent = new AgentFolder();
	const plant = await OpcuaAuthority.create("plant");
	const hall = await OpcuaAuthority.create("hall", plant);
	const certificate = await hall.issue({}, true);
	agent.write();
	const files = [plant.file, hall.file, await plant.revocationList(), await hall.revocationList()];
	const bundle = join(agent.folder, "authorities.pem");
	writeFileSync(bundle, files.map((file) => readFileSync(file, "utf8")).join("\n"));
	expect((await cert(agent, "trust", bundle)).code).toBe(0);
	const server = await securedServer(certificate);
	// What is looked at once a minute is looked at five times a second.
	const after: Clock["after"] = (ms, fire) => systemClock.after(ms === 60_000 ? 200 : ms, fire);
	const line = await securedSource(server.port, { agent, clock: { ...systemClock, after } });
	await expect.poll(line.isConnected, soon).toBe(true);
	const { answer } = await cert(agent, "list");
	for (const { thumbprint } of answer.trusted) expect((await cert(agent, "reject", thumbprint)).code).toBe(0);
	await expect.poll(line.lastError, soon).toMatch(/ is refused: issuer_unknown: .*not_trusted: /);
	expect(line.isConnected()).toBe(false);
	expect((await cert(agent, "list")).answer).toMatchObject({ trusted: [], rejected: { length: 3 } });
});

test("a file with a server's certificate and its chain approves the server and not all that its authorities issue", async () => {
	const agent = new AgentFolder();
	agent.write();
	const { certificateFile } = await (await OpcuaAuthority.create("plant")).issue({}, true);
	const { answer } = await cert(agent, "trust", certificateFile);
	expect(answer.done.map(({ what }: { what: string }) => what.split(" (")[0])).toEqual([
		"trusted: CN=server",
		"known as an issuer: CN=plant",
	]);
});
