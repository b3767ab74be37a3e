import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ProcessUnderTest } from "../faults/process-under-test.ts";
import { freePort } from "../helpers/free-ports.ts";
import { runCommand } from "../helpers/run-command.ts";
import { root } from "../static/rules/repository.ts";
import { cert } from "./cert-command.ts";
import { AgentFolder, securedServer, soon } from "./secured-line.ts";

const password = "Sesame-4711-open";
const program = ["--disable-warning=ExperimentalWarning", join(root, "cli", "main.ts")];

test("a whole agent: its secret is read before anything is made; it says why it is not connected, is told whom to trust, and shows how it is secured", async () => {
	const agent = new AgentFolder();
	const server = await securedServer({
		anonymous: false,
		users: { isValidUser: (user: string, given: string) => user === "line" && given === password },
	});
	const statusPort = await freePort();
	const identity = ", identity: { username: line, password_file: kiln-password }";
	agent.write(server.port, { statusPort, server: identity });
	const args = [...program, "agent", "--config", agent.config];
	const failed = await runCommand(process.execPath, args, { cwd: root });
	expect(failed.stderr).toMatch(/CONFIG_UNREADABLE: expected a secret on the first line of .*kiln-password/);
	expect({ code: failed.code, made: existsSync(join(agent.folder, "data", "journal")) }).toEqual({
		code: 2,
		made: false,
	});

	writeFileSync(join(agent.folder, "kiln-password"), `${password}\n`);
	const child = new ProcessUnderTest({
		name: "agent",
		command: process.execPath,
		args,
		env: process.env,
		logFile: join(agent.folder, "agent.log"),
	});
	onTestFinished(() => child.kill());
	child.start();
	const get = async (path: string) =>
		await fetch(`http://127.0.0.1:${statusPort}${path}`).then(
			(response) => response.text(),
			() => "{}",
		);
	const seen: string[] = [];
	const status = async () => {
		const text = await get("/status");
		seen.push(text);
		return JSON.parse(text);
	};
	await expect
		.poll(async () => (await status()).servers?.[0]?.lastError, soon)
		.toMatch(/ is refused: not_trusted: /);
	const { answer } = await cert(agent, "list");
	expect((await cert(agent, "trust", answer.rejected[0].thumbprint)).code).toBe(0);
	await expect.poll(async () => (await status()).servers?.[0]?.connected, soon).toBe(true);
	expect(await status()).toMatchObject({
		insecure: { servers: [] },
		servers: [{ server: "small", security: "Aes256_Sha256_RsaPss, SignAndEncrypt" }],
	});
	const metrics = await get("/metrics");
	expect(metrics).toMatch(/certificate_expires_seconds\{whose="opcua_server:small"\} \d+/);
	const everything = [...seen, metrics, child.log].join("\n");
	expect(child.log).toContain("plant server reached through a secure channel");
	expect(everything).not.toContain(password);
});

test("what the command does not understand is a mistake of usage, and a list without anything says so", async () => {
	const agent = new AgentFolder();
	agent.write();
	expect(await cert(agent, "trust", "no-such-file.pem")).toMatchObject({
		code: 2,
		stderr: expect.stringContaining("USAGE: expected a file, or the thumbprint of a certificate"),
	});
	expect((await cert(agent, "reject", "3cdebaf2")).code).toBe(2);
	expect(await cert(agent, "show")).toMatchObject({
		code: 1,
		stderr: expect.stringContaining("pilotline cert init"),
	});
	const plain = [...program, "cert", "list", "--config", agent.config];
	expect(await runCommand(process.execPath, plain, { cwd: root })).toMatchObject({
		code: 0,
		stdout: "no certificates of servers yet\n",
	});
	const help = await runCommand(process.execPath, [...program, "cert", "trust", "--help"], { cwd: root });
	expect(help.stdout).toContain("pilotline cert trust plant-authority.pem");
});
