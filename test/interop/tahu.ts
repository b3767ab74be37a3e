import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { runCommand } from "../helpers/run-command.ts";

const project = join(dirname(fileURLToPath(import.meta.url)), "tahu");
const cache = join(dirname(dirname(dirname(project))), "node_modules", ".cache", "pilotline-tahu");
const buildWithinMs = 300_000;
const endWithinMs = 15_000;
const stderrBytes = 64 * 1024;

/** A metric as both programs take and give it; integers of 64 bits and times are decimal text. */
export interface TahuMetric {
	name: string | null;
	type: string;
	value: unknown;
	alias?: string;
	/** Milliseconds since 1970; now, when it is left out. */
	timestamp?: string | null;
	isNull?: boolean;
	historical?: boolean;
	transient?: boolean;
	/** The property Quality, an Int32. */
	quality?: number | null;
	properties?: Record<string, { type: string; value: unknown }>;
	metadata?: Record<string, unknown>;
}

/** One line of a program; which fields there are depends on `event`. */
export interface TahuEvent {
	readonly event: string;
	readonly [field: string]: unknown;
}

/** A suite that needs Java, Maven and, the first time, Maven Central; without the programs it says what is missing. */
export function describeWithTahu(title: string, suite: () => void): void {
	describeWithPeer("openjdk-17-jdk-headless", title, () =>
		describeWithPeer("maven", "built by Maven", suite),
	);
}

let built: Promise<string> | undefined;

/** The class path of both programs. */
function classPath(): Promise<string> {
	built ??= build();
	return built;
}

/** Builds once for each state of the sources; what Maven has from an earlier build needs no network. */
async function build(): Promise<string> {
	const folder = join(cache, sourceHash());
	const built = [join(folder, "classes"), join(folder, "lib", "*")].join(delimiter);
	if (existsSync(folder)) return built;
	const scratch = `${folder}.${process.pid}`;
	mkdirSync(scratch, { recursive: true });
	try {
		const endMs = performance.now() + buildWithinMs;
		let tried = "";
		for (const mode of [["-o"], []]) {
			process.stderr.write(`building the Tahu peer${mode.length === 0 ? ", from Maven Central" : ""}\n`);
			const outcome = await runCommand(
				"mvn",
				["-q", "-B", ...mode, "-f", join(project, "pom.xml"), `-Dfolder=${scratch}`, "process-classes"],
				{ cwd: scratch, withinMs: endMs - performance.now() },
			);
			if (outcome.code === 0) {
				// Another worker may have been faster; what it made is the same.
				if (!existsSync(folder)) renameSync(scratch, folder);
				return built;
			}
			tried = `${outcome.stdout}${outcome.stderr}`;
		}
		throw new Error(`expected mvn to build ${project} within ${buildWithinMs} ms, found:\n${tried}`);
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}

function sourceHash(): string {
	const hash = createHash("sha256");
	const files = readdirSync(project, { recursive: true, encoding: "utf8" })
		.filter((file) => /\.(?:java|xml)$/.test(file))
		.sort();
	for (const file of files)
		hash
			.update(`${file}\0`)
			.update(readFileSync(join(project, file)))
			.update("\0");
	return hash.digest("hex").slice(0, 16);
}

/** A Java program that takes a JSON command a line and gives a JSON event a line; ended with the test. */
class TahuProgram {
	/** Everything the program said, in order. */
	readonly events: TahuEvent[] = [];
	readonly #name: string;
	readonly #process: ChildProcessWithoutNullStreams;
	readonly #watchers = new Set<() => void>();
	readonly #exited: Promise<void>;
	#stderr = "";
	/** It has ended, and everything it said is in `events`. */
	#silent = false;

	protected constructor(name: string, classPath: string, args: readonly string[]) {
		this.#name = name;
		this.#process = spawn("java", [
			"-Xmx192m",
			"-XX:+UseSerialGC",
			"-XX:TieredStopAtLevel=1",
			"-Dfile.encoding=UTF-8",
			"-cp",
			classPath,
			`pilotline.interop.${name}`,
			...args,
		]);
		let rest = "";
		this.#process.stdout.setEncoding("utf8").on("data", (text: string) => {
			const lines = `${rest}${text}`.split("\n");
			rest = lines.pop() ?? "";
			for (const line of lines) this.events.push(JSON.parse(line) as TahuEvent);
			this.#tell();
		});
		this.#process.stderr.setEncoding("utf8").on("data", (text: string) => {
			this.#stderr = `${this.#stderr}${text}`.slice(-stderrBytes);
		});
		// A command to a program that has just ended is answered by `until`, not by a broken pipe.
		this.#process.stdin.on("error", () => {});
		this.#exited = new Promise((resolve) => {
			this.#process.once("error", (error) => {
				this.#stderr += String(error);
				resolve();
			});
			this.#process.once("close", () => resolve());
		});
		void this.#exited.then(() => {
			this.#silent = true;
			this.#tell();
		});
		onTestFinished(() => this.stop());
	}

	/** Null while it runs; a signal's name when one ended it. */
	get ended(): number | string | null {
		return this.#process.exitCode ?? this.#process.signalCode;
	}

	send(command: { do: string } & Record<string, unknown>): void {
		this.#process.stdin.write(`${JSON.stringify(command)}\n`);
	}

	/** The first event from index `from` on that fits; waits for it. */
	async until(fits: (event: TahuEvent) => boolean, withinMs = 30_000, from = 0): Promise<TahuEvent> {
		const endMs = performance.now() + withinMs;
		for (let next = from; ; ) {
			for (; next < this.events.length; next += 1) {
				const event = this.events[next] as TahuEvent;
				if (fits(event)) return event;
			}
			const leftMs = endMs - performance.now();
			if (this.#silent || leftMs <= 0) throw new Error(this.#report(withinMs));
			await this.#news(leftMs);
		}
	}

	/** The events with this name that came from index `from` on. */
	all(name: string, from = 0): TahuEvent[] {
		return this.events.slice(from).filter(({ event }) => event === name);
	}

	/** Lets it leave the broker and end; one that does not end in time is killed. */
	async stop(): Promise<void> {
		this.#process.stdin.end();
		const limit = setTimeout(() => this.#process.kill("SIGKILL"), endWithinMs);
		await this.#exited;
		clearTimeout(limit);
	}

	#tell(): void {
		for (const watcher of [...this.#watchers]) watcher();
	}

	#news(withinMs: number): Promise<void> {
		return new Promise((resolve) => {
			const done = () => {
				clearTimeout(limit);
				this.#watchers.delete(done);
				resolve();
			};
			const limit = setTimeout(done, withinMs);
			this.#watchers.add(done);
		});
	}

	#report(withinMs: number): string {
		const said = this.events.slice(-20).map((event) => JSON.stringify(event).slice(0, 400));
		const state = this.ended === null ? `within ${withinMs} ms` : `before it ended (${this.ended})`;
		return [`expected an event of ${this.#name} ${state}; its last events:`, ...said, this.#stderr].join(
			"\n",
		);
	}
}

interface Login {
	clientId?: string;
	username?: string;
	password?: string;
}

export interface TahuEdgeOptions extends Login {
	url: string;
	group: string;
	edge: string;
	device: string;
	/** Gives metrics aliases in births and sends only those in data. */
	aliases?: boolean;
	/** Waits for this host's STATE before it publishes births. */
	primaryHost?: string;
	/** Of the first connection. */
	bdSeq?: number;
	/** Where the type of a command's metric comes from when the command has none; `none` is Tahu's own example. */
	commandTypes?: "birth" | "none";
	rebirthDebounceMs?: number;
}

/** Tahu's EdgeClient: an edge node with one device. Nothing is connected before the command `birth`. */
export class TahuEdge extends TahuProgram {
	static async start({ url, group, edge, device, ...options }: TahuEdgeOptions): Promise<TahuEdge> {
		const args = [url, group, edge, device, JSON.stringify(options)];
		return new TahuEdge("TahuEdge", await classPath(), args);
	}
}

export interface TahuHostOptions extends Login {
	url: string;
	hostId: string;
	group: string;
	/** False: it begins with a STATE that says offline. */
	online?: boolean;
	/** How long it waits for a missing sequence number before it asks for a rebirth. */
	reorderTimeoutMs?: number;
}

/** Tahu's HostApplication; connects at once, and says `ready` when it is subscribed. */
export class TahuHost extends TahuProgram {
	static async start({ url, hostId, group, ...options }: TahuHostOptions): Promise<TahuHost> {
		return new TahuHost("TahuHost", await classPath(), [url, hostId, group, JSON.stringify(options)]);
	}
}
