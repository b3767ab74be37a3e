import { setFlagsFromString } from "node:v8";
import type { Clock } from "./clock.ts";
import type { Part } from "./lifecycle.ts";

const startLastsMs = 30_000;

/**
 * Lets the heap grow to twice what lives in it once the start is over, which needs the most memory and is held down by the
 * flags of the launcher: then a collection of the whole heap is rare instead of every few seconds (ARCHITECTURE.md, D28).
 */
export class SteadyHeap implements Part {
	readonly name = "heap";
	readonly #clock: Clock;
	#cancel = () => {};

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	start(): void {
		// V8 reads this flag at each collection, so it may change while running.
		this.#cancel = this.#clock.after(startLastsMs, () => setFlagsFromString("--heap-growing-percent=100"));
	}

	stop(): void {
		this.#cancel();
	}
}
