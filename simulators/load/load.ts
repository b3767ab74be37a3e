import { type Clock, every } from "../../common/runtime/clock.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import { LoadGenerator } from "./generator.ts";
import { LoadServer } from "./load-server.ts";
import { tagName, unitName, unitsOf } from "./load-tags.ts";

const tickMs = 20;
/** What one tick may give at most, so that a process that was held up does not answer with one huge burst. */
const burstMax = 5_000;

/** The load generator: counters on an OPC UA server, and a ledger of what was produced. */
export class Load implements Part {
	readonly name = "load generator";
	readonly #clock: Clock;
	readonly #generator: LoadGenerator;
	readonly #server: LoadServer;
	#stopTicking = () => {};

	constructor(options: {
		clock: Clock;
		tags: number;
		valuesPerSecond: number;
		port: number;
		directory: string;
	}) {
		this.#clock = options.clock;
		this.#generator = new LoadGenerator(options);
		this.#server = new LoadServer(options);
	}

	get endpoint(): string {
		return this.#server.endpoint;
	}

	get produced(): number {
		return this.#generator.produced;
	}

	/** Whether clients watch every tag, and every unit's phase. */
	get everythingMonitored(): boolean {
		return this.#server.monitoredItems >= this.#generator.tags + unitsOf(this.#generator.tags).length;
	}

	async start(): Promise<void> {
		await this.#server.start();
		const timeMs = this.#clock.wallMs();
		this.#generator.begin((tag, value) => this.#server.write(tag, value, timeMs));
	}

	/** Begins to count. */
	run(): void {
		const startedMs = this.#clock.monotonicMs();
		this.#stopTicking = every(this.#clock, tickMs, () => {
			const timeMs = this.#clock.wallMs();
			this.#generator.advance(this.#clock.monotonicMs() - startedMs, burstMax, (tag, value) =>
				this.#server.write(tag, value, timeMs),
			);
		});
	}

	/** Counts no further; the server stays up so that clients drain. */
	halt(): void {
		this.#stopTicking();
	}

	/** How many values each tag has had, by `unit/tag`. */
	producedByTag(): Record<string, number> {
		const produced: Record<string, number> = {};
		for (let tag = 0; tag < this.#generator.tags; tag++)
			produced[`${unitName(tag)}/${tagName(tag)}`] = this.#generator.count(tag);
		return produced;
	}

	async stop(): Promise<void> {
		this.halt();
		await this.#server.stop();
	}
}
