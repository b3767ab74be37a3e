import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { onTestFinished } from "vitest";

const endWithinMs = 15_000;
const stderrBytes = 64 * 1024;

/** One line of a program; which fields there are depends on `event`. */
export interface ProgramEvent {
	readonly event: string;
	readonly [field: string]: unknown;
}

/** A program of another maker that takes a JSON command a line and gives a JSON event a line; ended with the test. */
export class Program {
	/** Everything the program said, in order. */
	readonly events: ProgramEvent[] = [];
	readonly #name: string;
	readonly #process: ChildProcessWithoutNullStreams;
	readonly #watchers = new Set<() => void>();
	readonly #exited: Promise<void>;
	#stderr = "";
	/** It has ended, and everything it said is in `events`. */
	#silent = false;

	constructor(name: string, command: string, args: readonly string[]) {
		this.#name = name;
		this.#process = spawn(command, args);
		let rest = "";
		this.#process.stdout.setEncoding("utf8").on("data", (text: string) => {
			const lines = `${rest}${text}`.split("\n");
			rest = lines.pop() ?? "";
			for (const line of lines) this.events.push(JSON.parse(line) as ProgramEvent);
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
	async until(fits: (event: ProgramEvent) => boolean, withinMs = 30_000, from = 0): Promise<ProgramEvent> {
		const endMs = performance.now() + withinMs;
		for (let next = from; ; ) {
			for (; next < this.events.length; next += 1) {
				const event = this.events[next] as ProgramEvent;
				if (fits(event)) return event;
			}
			const leftMs = endMs - performance.now();
			if (this.#silent || leftMs <= 0) throw new Error(this.#report(withinMs));
			await this.#news(leftMs);
		}
	}

	/** The events with this name that came from index `from` on. */
	all(name: string, from = 0): ProgramEvent[] {
		return this.events.slice(from).filter(({ event }) => event === name);
	}

	/** It does nothing more, and its connections stay. */
	freeze(): void {
		this.#process.kill("SIGSTOP");
	}

	thaw(): void {
		this.#process.kill("SIGCONT");
	}

	/** Ends it without giving it a chance. */
	async kill(): Promise<void> {
		this.#process.kill("SIGKILL");
		await this.#exited;
	}

	/** Lets it end by itself; one that does not in time is killed. */
	async stop(): Promise<void> {
		this.thaw();
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

/** A Java program of one of our small projects, with little memory. */
export function javaArguments(classPath: string, main: string): string[] {
	return [
		...["-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8"],
		...["-cp", classPath, main],
	];
}
