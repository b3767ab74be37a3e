import type { EpochRow, GapRow, ThroughRow } from "../pipeline.ts";
import { type Route, unitsOf } from "../route.ts";
import { EdgeNodeLedger, type KnownEpoch } from "./edge-node-ledger.ts";
import { EdgeNodeWatch } from "./edge-node-watch.ts";

/** What a store says of its edge nodes when it is opened. */
interface OpenedEdgeNodes {
	readonly edgeNodes: readonly { readonly id: number }[];
	readonly epochs: readonly EpochRow[];
	readonly throughs: readonly ThroughRow[];
	readonly marks: readonly (ThroughRow & { readonly epoch: number; readonly offset: number })[];
	readonly restoredGaps: readonly GapRow[];
}

/** The watches of all edge nodes, and what they know together. */
export class EdgeNodeWatches {
	readonly #watches = new Map<number, EdgeNodeWatch>();

	/** `ledgers`: what the store has of each edge node it knows, by id; `restoredGaps`: not filled yet. */
	constructor(
		ledgers: ReadonlyMap<number, EdgeNodeLedger> = new Map(),
		restoredGaps: readonly GapRow[] = [],
	) {
		for (const [edgeNode, ledger] of ledgers) {
			const gaps = restoredGaps.filter((row) => row.edgeNode === edgeNode);
			this.#watches.set(edgeNode, new EdgeNodeWatch(edgeNode, ledger, gaps));
		}
	}

	/** What the store has of each edge node. */
	static of(opened: OpenedEdgeNodes): EdgeNodeWatches {
		const own = <T extends { readonly edgeNode: number }>(rows: readonly T[], id: number) =>
			rows.filter(({ edgeNode }) => edgeNode === id);
		const ledgers = opened.edgeNodes.map(({ id }) => {
			const { epochs, throughs, marks } = opened;
			return [id, new EdgeNodeLedger(own(epochs, id), own(throughs, id), own(marks, id))] as const;
		});
		return new EdgeNodeWatches(new Map(ledgers), opened.restoredGaps);
	}

	get(edgeNode: number): EdgeNodeWatch {
		let watch = this.#watches.get(edgeNode);
		if (watch === undefined) {
			watch = new EdgeNodeWatch(edgeNode, new EdgeNodeLedger());
			this.#watches.set(edgeNode, watch);
		}
		return watch;
	}

	get edgeNodes(): Iterable<number> {
		return this.#watches.keys();
	}

	get all(): Iterable<EdgeNodeWatch> {
		return this.#watches.values();
	}

	/** How far each device is complete, over all edge nodes; the slower one counts where two have the same device. */
	throughs(): ReadonlyMap<string, number> {
		const throughs = new Map<string, number>();
		for (const { ledger } of this.#watches.values()) {
			for (const [device, throughMs] of ledger.throughs) {
				throughs.set(device, Math.min(throughMs, throughs.get(device) ?? throughMs));
			}
		}
		return throughs;
	}

	/** Source time up to which every unit of a route is complete, or undefined while one has never spoken. */
	watermarkMs(route: Route): number | undefined {
		const throughs = this.throughs();
		const units = unitsOf(route);
		return units.every((unit) => throughs.has(unit))
			? Math.min(...units.map((unit) => throughs.get(unit) as number))
			: undefined;
	}

	epochs(edgeNode: number): readonly KnownEpoch[] {
		return this.#watches.get(edgeNode)?.ledger.epochs() ?? [];
	}

	/** Current epochs of two agents that publish as one edge node, or none. */
	rivals(edgeNode: number): readonly number[] {
		return this.#watches.get(edgeNode)?.rivals ?? [];
	}
}
