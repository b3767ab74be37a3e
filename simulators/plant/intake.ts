import { type Batch, batchId, type Lot, lotId } from "./batch.ts";
import { batchUnits, minutesOf } from "./recipe.ts";

const minuteMs = 60_000;

/** Charging that ends this much before the furnace is free keeps the furnace from waiting. */
const bufferMs = 15 * minuteMs;
const changeoverMs = minuteMs;

const furnace = batchUnits.findIndex((unit) => unit.id === "U500");

function occupancyMs(unitIndex: number): number {
	const unit = batchUnits[unitIndex];
	return (unit === undefined ? 0 : minutesOf(unit) * minuteMs) + changeoverMs;
}

const upstreamMs = batchUnits.slice(0, furnace).reduce((sum, _unit, index) => sum + occupancyMs(index), 0);

/**
 * Numbers batches and lots, and decides when the next batch is charged: just in time for the furnace,
 * which is the bottleneck, so that batches neither queue for half a day nor leave it empty.
 */
export class Intake {
	readonly #batchesPerLot: number;
	#nextBatch: number;
	#nextLot: number;
	#lotsStarted = 0;
	#openLot: Lot | undefined;
	#releaseMs: number;
	/** When the furnace will have done everything that is on its way. */
	#furnaceFreeMs: number;

	constructor(options: {
		batchesPerLot: number;
		firstBatch: number;
		firstLot: number;
		firstReleaseMs: number;
	}) {
		this.#batchesPerLot = options.batchesPerLot;
		this.#nextBatch = options.firstBatch;
		this.#nextLot = options.firstLot;
		this.#releaseMs = options.firstReleaseMs;
		this.#furnaceFreeMs = options.firstReleaseMs;
	}

	get nextReleaseMs(): number {
		return this.#releaseMs;
	}

	/** A batch that was under way when the line started: a lot of its own. */
	warmBatch(): Batch {
		return this.#batchIn(this.#newLot(1, 0));
	}

	/** Tells when the furnace is free of what it holds, and how many batches wait for it ahead of new ones. */
	reserveFurnace(freeMs: number, waiting: number): void {
		this.#furnaceFreeMs = freeMs + waiting * occupancyMs(furnace);
	}

	release(nowMs: number): Batch {
		this.#furnaceFreeMs = Math.max(this.#furnaceFreeMs, nowMs + upstreamMs) + occupancyMs(furnace);
		this.#releaseMs = this.#furnaceFreeMs - upstreamMs - bufferMs;
		if (this.#openLot === undefined || this.#openLot.batches.length >= this.#openLot.size) {
			this.#lotsStarted += 1;
			this.#openLot = this.#newLot(this.#batchesPerLot, this.#lotsStarted);
		}
		return this.#batchIn(this.#openLot);
	}

	#newLot(size: number, startedAs: number): Lot {
		return { id: lotId(this.#nextLot++), size, batches: [], startedAs, moistureDose: 0 };
	}

	#batchIn(lot: Lot): Batch {
		const batch: Batch = { id: batchId(this.#nextBatch++), lot };
		lot.batches.push(batch);
		return batch;
	}
}
