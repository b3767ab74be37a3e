import type { Clock } from "./clock.ts";
import { errorText } from "./coded-error.ts";

/** A part of a process. `start` and `stop` are idempotent; a constructor does nothing. */
export interface Part {
	readonly name: string;
	start(): Promise<void> | void;
	stop(): Promise<void> | void;
}

/** What stopping found, for people: parts that did not stop within the bound, and those that threw, with their errors. */
interface StopReport {
	readonly late: string[];
	readonly failed: string[];
}

/**
 * Starts parts in order and stops them in reverse, each within a bound, so that a process ends
 * in a known time whatever one of its parts does. A failing start stops what had started.
 */
export class Lifecycle {
	readonly #clock: Clock;
	readonly #parts: readonly Part[];
	readonly #stopWithinMs: number;
	#started: Part[] = [];
	#stopping: Promise<StopReport> | undefined;

	constructor(options: { clock: Clock; parts: readonly Part[]; stopWithinMs: number }) {
		this.#clock = options.clock;
		this.#parts = options.parts;
		this.#stopWithinMs = options.stopWithinMs;
	}

	async start(): Promise<void> {
		if (this.#started.length > 0) return;
		this.#stopping = undefined;
		for (const part of this.#parts) {
			this.#started.push(part);
			try {
				await part.start();
			} catch (error) {
				await this.stop();
				throw error;
			}
		}
	}

	/** Safe to call twice: the second caller waits for the first stop. */
	stop(): Promise<StopReport> {
		this.#stopping ??= this.#stopAll();
		return this.#stopping;
	}

	async #stopAll(): Promise<StopReport> {
		const report: StopReport = { late: [], failed: [] };
		for (const part of this.#started.reverse()) {
			let cancel = () => {};
			const bound = new Promise<"late">((resolve) => {
				cancel = this.#clock.after(this.#stopWithinMs, () => resolve("late"));
			});
			try {
				const outcome = await Promise.race([Promise.resolve(part.stop()).then(() => "done" as const), bound]);
				if (outcome === "late") report.late.push(part.name);
			} catch (error) {
				report.failed.push(`${part.name}: ${errorText(error)}`);
			} finally {
				cancel();
			}
		}
		this.#started = [];
		return report;
	}
}
