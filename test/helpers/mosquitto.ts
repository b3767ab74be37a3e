import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { freePort } from "./free-ports.ts";
import { temporaryFolder } from "./temporary-folder.ts";

async function untilListening(port: number, withinMs: number): Promise<void> {
	const endMs = performance.now() + withinMs;
	for (;;) {
		const socket = connect(port, "127.0.0.1");
		const open = await new Promise<boolean>((resolve) => {
			socket.once("connect", () => resolve(true));
			socket.once("error", () => resolve(false));
		});
		socket.destroy();
		if (open) return;
		if (performance.now() > endMs) throw new Error(`mosquitto does not listen on ${port}`);
		await delay(20);
	}
}

/** A real Mosquitto on a port of its own that the running test can kill and start again; ended with the test. */
export class Mosquitto {
	readonly #program: string;
	readonly port: number;
	readonly #config: string;
	#process: ChildProcess | undefined;

	private constructor(program: string, port: number, config: string) {
		this.#program = program;
		this.port = port;
		this.#config = config;
	}

	/** `settings`: lines of its configuration behind the listener's, instead of everybody being allowed in. */
	static async start(program: string, settings = "allow_anonymous true"): Promise<Mosquitto> {
		const broker = await Mosquitto.startIn(temporaryFolder(), program, settings);
		onTestFinished(() => broker.kill());
		return broker;
	}

	/** One for all tests of a suite; whoever starts it kills it. */
	static async startIn(
		folder: string,
		program: string,
		settings = "allow_anonymous true",
	): Promise<Mosquitto> {
		const port = await freePort();
		const config = join(folder, "mosquitto.conf");
		// Started by root it would become another user, who may not read the files of a test.
		writeFileSync(
			config,
			`listener ${port} 127.0.0.1\n${settings}\nuser ${userInfo().username}\npersistence false\n`,
		);
		const broker = new Mosquitto(program, port, config);
		await broker.start();
		return broker;
	}

	get url(): string {
		return `mqtt://127.0.0.1:${this.port}`;
	}

	async start(): Promise<void> {
		this.#process = spawn(this.#program, ["-c", this.#config], { stdio: "ignore" });
		await untilListening(this.port, 10_000);
	}

	async kill(): Promise<void> {
		const child = this.#process;
		this.#process = undefined;
		if (child === undefined || child.exitCode !== null) return;
		const ended = once(child, "exit");
		child.kill("SIGKILL");
		await ended;
	}
}
