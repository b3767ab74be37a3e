/**
 * Options of Node.js for a command of ours: memory and CPU weighed against each other (ARCHITECTURE.md, D28). A small young
 * generation for all; for the agent, which runs beside the plant, also freed pages given back and a heap collected when it has
 * grown by 30 %, by options of the V8 in Node.js 24 that another may not know. launch.mjs has the same.
 */
export function runtimeFlags(command: string | undefined, nodeVersion = process.versions.node): string[] {
	const flags = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=8"];
	if (command === "agent" && nodeVersion.startsWith("24."))
		flags.push("--memory-saver-mode", "--no-memory-reducer", "--heap-growing-percent=30");
	return flags;
}
