import { comparePositions, type Position } from "../pipeline.ts";

/**
 * Which devices are dead in the present Sparkplug session. A device dies when its plant server is lost and nothing of it
 * waits any more: until then its records still have to be sent, and data of a dead device says nothing
 * [tck-id-operational-behavior-device-ddeath]. Pure; asked about once a second.
 */
export class DeviceLife {
	/** Lost devices that live on, with the place in the journal after their last record. */
	readonly #dying = new Map<string, Position>();
	readonly #dead = new Set<string>();

	isDead(device: string): boolean {
		return this.#dead.has(device);
	}

	/** `end`: the first place not yet appended; `low`: the first record not yet confirmed by all hosts. */
	tick(
		devices: readonly string[],
		isLost: (device: string) => boolean,
		end: Position,
		low: Position,
	): { deaths: string[]; births: string[] } {
		const deaths: string[] = [];
		const births: string[] = [];
		for (const device of devices) {
			if (!isLost(device)) {
				this.#dying.delete(device);
				if (this.#dead.delete(device)) births.push(device);
				continue;
			}
			if (this.#dead.has(device)) continue;
			const after = this.#dying.get(device);
			// What the loss itself wrote down (its tags are Bad now) is appended by the next time we are asked.
			if (after === undefined) this.#dying.set(device, end);
			else if (comparePositions(low, after) >= 0) {
				this.#dead.add(device);
				this.#dying.delete(device);
				deaths.push(device);
			}
		}
		return { deaths, births };
	}

	/** A dead device has something to send after all. Returns whether it has to be born first. */
	revive(device: string): boolean {
		return this.#dead.delete(device);
	}
}
