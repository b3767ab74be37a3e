import { createHash, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MessageSecurityMode, SecurityPolicy } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import { selfSigned } from "../helpers/opcua-certificates.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { AgentFolder, securedServer, securedSource, soon } from "./secured-line.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";

const password = "Sesame-4711-open";
const wrongPassword = "Barley-0815-open";

/** An agent that trusts the server's certificate. */
async function trustingAgent() {
	const agent = new AgentFolder();
	const certificate = await selfSigned();
	const folder = join(agent.pki, "trusted", "certs");
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, "approved.pem"), readFileSync(certificate.certificateFile));
	return { agent, certificate };
}

test.each([
	["SignAndEncrypt", MessageSecurityMode.SignAndEncrypt],
	["Sign", MessageSecurityMode.Sign],
] as const)(
	"%s: a wrong password is refused by name, the right one counts at the next attempt, and neither shows anywhere",
	async (_, mode) => {
		const { agent, certificate } = await trustingAgent();
		const file = join(agent.pki, "password");
		writeFileSync(file, `${wrongPassword}\n`);
		const server = await securedServer({
			...certificate,
			modes: [mode],
			anonymous: false,
			users: { isValidUser: (user: string, given: string) => user === "line" && given === password },
		});
		const identity = { username: "line", password_file: "password" };
		const line = await securedSource(server.port, { agent, server: { identity } });
		await expect.poll(line.lastError, soon).toMatch(/^OPCUA_IDENTITY_REFUSED: .*BadUserAccessDenied/);
		const wrongly = line.lastError();
		writeFileSync(file, `${password}\n`);
		await expect.poll(line.isConnected, soon).toBe(true);
		const everything = [
			wrongly,
			JSON.stringify(line.source.state()),
			await line.metrics(),
			...line.lines,
		].join("\n");
		for (const secret of [password, wrongPassword]) {
			expect(everything).not.toContain(secret);
			expect(everything).not.toContain(Buffer.from(secret).toString("base64").slice(0, 16));
			expect(everything).not.toContain(Buffer.from(secret).toString("hex"));
		}
		expect(everything.length).toBeGreaterThan(1_000);
	},
);

test("a user's certificate that cannot be read is told with both of its files", async () => {
	const { agent, certificate } = await trustingAgent();
	const server = await securedServer(certificate);
	const identity = { certificate_file: "user.pem", key_file: "user.key" };
	const line = await securedSource(server.port, { agent, server: { identity } });
	await expect
		.poll(line.lastError, soon)
		.toMatch(/^CONFIG_UNREADABLE: expected a certificate in .*user\.pem and its key/);
});

test("a user's certificate opens a session where the server trusts it, and none where it does not", async () => {
	const { agent, certificate } = await trustingAgent();
	const [known, stranger] = [await selfSigned({ name: "known" }), await selfSigned({ name: "stranger" })];
	const folder = temporaryFolder();
	const server = new SmallOpcuaServer(folder);
	onTestFinished(() => server.stop());
	const thumbprint = (file: string) =>
		createHash("sha1")
			.update(new X509Certificate(readFileSync(file)).raw)
			.digest("hex");
	const trusted = join(folder, "users", "trusted", "certs");
	mkdirSync(trusted, { recursive: true });
	writeFileSync(
		join(trusted, `${thumbprint(known.certificateFile)}.pem`),
		readFileSync(known.certificateFile),
	);
	await securedServer(
		{ ...certificate, anonymous: false, policies: [SecurityPolicy.Aes128_Sha256_RsaOaep] },
		server,
	);
	const as = (files: typeof known) => ({
		identity: { certificate_file: files.certificateFile, key_file: files.keyFile },
	});
	const refused = await securedSource(server.port, { agent, server: as(stranger) });
	await expect.poll(refused.lastError, soon).toMatch(/^OPCUA_IDENTITY_REFUSED: .*BadIdentityTokenRejected/);
	await refused.source.stop();
	const line = await securedSource(server.port, { agent, server: as(known) });
	await expect.poll(line.isConnected, soon).toBe(true);
	const secret = readFileSync(known.keyFile, "utf8").split("\n")[1];
	expect([...refused.lines, ...line.lines].join("")).not.toContain(secret);
});
