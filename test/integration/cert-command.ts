import { join } from "node:path";
import { runCommand } from "../helpers/run-command.ts";
import { root } from "../static/rules/repository.ts";
import type { AgentFolder } from "./secured-line.ts";

/** Runs `pilotline cert` as a process of its own, with `--json`. */
export async function cert(agent: AgentFolder, ...args: string[]) {
	const program = ["--disable-warning=ExperimentalWarning", join(root, "cli", "main.ts")];
	const all = [...program, "cert", ...args, "--config", agent.config, "--json"];
	const { code, stdout, stderr } = await runCommand(process.execPath, all, { cwd: root });
	return { code, stderr, answer: stdout === "" ? undefined : JSON.parse(stdout) };
}
