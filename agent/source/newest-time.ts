import { implausibleAfterMs } from "./source-times.ts";

/** The newest source time that a device has had. Pure. */
export class NewestTime {
	#ms = Number.NEGATIVE_INFINITY;
	/** Of times that cannot be; a device may have no others. */
	#wrongMs = Number.NEGATIVE_INFINITY;

	/** The newest that can be, or −Infinity; of a device that has no such, the newest of all. */
	get ms(): number {
		return Number.isFinite(this.#ms) ? this.#ms : this.#wrongMs;
	}

	/** Whether a sample's time can be, by the server's own time. */
	take(sampleMs: number, serverMs: number): boolean {
		if (sampleMs > serverMs + implausibleAfterMs) {
			this.#wrongMs = Math.max(this.#wrongMs, sampleMs);
			return false;
		}
		if (sampleMs > this.#ms) this.#ms = sampleMs;
		return true;
	}
}
