import type { Clock } from "../../common/runtime/clock.ts";

/**
 * So long data waits behind births under rolling delivery: there are hosts that read messages side by side, do not know a
 * metric whose birth came just before, and never ask again.
 */
const settleMs = 500;

/** The time after births in which hosts may still be reading them. */
export class Settling {
	readonly #clock: Clock;
	readonly #over: () => void;
	#isOn = false;
	#cancel = () => {};

	constructor(clock: Clock, over: () => void) {
		this.#clock = clock;
		this.#over = over;
	}

	get isOn(): boolean {
		return this.#isOn;
	}

	/** A further birth does not lengthen the wait, so that data passes between any number of them. */
	begin(): void {
		if (this.#isOn) return;
		this.#isOn = true;
		this.#cancel = this.#clock.after(settleMs, () => {
			this.#isOn = false;
			this.#over();
		});
	}

	stop(): void {
		this.#cancel();
	}
}
