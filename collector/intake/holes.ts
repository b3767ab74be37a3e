import type { GapCause } from "../../common/contract/gap.ts";
import { nodeDevice } from "../../common/contract/ids.ts";
import type { GapRow } from "../pipeline.ts";
import { gapId } from "./batch.ts";
import type { Reached } from "./through-marks.ts";

interface Hole {
	readonly device: string;
	row: GapRow;
	/** Whether a record stands after the hole. */
	readonly isAfter: (epoch: number, offset: number) => boolean;
	firstAfterMs: number;
}

const holesMax = 1_000;

/**
 * Holes that the collector itself found in what an edge node sent, until it knows where they end. Each is written down
 * at once with an end that is too late, so that a crash cannot lose it, and again when the device has gone on. Pure.
 */
export class Holes {
	readonly #holes: Hole[] = [];
	/** Gaps that a restore wrote: what agents still hold comes again, and for the rest there are rows of its own. */
	#restored: GapRow[] = [];

	/**
	 * One hole in every device: it begins where the device was complete, in source time, or anywhere where nothing was
	 * known of any. Returns the rows for now.
	 */
	open(options: {
		readonly edgeNode: number;
		readonly epoch: number;
		readonly first: number;
		readonly cause: GapCause;
		readonly throughs: ReadonlyMap<string, number>;
		readonly nowMs: number;
		readonly isAfter: (epoch: number, offset: number) => boolean;
	}): GapRow[] {
		const { edgeNode, epoch, first, cause, throughs, nowMs, isAfter } = options;
		const devices = throughs.size === 0 ? [[nodeDevice, 0] as const] : [...throughs];
		return devices.map(([device, fromMs], index) => {
			const row: GapRow = {
				id: gapId(edgeNode, epoch, first, index),
				edgeNode,
				device,
				tags: [],
				fromMs,
				toMs: Math.max(fromMs, nowMs),
				cause,
				backfilled: false,
				noticedMs: nowMs,
			};
			if (this.#holes.length < holesMax)
				this.#holes.push({ device, row, isAfter, firstAfterMs: Number.POSITIVE_INFINITY });
			return row;
		});
	}

	get isEmpty(): boolean {
		return this.#holes.length === 0 && this.#restored.length === 0;
	}

	/** Takes over the gap rows that a restore wrote. */
	restored(rows: readonly GapRow[]): void {
		this.#restored.push(...rows);
	}

	/** A stored record of a device; a hole of the edge node itself ends with the first record of any. */
	stored(device: string, epoch: number, offset: number, sourceMinMs: number): void {
		if (!Number.isFinite(sourceMinMs) || device === nodeDevice) return;
		for (const hole of this.#holes) {
			const concerns = hole.device === device || hole.device === nodeDevice;
			if (concerns && hole.isAfter(epoch, offset))
				hole.firstAfterMs = Math.min(hole.firstAfterMs, sourceMinMs);
		}
	}

	/** A device is complete further: its holes end where its data begins again. Returns the rows as they are for good. */
	advanced(device: string, { epoch, offset, throughMs }: Reached): GapRow[] {
		const closed: GapRow[] = [];
		for (let at = this.#holes.length - 1; at >= 0; at--) {
			const hole = this.#holes[at] as Hole;
			const { row, firstAfterMs } = hole;
			if (hole.device !== device && hole.device !== nodeDevice) continue;
			if (!hole.isAfter(epoch, offset)) {
				// What was still on its way before the hole has come.
				if (throughMs > row.fromMs && hole.device === device)
					hole.row = { ...row, fromMs: throughMs, toMs: Math.max(throughMs, row.toMs) };
				continue;
			}
			this.#holes.splice(at, 1);
			// A Through is behind the samples of its own record, so that what is lost may be later than it.
			const goesOnMs = Number.isFinite(firstAfterMs) ? firstAfterMs : throughMs;
			closed.push({ ...row, toMs: Math.max(row.fromMs, goesOnMs) });
		}
		const filled = this.#restored.filter((row) => row.device === device && throughMs >= row.toMs);
		this.#restored = this.#restored.filter((row) => !filled.includes(row));
		closed.push(...filled.map((row) => ({ ...row, backfilled: true })));
		return closed;
	}
}
