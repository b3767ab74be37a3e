import { comparePositions, type HeldRange, type Position } from "../pipeline.ts";

export interface DeliveryOptions {
	readonly hosts: readonly string[];
	/** Bytes sent and not confirmed, at most. */
	readonly windowBytes: number;
	/** Without progress for this long, sending starts again at the first unconfirmed record. */
	readonly resendAfterMs: number;
}

interface Outstanding {
	readonly position: Position;
	readonly bytes: number;
}

/** Why a confirmation, or a wish to get something again, was not accepted. */
export type Refusal = "unknown_host" | "epoch_not_held" | "beyond_sent" | "offset_not_held";

/**
 * Decides what to send next and what may be forgotten; pure, so time and the journal's ranges come in as values.
 *
 * Records go out in order, at most `windowBytes` ahead of the confirmations of the slowest host that is online.
 * When confirmations stop, sending goes back to the first unconfirmed record: a record is sent at least once, and
 * the collector knows by epoch and offset what it has.
 */
export class Delivery {
	readonly #options: DeliveryOptions;
	readonly #online = new Set<string>();
	/** Per host and chain number: the highest offset up to which everything is confirmed. */
	readonly #confirmed = new Map<string, Map<number, number>>();
	#cursor: Position = { chain: 0, offset: 0 };
	#outstanding: Outstanding[] = [];
	#outstandingBytes = 0;
	#furthest: Position = { chain: 0, offset: 0 };
	#progressMs = 0;

	constructor(options: DeliveryOptions) {
		this.#options = options;
		for (const host of options.hosts) this.#confirmed.set(host, new Map());
	}

	get outstandingBytes(): number {
		return this.#outstandingBytes;
	}

	get hostsOnline(): readonly string[] {
		return [...this.#online];
	}

	/** A host came or went. A host that comes gets everything from its first unconfirmed record. */
	hostState(host: string, online: boolean, held: readonly HeldRange[], nowMs: number): void {
		if (!this.#confirmed.has(host)) return;
		if (online) this.#online.add(host);
		else this.#online.delete(host);
		this.rewind(held, nowMs);
	}

	/** Takes a host's word that `epoch` is stored up to `offset`, or says why not. */
	confirm(
		host: string,
		epoch: number,
		offset: number,
		held: readonly HeldRange[],
		nowMs: number,
	): Refusal | undefined {
		const confirmed = this.#confirmed.get(host);
		if (confirmed === undefined) return "unknown_host";
		const range = held.find((candidate) => candidate.epoch === epoch);
		if (range === undefined) return "epoch_not_held";
		// An earlier epoch was sent by an earlier process; of the current one only what this process sent counts.
		const sent =
			range === held.at(-1)
				? this.#furthest.chain === range.chain
					? this.#furthest.offset
					: 0
				: range.next - 1;
		if (offset > sent) return "beyond_sent";
		const before = confirmed.get(range.chain) ?? 0;
		if (offset <= before) return undefined;
		confirmed.set(range.chain, offset);
		const low = this.lowWater(held);
		const kept = this.#outstanding.findIndex(({ position }) => comparePositions(position, low) >= 0);
		const gone = kept < 0 ? this.#outstanding.length : kept;
		for (let index = 0; index < gone; index++)
			this.#outstandingBytes -= (this.#outstanding[index] as Outstanding).bytes;
		if (gone > 0) {
			this.#outstanding.splice(0, gone);
			this.#progressMs = nowMs;
		}
		if (comparePositions(this.#cursor, low) < 0) this.#cursor = low;
		return undefined;
	}

	/** Where to read on, or undefined while nobody listens or the window is full. */
	next(): Position | undefined {
		if (this.#online.size === 0 || this.#outstandingBytes >= this.#options.windowBytes) return undefined;
		return this.#cursor;
	}

	/** A record went out. Returns whether it had gone out before. */
	sent(position: Position, bytes: number, nowMs: number): boolean {
		if (this.#outstanding.length === 0) this.#progressMs = nowMs;
		this.#outstanding.push({ position, bytes });
		this.#outstandingBytes += bytes;
		this.#cursor = { chain: position.chain, offset: position.offset + 1 };
		const again = comparePositions(position, this.#furthest) <= 0;
		if (!again) this.#furthest = position;
		return again;
	}

	/** Call about once a second. Returns the number of records that will be sent again. */
	tick(held: readonly HeldRange[], nowMs: number): number {
		if (this.#outstanding.length === 0 || nowMs - this.#progressMs < this.#options.resendAfterMs) return 0;
		return this.rewind(held, nowMs);
	}

	/** Starts again at the first unconfirmed record, as after a new session. Returns the records concerned. */
	rewind(held: readonly HeldRange[], nowMs: number): number {
		const again = this.#outstanding.length;
		this.#outstanding = [];
		this.#outstandingBytes = 0;
		this.#cursor = this.lowWater(held);
		this.#progressMs = nowMs;
		return again;
	}

	/** Goes back to a record that a host asks for, or says why not; a refusal changes nothing. */
	resendFrom(
		host: string,
		epoch: number,
		offset: number,
		held: readonly HeldRange[],
		nowMs: number,
	): Refusal | undefined {
		if (!this.#confirmed.has(host)) return "unknown_host";
		const range = held.find((candidate) => candidate.epoch === epoch);
		if (range === undefined) return "epoch_not_held";
		if (offset < range.first || offset >= range.next) return "offset_not_held";
		const position = { chain: range.chain, offset };
		if (comparePositions(position, this.#cursor) >= 0) return undefined;
		this.#outstanding = this.#outstanding.filter((sent) => comparePositions(sent.position, position) < 0);
		this.#outstandingBytes = this.#outstanding.reduce((sum, { bytes }) => sum + bytes, 0);
		this.#cursor = position;
		this.#progressMs = nowMs;
		return undefined;
	}

	/** The first record that some configured host has not confirmed; everything before may be forgotten. */
	lowWater(held: readonly HeldRange[]): Position {
		for (const { chain, first, next } of held) {
			let confirmed = Number.POSITIVE_INFINITY;
			for (const host of this.#confirmed.values()) confirmed = Math.min(confirmed, host.get(chain) ?? 0);
			const needed = Math.max(confirmed + 1, first);
			if (needed < next) return { chain, offset: needed };
		}
		const last = held.at(-1);
		return last === undefined ? { chain: 0, offset: 0 } : { chain: last.chain, offset: last.next };
	}
}
