import type { HeldEpoch } from "../../common/contract/delivery.ts";
import type { GapCause } from "../../common/contract/gap.ts";
import type { EpochRow, OffsetRange } from "../pipeline.ts";
import { OffsetRanges } from "./offset-ranges.ts";
import { type Reached, ThroughMarks } from "./through-marks.ts";

interface EpochState {
	ranges: OffsetRanges;
	previousEpoch: number;
	previousLast: number;
	/** What the agent said it holds, or undefined when it no longer names the epoch. */
	held: HeldEpoch | undefined;
	/** One after the highest offset that the agent ever said it has. */
	next: number;
}

/** Offsets of an epoch that can never come any more. */
export interface LostRange extends OffsetRange {
	readonly epoch: number;
	readonly cause: GapCause;
}

/** An epoch for people and for commands. */
export interface KnownEpoch {
	readonly epoch: number;
	/** Stored without a hole up to here. */
	readonly prefix: number;
	readonly held: HeldEpoch | undefined;
	/** Offsets that the agent holds and the store does not have. */
	readonly missing: number;
}

const lostAtOnce = 100;
/** An epoch that an agent does not name for this long while it names another one is gone. */
const goneAfterMs = 15_000;
const chainMax = 1_000;

/**
 * What the store has of one edge node: offsets per epoch, how the epochs follow each other, and how far each device is
 * complete in source time. Pure; the intake proposes ranges and applies them when the store has committed.
 */
export class EdgeNodeLedger {
	readonly #epochs = new Map<number, EpochState>();
	readonly #through = new Map<string, number>();
	readonly #marks = new Map<string, ThroughMarks>();
	/** Epochs that began without naming one before, and when that was noticed. */
	readonly #orphansMs = new Map<number, number>();

	/** `marks`: of stored records, whether or not everything before them is stored. */
	constructor(
		epochs: readonly EpochRow[] = [],
		throughs: readonly { device: string; throughMs: number }[] = [],
		marks: readonly { device: string; epoch: number; offset: number; throughMs: number }[] = [],
	) {
		for (const { epoch, ranges: rows, previousEpoch, previousLast } of epochs) {
			const ranges = new OffsetRanges(rows);
			const next = ranges.highest + 1;
			this.#epochs.set(epoch, { ranges, previousEpoch, previousLast, held: undefined, next });
		}
		// Two beginnings: the process ended before one of them found its place. An epoch whose first record, which names the
		// epoch before, is not here yet has said nothing.
		const begun = epochs.filter(
			({ epoch, previousEpoch }) => previousEpoch === 0 && this.ranges(epoch).has(1),
		);
		if (begun.length > 1) for (const { epoch } of begun) this.#orphansMs.set(epoch, Number.NEGATIVE_INFINITY);
		for (const { device, throughMs } of throughs) this.#through.set(device, throughMs);
		for (const { device, epoch, offset, throughMs } of marks) this.mark(device, epoch, offset, throughMs);
	}

	ranges(epoch: number): OffsetRanges {
		return this.#epochs.get(epoch)?.ranges ?? new OffsetRanges();
	}

	/** The epoch's row as it would be with these ranges. */
	row(edgeNode: number, epoch: number, ranges: OffsetRanges): EpochRow {
		const { previousEpoch = 0, previousLast = 0 } = this.#epochs.get(epoch) ?? {};
		return { edgeNode, epoch, previousEpoch, previousLast, ranges: ranges.ranges };
	}

	/** Ranges that the store now has. */
	apply(epoch: number, ranges: OffsetRanges): void {
		this.#state(epoch).ranges = ranges;
	}

	/** The first record of an epoch says which one came before. */
	opened(epoch: number, previousEpoch: number, previousLast: number, nowMs: number): void {
		const state = this.#state(epoch);
		state.previousEpoch = previousEpoch;
		state.previousLast = previousLast;
		if (previousEpoch === 0) this.#orphansMs.set(epoch, nowMs);
		else this.#orphansMs.delete(epoch);
	}

	/** Takes what the agent says it holds now, oldest first, and returns what it can never send any more. */
	held(held: readonly HeldEpoch[]): LostRange[] {
		for (const state of this.#epochs.values()) state.held = undefined;
		const lost: LostRange[] = [];
		const current = held.at(-1)?.epoch;
		for (const range of held) {
			const { epoch, first, next } = range;
			const state = this.#state(epoch);
			state.held = range;
			// The agent lets go of what was confirmed to it; a store without it is older than that confirmation.
			for (const missing of state.ranges.allMissing(first, lostAtOnce))
				lost.push({ epoch, cause: "store_restored", ...missing });
			// It had more before: its journal is an older copy, and what lay behind it is gone.
			if (next < state.next && epoch !== current)
				for (const missing of state.ranges.allMissing(state.next, lostAtOnce))
					if (missing.last >= next)
						lost.push({
							epoch,
							cause: "journal_replaced",
							first: Math.max(missing.first, next),
							last: missing.last,
						});
			state.next = Math.max(state.next, next);
		}
		for (const { previousEpoch, previousLast } of [...this.#epochs.values()]) {
			const before = this.#epochs.get(previousEpoch);
			if (previousEpoch === 0 || before?.held !== undefined) continue;
			const missing = (before?.ranges ?? new OffsetRanges()).allMissing(previousLast + 1, lostAtOnce);
			for (const range of missing) lost.push({ epoch: previousEpoch, cause: "store_restored", ...range });
		}
		this.#forgetUnknown();
		return lost;
	}

	/** Epochs that are no longer named and of which nothing is stored: whoever can publish could name any number. */
	#forgetUnknown(): void {
		for (const [epoch, { held, ranges, previousEpoch }] of this.#epochs)
			if (held === undefined && ranges.highest === 0 && previousEpoch === 0) this.#epochs.delete(epoch);
	}

	/**
	 * Puts a journal that began anew behind the one that it replaced, once it is clear that nobody holds that one any
	 * more. Returns the first epoch of the new one, the last of the old one, and what was known of that and never came.
	 */
	replaced(
		current: number,
		nowMs: number,
	): { readonly epoch: number; readonly previousEpoch: number; readonly lost: LostRange[] } | undefined {
		const epoch = this.#beginning(current);
		const noticedMs = this.#orphansMs.get(epoch);
		if (noticedMs === undefined || nowMs - noticedMs < goneAfterMs) return undefined;
		this.#orphansMs.delete(epoch);
		const old = this.#lastBefore(epoch);
		if (old === undefined) return undefined;
		const [previousEpoch, before] = old;
		const state = this.#state(epoch);
		state.previousEpoch = previousEpoch;
		state.previousLast = Math.max(before.next, before.ranges.highest + 1) - 1;
		const lost = before.ranges
			.allMissing(state.previousLast + 1, lostAtOnce)
			.map((range) => ({ epoch: previousEpoch, cause: "journal_replaced" as const, ...range }));
		return { epoch, previousEpoch, lost };
	}

	/** A device's data is complete up to `throughMs` as soon as everything up to `offset` is stored. */
	mark(device: string, epoch: number, offset: number, throughMs: number): void {
		if (throughMs <= (this.#through.get(device) ?? Number.NEGATIVE_INFINITY)) return;
		let marks = this.#marks.get(device);
		if (marks === undefined) {
			marks = new ThroughMarks();
			this.#marks.set(device, marks);
		}
		marks.add(epoch, offset, throughMs);
	}

	/** Devices whose Through has moved since the last call, and the record that moved it. */
	advance(): ({ readonly device: string } & Reached)[] {
		const moved: ({ device: string } & Reached)[] = [];
		const covered = new Map<number, number>();
		const coveredUpTo = (epoch: number) => {
			let upTo = covered.get(epoch);
			if (upTo === undefined) {
				upTo = this.#coveredUpTo(epoch);
				covered.set(epoch, upTo);
			}
			return upTo;
		};
		for (const [device, marks] of this.#marks) {
			const reached = marks.take(coveredUpTo);
			if (
				reached === undefined ||
				reached.throughMs <= (this.#through.get(device) ?? Number.NEGATIVE_INFINITY)
			)
				continue;
			this.#through.set(device, reached.throughMs);
			moved.push({ device, ...reached });
		}
		return moved;
	}

	/** Whether one epoch comes after another in the chain. */
	isAfter(epoch: number, earlier: number): boolean {
		let at = this.#epochs.get(epoch);
		for (let steps = 0; at !== undefined && steps < chainMax; steps++) {
			if (at.previousEpoch === earlier) return true;
			at = this.#epochs.get(at.previousEpoch);
		}
		return false;
	}

	/** Source time up to which every device that has spoken is complete, or undefined when none has. */
	get completeMs(): number | undefined {
		return this.#through.size === 0 ? undefined : Math.min(...this.#through.values());
	}

	/** How far each device is complete in source time. */
	get throughs(): ReadonlyMap<string, number> {
		return this.#through;
	}

	/** Epochs with what is stored and what the agent holds beyond it, for commands and for people. */
	epochs(): KnownEpoch[] {
		return [...this.#epochs].map(([epoch, { ranges, held }]) => ({
			epoch,
			prefix: ranges.prefix,
			held,
			missing: held === undefined ? 0 : ranges.countMissing(held.next),
		}));
	}

	/** The last offset of an epoch up to which everything, in all epochs before it as well, is there or written off. */
	#coveredUpTo(epoch: number): number {
		const state = this.#epochs.get(epoch);
		if (state === undefined) return 0;
		let { previousEpoch, previousLast } = state;
		for (let steps = 0; previousEpoch !== 0 && previousLast !== 0 && steps < chainMax; steps++) {
			const before = this.#epochs.get(previousEpoch);
			if (before === undefined || before.ranges.prefix < previousLast) return 0;
			({ previousEpoch, previousLast } = before);
		}
		// Beginning anew after another journal: first it must be clear what became of that one.
		if (this.#orphansMs.has(epoch) && this.#lastBefore(epoch) !== undefined) return 0;
		return state.ranges.prefix;
	}

	/** The first epoch of the chain that `epoch` stands in. */
	#beginning(epoch: number): number {
		let at = epoch;
		for (let steps = 0; steps < chainMax; steps++) {
			const { previousEpoch = 0 } = this.#epochs.get(at) ?? {};
			if (previousEpoch === 0) break;
			at = previousEpoch;
		}
		return at;
	}

	/** The end of another chain than the one that begins with `current`. */
	#lastBefore(current: number): [number, EpochState] | undefined {
		const followed = new Set([...this.#epochs.values()].map(({ previousEpoch }) => previousEpoch));
		return [...this.#epochs].findLast(
			([epoch, state]) =>
				epoch !== current &&
				!followed.has(epoch) &&
				state.held === undefined &&
				state.ranges.highest > 0 &&
				!this.isAfter(current, epoch) &&
				!this.isAfter(epoch, current),
		);
	}

	#state(epoch: number): EpochState {
		let state = this.#epochs.get(epoch);
		if (state === undefined) {
			state = {
				ranges: new OffsetRanges(),
				previousEpoch: 0,
				previousLast: 0,
				held: undefined,
				next: 1,
			};
			this.#epochs.set(epoch, state);
		}
		return state;
	}
}
