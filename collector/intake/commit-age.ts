import { nodeDevice } from "../../common/contract/ids.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import { RollingHistogram } from "../../common/runtime/histogram.ts";
import type { Batch } from "./batch.ts";

const overMs = 30_000;

/** How old live samples were at their commit, over the last 30 s: wall clock less source time, in milliseconds. */
export class CommitAge {
	readonly #clock: Clock;
	readonly #ages = new RollingHistogram(overMs);

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** A batch was committed just now; what came late is not counted. */
	add({ rows, historical }: Batch): void {
		const [wallMs, nowMs] = [this.#clock.wallMs(), this.#clock.monotonicMs()];
		for (const [at, row] of rows.entries())
			if (row.device !== nodeDevice && row.samples > 0 && !historical[at])
				this.#ages.add(wallMs - row.sourceMinMs, row.samples, nowMs);
	}

	get summary() {
		return this.#ages.summary(this.#clock.monotonicMs());
	}
}
