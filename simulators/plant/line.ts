import { type Clock, pause } from "../../common/runtime/clock.ts";
import type { LineOutput, PlantModel, PlantWrite } from "./pipeline.ts";

export interface LineOptions {
	readonly clock: Clock;
	readonly plant: PlantModel;
	readonly output: LineOutput;
	/** Times faster than the clock, until plant time meets it. */
	readonly speed: number;
	readonly stepMs: number;
	readonly waitForSubscribers: boolean;
	/** Called before each step. */
	readonly onStep?: (plantTimeMs: number) => void;
	readonly onRunning?: (plantTimeMs: number) => void;
	readonly onCaughtUp?: () => void;
}

/** How often a line that waits looks again. */
const waitPollMs = 20;

/**
 * On the way to the clock the line wakes this often and makes the steps that are due. Each wake-up costs
 * a publish and a packet per client, so waking for every step would nearly double the cost of a value.
 */
const wakeMs = 50;

/** Steps in one go before sockets and publishing timers get their turn. */
const burstMs = 10;

/** Credit a held-up line may keep, so that it does not rush afterwards. */
const creditMaxMs = 250;

/**
 * Plant time: begins in the past, runs faster than the clock until it meets it, then with it and never
 * ahead of it. It waits for clients that fall behind, so that what it produced is what they get.
 */
export class Line {
	readonly #options: LineOptions;
	readonly #produced: Float64Array;
	#total = 0;
	#waiting = false;
	#caughtUp = false;
	#running: Promise<void> | undefined;
	readonly #stopped = new AbortController();

	constructor(options: LineOptions) {
		this.#options = options;
		this.#produced = new Float64Array(options.plant.variables.length);
	}

	get plantTimeMs(): number {
		return this.#options.plant.nowMs;
	}

	/** Values written so far, the first ones included. */
	get produced(): number {
		return this.#total;
	}

	get waitingForClients(): boolean {
		return this.#waiting;
	}

	get caughtUp(): boolean {
		return this.#caughtUp;
	}

	/** Values written per variable, by `unit/name`. */
	producedByTag(): Record<string, number> {
		return Object.fromEntries(
			this.#options.plant.variables.map((variable) => [variable.key, this.#produced[variable.index] ?? 0]),
		);
	}

	/** Writes the first value of every variable; the servers must not listen before. */
	begin(): void {
		this.#write(this.#options.plant.begin());
	}

	run(): void {
		this.#running ??= this.#run();
	}

	/** Ends production within one step; what was written stays in the servers. */
	async halt(): Promise<void> {
		this.#stopped.abort();
		await this.#running;
	}

	async #run(): Promise<void> {
		const { clock, plant, output, speed, stepMs } = this.#options;
		const signal = this.#stopped.signal;
		while (this.#options.waitForSubscribers && !output.everythingMonitored()) {
			this.#waiting = true;
			if (!(await pause(clock, waitPollMs, signal))) return;
		}
		this.#waiting = false;
		if (signal.aborted) return;
		this.#options.onRunning?.(plant.nowMs);
		let allowedMs = plant.nowMs;
		let lastMs = clock.monotonicMs();
		let burstBeganMs = lastMs;
		while (!signal.aborted) {
			const nowMs = clock.monotonicMs();
			allowedMs += Math.min(nowMs - lastMs, creditMaxMs) * speed;
			lastMs = nowMs;
			const wallMs = clock.wallMs();
			if (allowedMs >= wallMs) allowedMs = wallMs;
			const nextMs = plant.nowMs + stepMs;
			if (nextMs > wallMs && !this.#caughtUp) {
				this.#caughtUp = true;
				this.#options.onCaughtUp?.();
			}
			if (nextMs > allowedMs) {
				const shortMs = nextMs > wallMs ? nextMs - wallMs : (nextMs - allowedMs) / speed;
				await pause(clock, Math.max(wakeMs, Math.min(shortMs, 500)), signal);
				burstBeganMs = clock.monotonicMs();
				continue;
			}
			this.#waiting = output.congested();
			if (this.#waiting) {
				allowedMs = plant.nowMs;
				await pause(clock, waitPollMs, signal);
				continue;
			}
			this.#options.onStep?.(plant.nowMs);
			this.#write(plant.step(nextMs));
			if (nowMs - burstBeganMs < burstMs) continue;
			await new Promise((resolve) => setImmediate(resolve));
			burstBeganMs = clock.monotonicMs();
		}
	}

	#write(writes: readonly PlantWrite[]): void {
		for (const write of writes) {
			this.#options.output.write(write);
			this.#produced[write.variable.index] = (this.#produced[write.variable.index] ?? 0) + 1;
		}
		this.#total += writes.length;
	}
}
