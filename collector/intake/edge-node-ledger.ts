import type { HeldEpoch } from "../../common/contract/delivery.ts";
import type { EpochRow, OffsetRange } from "../pipeline.ts";
import { OffsetRanges } from "./offset-ranges.ts";

interface EpochState {
	ranges: OffsetRanges;
	previousEpoch: number;
	previousLast: number;
	/** What the agent said it holds, or undefined when it no longer names the epoch. */
	held: HeldEpoch | undefined;
}

interface PendingThrough {
	readonly epoch: number;
	readonly offset: number;
	readonly throughMs: number;
}

/** Through marks that wait for a hole to close, per device; beyond this the older ones are forgotten, newer say more. */
const pendingThroughMax = 10_000;

/** A range of offsets that can never come any more. */
export interface LostRange extends OffsetRange {
	readonly epoch: number;
}

/**
 * What the store has of one edge node: offsets per epoch, and how far each device is complete in source time. Pure;
 * the intake proposes ranges and applies them when the store has committed.
 */
export class EdgeNodeLedger {
	readonly #epochs = new Map<number, EpochState>();
	readonly #through = new Map<string, number>();
	readonly #pending = new Map<string, PendingThrough[]>();

	constructor(
		epochs: readonly EpochRow[] = [],
		throughs: readonly { device: string; throughMs: number }[] = [],
	) {
		for (const { epoch, ranges, previousEpoch, previousLast } of epochs) {
			this.#epochs.set(epoch, {
				ranges: new OffsetRanges(ranges),
				previousEpoch,
				previousLast,
				held: undefined,
			});
		}
		for (const { device, throughMs } of throughs) this.#through.set(device, throughMs);
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
	opened(epoch: number, previousEpoch: number, previousLast: number): void {
		const state = this.#state(epoch);
		state.previousEpoch = previousEpoch;
		state.previousLast = previousLast;
	}

	/**
	 * What the agent says it holds now. Returns ranges that are lost: below what it holds, or of an epoch it no
	 * longer names, as far as a later epoch's first record tells its length.
	 */
	held(held: readonly HeldEpoch[]): LostRange[] {
		for (const state of this.#epochs.values()) state.held = undefined;
		const lost: LostRange[] = [];
		for (const range of held) {
			const state = this.#state(range.epoch);
			state.held = range;
			const missing = state.ranges.missing(range.first);
			if (missing !== undefined) lost.push({ epoch: range.epoch, ...missing });
		}
		for (const { previousEpoch, previousLast } of [...this.#epochs.values()]) {
			const before = this.#epochs.get(previousEpoch);
			if (previousEpoch === 0 || before?.held !== undefined) continue;
			const missing = (before?.ranges ?? new OffsetRanges()).missing(previousLast + 1);
			if (missing !== undefined) lost.push({ epoch: previousEpoch, ...missing });
		}
		return lost;
	}

	/** A device's data is complete up to `throughMs` as soon as everything up to `offset` is stored. */
	mark(device: string, epoch: number, offset: number, throughMs: number): void {
		const list = this.#pending.get(device) ?? [];
		list.push({ epoch, offset, throughMs });
		if (list.length > pendingThroughMax) list.splice(0, list.length - pendingThroughMax);
		this.#pending.set(device, list);
	}

	/** Devices whose Through has moved since the last call, with its new value. */
	advance(): { device: string; throughMs: number }[] {
		const moved: { device: string; throughMs: number }[] = [];
		for (const [device, list] of this.#pending) {
			const waiting = list.filter((mark) => !this.#covered(mark));
			const reached = list.filter((mark) => this.#covered(mark));
			if (reached.length === 0) continue;
			this.#pending.set(device, waiting);
			const throughMs = Math.max(...reached.map((mark) => mark.throughMs));
			if (throughMs <= (this.#through.get(device) ?? Number.NEGATIVE_INFINITY)) continue;
			this.#through.set(device, throughMs);
			moved.push({ device, throughMs });
		}
		return moved;
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
	epochs(): { epoch: number; prefix: number; held: HeldEpoch | undefined }[] {
		return [...this.#epochs].map(([epoch, { ranges, held }]) => ({ epoch, prefix: ranges.prefix, held }));
	}

	#covered({ epoch, offset }: PendingThrough): boolean {
		const state = this.#epochs.get(epoch);
		if (state === undefined || state.ranges.prefix < offset) return false;
		// An epoch counts only when everything before it is there, or can no longer come.
		let { previousEpoch, previousLast } = state;
		for (let steps = 0; steps < 1_000; steps++) {
			const before = this.#epochs.get(previousEpoch);
			if (before === undefined) return previousEpoch === 0 || previousLast === 0;
			if (before.ranges.prefix < previousLast) return false;
			({ previousEpoch, previousLast } = before);
		}
		return true;
	}

	#state(epoch: number): EpochState {
		let state = this.#epochs.get(epoch);
		if (state === undefined) {
			state = { ranges: new OffsetRanges(), previousEpoch: 0, previousLast: 0, held: undefined };
			this.#epochs.set(epoch, state);
		}
		return state;
	}
}
