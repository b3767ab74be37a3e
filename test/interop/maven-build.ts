import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describeWithPeer } from "../helpers/peers.ts";
import { runCommand } from "../helpers/run-command.ts";

const here = import.meta.dirname;
const caches = join(here, "../../node_modules/.cache");
const buildWithinMs = 300_000;

/** A suite that needs Java, Maven and, the first time, Maven Central; without the programs it says what is missing. */
export function describeWithMaven(title: string, suite: () => void): void {
	describeWithPeer("openjdk-17-jdk-headless", title, () =>
		describeWithPeer("maven", "built by Maven", suite),
	);
}

const built = new Map<string, Promise<string>>();

/** The class path of a project beside this file, which is built once for each state of its sources. */
export function mavenClassPath(project: "milo" | "tahu"): Promise<string> {
	let path = built.get(project);
	if (path === undefined) {
		path = build(project);
		built.set(project, path);
	}
	return path;
}

/** What Maven has from an earlier build needs no network. */
async function build(project: string): Promise<string> {
	const sources = join(here, project);
	const folder = join(caches, `pilotline-${project}`, sourceHash(sources));
	const path = [join(folder, "classes"), join(folder, "lib", "*")].join(delimiter);
	if (existsSync(folder)) return path;
	const scratch = `${folder}.${process.pid}`;
	mkdirSync(scratch, { recursive: true });
	try {
		const endMs = performance.now() + buildWithinMs;
		let tried = "";
		for (const mode of [["-o"], []]) {
			process.stderr.write(
				`building the peer ${project}${mode.length === 0 ? ", from Maven Central" : ""}\n`,
			);
			const outcome = await runCommand(
				"mvn",
				["-q", "-B", ...mode, "-f", join(sources, "pom.xml"), `-Dfolder=${scratch}`, "process-classes"],
				{ cwd: scratch, withinMs: endMs - performance.now() },
			);
			if (outcome.code === 0) {
				// Another worker may have been faster; what it made is the same.
				if (!existsSync(folder)) renameSync(scratch, folder);
				return path;
			}
			tried = `${outcome.stdout}${outcome.stderr}`;
		}
		throw new Error(`expected mvn to build ${sources} within ${buildWithinMs} ms, found:\n${tried}`);
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}

function sourceHash(sources: string): string {
	const hash = createHash("sha256");
	const files = readdirSync(sources, { recursive: true, encoding: "utf8" })
		.filter((file) => /\.(?:java|xml)$/.test(file))
		.sort();
	for (const file of files)
		hash
			.update(`${file}\0`)
			.update(readFileSync(join(sources, file)))
			.update("\0");
	return hash.digest("hex").slice(0, 16);
}
