/** How far a device is complete, and the record that made it so. */
export interface Reached {
	readonly epoch: number;
	readonly offset: number;
	readonly throughMs: number;
}

/** A device's data is complete up to `throughMs` when everything up to `offset` of the epoch is stored. */
interface Mark {
	readonly offset: number;
	readonly throughMs: number;
}

/** Marks kept per epoch at most; beyond it every second one goes, because a later one says more. */
const marksMax = 1_000;
const epochsMax = 100;

/**
 * The Through marks of one device that wait for a hole to close. While a backlog drains, marks of the live lane come
 * long before everything below them does.
 */
export class ThroughMarks {
	/** Per epoch in order of offset; `throughMs` rises with it. */
	readonly #byEpoch = new Map<number, Mark[]>();

	add(epoch: number, offset: number, throughMs: number): void {
		const marks = this.#byEpoch.get(epoch);
		if (marks === undefined) {
			const oldest = this.#byEpoch.size >= epochsMax ? this.#byEpoch.keys().next().value : undefined;
			if (oldest !== undefined) this.#byEpoch.delete(oldest);
			this.#byEpoch.set(epoch, [{ offset, throughMs }]);
			return;
		}
		// Nearly always the newest; a record of the catch-up lane goes in between.
		let at = marks.length;
		while (at > 0 && (marks[at - 1] as Mark).offset > offset) at--;
		marks.splice(at, 0, { offset, throughMs });
		if (marks.length > marksMax)
			this.#byEpoch.set(
				epoch,
				marks.filter((_, index) => index % 2 === 1 || index === marks.length - 1),
			);
	}

	/** Takes out what is covered now, and returns the latest of it, or undefined. */
	take(coveredUpTo: (epoch: number) => number): Reached | undefined {
		let latest: Reached | undefined;
		for (const [epoch, marks] of this.#byEpoch) {
			const upTo = coveredUpTo(epoch);
			let count = 0;
			for (const { offset, throughMs } of marks) {
				if (offset > upTo) break;
				count++;
				if (latest === undefined || throughMs > latest.throughMs) latest = { epoch, offset, throughMs };
			}
			if (count === marks.length) this.#byEpoch.delete(epoch);
			else if (count > 0) marks.splice(0, count);
		}
		return latest;
	}
}
