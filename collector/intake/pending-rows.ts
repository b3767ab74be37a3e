import { nodeDevice } from "../../common/contract/ids.ts";
import type { EdgeNodeRow, GapRow, OffsetRange, Series, ThroughRow } from "../pipeline.ts";
import { gapId } from "./batch.ts";

/** Offsets that can never come any more. */
export interface LostOffsets extends OffsetRange {
	readonly edgeNode: number;
	readonly epoch: number;
}

/** Rows that go with the next transaction, whatever records it has. */
export interface Rows {
	readonly edgeNodes: EdgeNodeRow[];
	readonly series: Series[];
	readonly gaps: GapRow[];
	readonly lost: LostOffsets[];
	readonly throughs: ThroughRow[];
}

/** Gathers rows between transactions, and takes them back when one fails. */
export class PendingRows {
	#rows: Rows = noRows();

	get isEmpty(): boolean {
		return Object.values(this.#rows).every((rows) => rows.length === 0);
	}

	addEdgeNode(row: EdgeNodeRow): void {
		this.#rows.edgeNodes.push(row);
	}

	addSeries(series: Series): void {
		this.#rows.series.push(series);
	}

	addThrough(row: ThroughRow): void {
		this.#rows.throughs.push(row);
	}

	/**
	 * Lost offsets count as committed, and the gap ledger says that they are missing. What they held is unknown; it
	 * was newer than `completeMs`, up to which everything is there.
	 */
	addLost(lost: LostOffsets, completeMs: number, nowMs: number): void {
		const { edgeNode, epoch, first } = lost;
		if (
			this.#rows.lost.some(
				(known) => known.edgeNode === edgeNode && known.epoch === epoch && known.first === first,
			)
		)
			return;
		this.#rows.lost.push(lost);
		this.#rows.gaps.push({
			id: gapId(edgeNode, epoch, first, 0),
			edgeNode,
			device: nodeDevice,
			tags: [],
			fromMs: Math.min(completeMs, nowMs),
			toMs: nowMs,
			cause: "journal_bound",
			backfilled: false,
			noticedMs: nowMs,
		});
	}

	take(): Rows {
		const rows = this.#rows;
		this.#rows = noRows();
		return rows;
	}

	putBack(rows: Rows): void {
		const since = this.#rows;
		this.#rows = {
			edgeNodes: [...rows.edgeNodes, ...since.edgeNodes],
			series: [...rows.series, ...since.series],
			gaps: [...rows.gaps, ...since.gaps],
			lost: [...rows.lost, ...since.lost],
			throughs: [...rows.throughs, ...since.throughs],
		};
	}
}

function noRows(): Rows {
	return { edgeNodes: [], series: [], gaps: [], lost: [], throughs: [] };
}
