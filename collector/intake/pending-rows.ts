import type { ConflictRow, EdgeNodeRow, GapRow, OffsetRange, Series, ThroughRow } from "../pipeline.ts";

/** Offsets that can never come any more; they count as committed. */
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
	/** Epochs whose place in the chain has changed. */
	readonly chained: { readonly edgeNode: number; readonly epoch: number }[];
	readonly throughs: ThroughRow[];
	readonly conflicts: ConflictRow[];
}

/** Gathers rows between transactions, and takes them back when one fails. */
export class PendingRows {
	#rows: Rows = noRows();

	get isEmpty(): boolean {
		return Object.values(this.#rows).every((rows) => rows.length === 0);
	}

	add<K extends keyof Rows>(kind: K, ...rows: Rows[K][number][]): void {
		(this.#rows[kind] as Rows[K][number][]).push(...rows);
	}

	addLoss({ lost, gaps }: Pick<Rows, "lost" | "gaps">): void {
		this.add("lost", ...lost);
		this.add("gaps", ...gaps);
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
			chained: [...rows.chained, ...since.chained],
			throughs: [...rows.throughs, ...since.throughs],
			conflicts: [...rows.conflicts, ...since.conflicts],
		};
	}
}

function noRows(): Rows {
	return { edgeNodes: [], series: [], gaps: [], lost: [], chained: [], throughs: [], conflicts: [] };
}
