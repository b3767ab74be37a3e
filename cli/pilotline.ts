#!/usr/bin/env node
// What the packed product installs as `pilotline`: the program under the host's own Node.js, with the options that it is
// measured with. In the tree launch.mjs takes this place, because it also brings Node.js and packages along.

import { spawnSync } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { runtimeFlags } from "./runtime-flags.ts";

const runtimeMajorMin = 24;

function start(args: readonly string[]): void {
	const { node } = process.versions;
	if (Number.parseInt(node, 10) < runtimeMajorMin) {
		process.stderr.write(`pilotline: expected Node.js ${runtimeMajorMin} or newer, found ${node}.\n`);
		process.exitCode = 1;
		return;
	}
	// `.ts` in the tree, `.js` when packed, as this file.
	const ending = import.meta.url.slice(import.meta.url.lastIndexOf("."));
	const main = fileURLToPath(new URL(`./main${ending}`, import.meta.url));
	const options = [...runtimeFlags(args[0]), main, ...args];
	// In place of this process where the system can do that: one process, one pid, and signals that go where they are sent.
	if (process.platform !== "win32") process.execve?.(process.execPath, [process.argv0, ...options]);
	const { status, signal } = spawnSync(process.execPath, options, { stdio: "inherit" });
	process.exitCode = signal === null ? (status ?? 1) : 128 + constants.signals[signal];
}

start(process.argv.slice(2));
