import type { PlantVariable, PlantWrite } from "../pipeline.ts";

/** Receives each value in the order in which it comes about. */
type Emit = (write: PlantWrite) => void;

/**
 * Counts what a unit writes and ends each of its cycles with `Written` and `Heartbeat`. At a heartbeat's time t the
 * unit has written exactly as many values with a source time up to t as `Written` says, these two included, and
 * every later value has a later time: so whoever stores the values can check that it has them all.
 */
export class Beats {
	readonly #emit: Emit;
	readonly #written: PlantVariable;
	readonly #heartbeat: PlantVariable;
	#count = 0;

	constructor(written: PlantVariable, heartbeat: PlantVariable, emit: Emit) {
		this.#emit = emit;
		this.#written = written;
		this.#heartbeat = heartbeat;
	}

	/** Every value of the unit goes through here. */
	readonly emit: Emit = (write) => {
		this.#count++;
		this.#emit(write);
	};

	/** `nowMs` is plant time. */
	beat(nowMs: number): void {
		this.emit({ variable: this.#written, value: this.#count + 2, timeMs: nowMs });
		this.emit({ variable: this.#heartbeat, value: nowMs, timeMs: nowMs });
	}
}
