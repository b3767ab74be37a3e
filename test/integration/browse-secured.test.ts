import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "../helpers/run-command.ts";
import { root } from "../static/rules/repository.ts";
import { cert } from "./cert-command.ts";
import { AgentFolder, securedServer } from "./secured-line.ts";

function browse(...args: string[]) {
	const program = ["--disable-warning=ExperimentalWarning", join(root, "cli", "main.ts"), "browse"];
	return runCommand(process.execPath, [...program, ...args], { cwd: root, withinMs: 20_000 });
}

test("a secured server is browsed with the certificates of an agent's configuration, once both trust each other", async () => {
	const agent = new AgentFolder();
	const { port } = await securedServer();
	agent.write(port);
	const endpoint = `opc.tcp://127.0.0.1:${port}`;
	const refused = await browse(endpoint, "--config", agent.config);
	expect([refused.code, refused.stderr]).toEqual([
		...[1, expect.stringMatching(/^pilotline: OPCUA_CERTIFICATE_REFUSED: .* is refused: not_trusted: /)],
	]);
	const { answer } = await cert(agent, "list");
	await cert(agent, "trust", answer.rejected[0].thumbprint);
	const { code, stdout, stderr } = await browse(endpoint, "--config", agent.config, "--include", "TT*");
	expect([code, stderr]).toEqual([0, ""]);
	expect(stdout).toMatch(/TT01 .*Double/);
	const file = join(agent.folder, "draft.yaml");
	const draft = await browse(endpoint, "--config", agent.config, "--include", "TT*", "--write", file);
	expect([draft.code, draft.stdout]).toEqual([0, `${file}: 1 tags of 1 devices\n`]);
});

test("a server that the configuration does not have, and two ways at once, are mistakes of usage", async () => {
	const agent = new AgentFolder();
	agent.write();
	const other = await browse("opc.tcp://127.0.0.1:4841", "--config", agent.config);
	expect([other.code, other.stderr]).toEqual([
		...[2, expect.stringMatching(/expected a server of .*agent.yaml \(opc.tcp:\/\/127.0.0.1:4840\), found/)],
	]);
	const both = await browse("opc.tcp://127.0.0.1:4840", "--config", agent.config, "--insecure");
	expect([both.code, both.stderr]).toEqual([
		...[2, "pilotline: USAGE: expected --config or --insecure, found both\n"],
	]);
});
