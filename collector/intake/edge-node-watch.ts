import type { HeldEpoch } from "../../common/contract/delivery.ts";
import { nodeDevice } from "../../common/contract/ids.ts";
import type { GapRow, RecordRow, ThroughRow } from "../pipeline.ts";
import { type Ask, Asking } from "./asking.ts";
import type { EdgeNodeLedger, LostRange } from "./edge-node-ledger.ts";
import { Holes } from "./holes.ts";
import { RivalAgents } from "./rival-agents.ts";

/** What follows from what an agent says it holds. */
export interface HeldOutcome {
	readonly asks: readonly Ask[];
	readonly lost: readonly LostRange[];
	readonly gaps: readonly GapRow[];
	/** An epoch that was put behind another one, so that its row changes. */
	readonly chained: number | undefined;
	/** Two agents were noticed just now. */
	readonly rivalsNoticed: boolean;
}

const nothing: HeldOutcome = { asks: [], lost: [], gaps: [], chained: undefined, rivalsNoticed: false };

/** Decides about one edge node: what to ask for, what is lost, which holes it leaves, and whether it is one at all. Pure. */
export class EdgeNodeWatch {
	readonly #edgeNode: number;
	readonly ledger: EdgeNodeLedger;
	readonly #asking = new Asking();
	readonly #rivals = new RivalAgents();
	readonly #holes = new Holes();
	/** Lost ranges that were told and are not committed yet, by epoch and first offset. */
	readonly #told = new Map<string, { epoch: number; first: number }>();

	/** `restoredGaps`: rows that a restore wrote and that are not filled yet. */
	constructor(edgeNode: number, ledger: EdgeNodeLedger, restoredGaps: readonly GapRow[] = []) {
		this.#edgeNode = edgeNode;
		this.ledger = ledger;
		this.#holes.restored(restoredGaps);
	}

	/** Current epochs of two agents that publish as this edge node; while there are any, nothing of it is stored. */
	get rivals(): readonly number[] {
		return this.#rivals.rivals;
	}

	/** Whether records of an epoch may be stored now; what may not will be asked for. */
	mayStore(epoch: number, nowMs: number): boolean {
		return this.#rivals.mayStore(epoch, nowMs);
	}

	/**
	 * Takes what the agent says it holds. `nowMs` is monotonic; `isWaiting` tells whether records of an epoch are on
	 * their way into the store; while `isBusy` nothing is asked for.
	 */
	held(
		held: readonly HeldEpoch[],
		now: {
			readonly nowMs: number;
			readonly wallMs: number;
			readonly atBirth: boolean;
			readonly isBusy: boolean;
			readonly isWaiting: (epoch: number) => boolean;
		},
	): HeldOutcome {
		const current = held.at(-1)?.epoch;
		if (current === undefined) return nothing;
		const rivalsNoticed = this.#rivals.current(current, now.nowMs);
		if (this.rivals.length > 0) return { ...nothing, rivalsNoticed };
		const ledger = this.ledger;
		const gone = ledger.held(held);
		const replaced = ledger.replaced(current, now.nowMs);
		const lost = [...gone, ...(replaced?.lost ?? [])].filter(
			(range) => !now.isWaiting(range.epoch) && this.#isNews(range),
		);
		const gaps = lost.flatMap((range) => this.#open(range, now.wallMs));
		if (replaced !== undefined && replaced.lost.length === 0) {
			// Nothing is known to be missing, and yet nobody knows what the old journal had.
			const { previousEpoch: epoch } = replaced;
			const first = ledger.ranges(epoch).highest + 1;
			gaps.push(...this.#open({ epoch, first, last: first, cause: "journal_replaced" }, now.wallMs));
		}
		if (now.atBirth) this.#asking.born();
		const asks =
			now.atBirth || now.isBusy ? [] : this.#asking.asks(held, (epoch) => ledger.ranges(epoch), now.nowMs);
		return { asks, lost, gaps, chained: replaced?.epoch, rivalsNoticed };
	}

	/** A record is in the store. */
	stored({ device, epoch, offset, sourceMinMs }: RecordRow): void {
		if (!this.#holes.isEmpty) this.#holes.stored(device, epoch, offset, sourceMinMs);
	}

	/** Devices that are complete further than before, and holes whose end is known with that. */
	advance(): { throughs: ThroughRow[]; gaps: GapRow[] } {
		const throughs: ThroughRow[] = [];
		const gaps: GapRow[] = [];
		for (const moved of this.ledger.advance()) {
			const { device, throughMs } = moved;
			throughs.push({ edgeNode: this.#edgeNode, device, throughMs });
			if (!this.#holes.isEmpty && device !== nodeDevice) gaps.push(...this.#holes.advanced(device, moved));
		}
		return { throughs, gaps };
	}

	#isNews({ epoch, first }: LostRange): boolean {
		for (const [key, told] of this.#told)
			if (this.ledger.ranges(told.epoch).has(told.first)) this.#told.delete(key);
		const key = `${epoch} ${first}`;
		if (this.#told.has(key)) return false;
		this.#told.set(key, { epoch, first });
		return true;
	}

	#open({ epoch: lostEpoch, first, last, cause }: LostRange, nowMs: number): GapRow[] {
		const { ledger } = this;
		return this.#holes.open({
			edgeNode: this.#edgeNode,
			epoch: lostEpoch,
			first,
			cause,
			throughs: ledger.throughs,
			nowMs,
			isAfter: (epoch, offset) => (epoch === lostEpoch ? offset > last : ledger.isAfter(epoch, lostEpoch)),
		});
	}
}
