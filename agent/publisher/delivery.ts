// What is sent next, and what may be forgotten.
//
//   appended ──► live ──────────────────► on the wire ──► confirmed by every configured host ──► forgotten
//                  │ too slow                 │
//                  ▼                          │ asked for again, or unconfirmed too long
//              catch-up ◄─────────────────────┘
//
// Live      what became durable since a host is listening, in order, at once and without a window: it cannot be
//           more than the plant makes. A live lane that falls behind hands over what it has to catch-up.
// Catch-up  everything else, oldest first, at most `windowBytes` ahead of the confirmations. What is older than
//           everything on its way may go beyond the window, because only it can open the window again.
// Confirmed is cumulative per host and epoch. While a backlog drains, later live records are stored and yet not
//           confirmed; so a live record is sent again only when it is asked for or nothing else is left to wait for.
//
// Pure: time and the journal's ranges come in as values.

import { comparePositions, type HeldRange, type Position } from "../pipeline.ts";
import { type PositionRange, PositionRanges } from "./position-ranges.ts";

export interface DeliveryOptions {
	readonly hosts: readonly string[];
	/** Bytes of the catch-up lane sent and not confirmed, at most. */
	readonly windowBytes: number;
	/** Without progress for this long, what was sent and not confirmed is sent again; the pause grows eightfold at most. */
	readonly resendAfterMs: number;
}

/** Why a confirmation, or a wish to get something again, was not accepted. */
export type Refusal = "unknown_host" | "epoch_not_held" | "beyond_sent" | "offset_not_held";

/** A record as it was sent; the record of a dropped range occupies more than one offset. */
export interface SentRecord {
	readonly chain: number;
	readonly offset: number;
	readonly last: number;
	readonly bytes: number;
}

interface HostState {
	/** Per chain number: the highest offset up to which everything is confirmed. */
	readonly confirmed: Map<number, number>;
	online: boolean;
	onlineMs: number;
	/** It has said something since it came, so what it has already is known. */
	spoke: boolean;
}

/** A host that comes tells what it has; sending a backlog starts when it did, or after this. */
const settleMs = 2_000;
const rangesMax = 1_000;
const patienceMax = 8;

export class Delivery {
	#options: DeliveryOptions;
	readonly #hosts = new Map<string, HostState>();
	readonly #catchUp = new PositionRanges(rangesMax);
	/** Of the present epoch: handed to catch-up without ever having been sent. */
	readonly #unsent = new PositionRanges(rangesMax);
	/** Epochs that were held at some time of this run: as many as the journal had at its opening, and the present one. */
	readonly #known = new Set<number>();
	#live: Position = { chain: 0, offset: 0 };
	/** The catch-up lane's records that nobody has confirmed yet, in order of sending. */
	#onTheWay: SentRecord[] = [];
	#onTheWayBytes = 0;
	#furthest: Position = { chain: 0, offset: 0 };
	#low: Position = { chain: 0, offset: 0 };
	#progressMs = 0;
	#patience = 1;

	constructor(options: DeliveryOptions) {
		this.#options = options;
		this.#hear(options.hosts);
	}

	#hear(hosts: readonly string[]): void {
		for (const host of hosts)
			if (!this.#hosts.has(host))
				this.#hosts.set(host, { confirmed: new Map(), online: false, onlineMs: 0, spoke: false });
	}

	/**
	 * Other settings from now on. A host that leaves is not waited for any more, one that comes has confirmed nothing;
	 * hosts change only while none is online.
	 */
	change(options: DeliveryOptions): void {
		this.#options = options;
		const hosts = new Set(options.hosts);
		for (const host of this.#hosts.keys()) if (!hosts.has(host)) this.#hosts.delete(host);
		this.#hear(options.hosts);
	}

	get outstandingBytes(): number {
		return this.#onTheWayBytes;
	}

	/** Records that wait in the catch-up lane; those on their way are not among them. */
	get catchUpRecords(): number {
		return this.#catchUp.size;
	}

	get hostsOnline(): readonly string[] {
		return [...this.#hosts].filter(([, { online }]) => online).map(([name]) => name);
	}

	/** A host came or went. A host that comes gets everything it has not confirmed, and from now on the live lane. */
	hostState(name: string, online: boolean, held: readonly HeldRange[], nowMs: number): void {
		const host = this.#hosts.get(name);
		if (host === undefined || host.online === online) return;
		const listening = this.#listening;
		host.online = online;
		host.onlineMs = nowMs;
		host.spoke = false;
		if (online) {
			if (!listening) this.#startLive(held);
			this.#addBacklog(host, held);
			this.#progressMs = nowMs;
			this.#patience = 1;
			this.#low = this.#lowOnline(held);
		} else if (this.#listening) this.#progressed(held, nowMs);
		else {
			this.#catchUp.clear();
			this.#clearWay();
		}
	}

	/** Takes a host's word that `epoch` is stored up to `offset` (0: nothing yet), or says why not. */
	confirm(
		name: string,
		epoch: number,
		offset: number,
		held: readonly HeldRange[],
		nowMs: number,
	): Refusal | undefined {
		const host = this.#hosts.get(name);
		if (host === undefined) return "unknown_host";
		for (const known of held) this.#known.add(known.epoch);
		const range = held.find((candidate) => candidate.epoch === epoch);
		// A confirmation of what was let go of a moment ago, because of the one before.
		if (range === undefined) return this.#known.has(epoch) ? undefined : "epoch_not_held";
		if (offset > this.#sentUpTo(range, held)) return "beyond_sent";
		host.spoke = true;
		if (offset <= (host.confirmed.get(range.chain) ?? 0)) return undefined;
		host.confirmed.set(range.chain, offset);
		this.#progressed(held, nowMs);
		return undefined;
	}

	/**
	 * Queues a range that a host asks for, or says why not; a refusal changes nothing. Who asks for a record does not
	 * have it, whatever was confirmed before: a store that was restored from a backup asks for what it lost.
	 */
	resend(
		name: string,
		epoch: number,
		from: number,
		to: number,
		held: readonly HeldRange[],
	): Refusal | undefined {
		const host = this.#hosts.get(name);
		if (host === undefined) return "unknown_host";
		const range = held.find((candidate) => candidate.epoch === epoch);
		if (range === undefined) return "epoch_not_held";
		if (from < range.first || from >= range.next || to < from) return "offset_not_held";
		const { chain, next } = range;
		host.spoke = true;
		const known = host.confirmed.get(chain) ?? 0;
		if (from <= known) host.confirmed.set(chain, from - 1);
		if (!host.online) return undefined;
		const last = Math.min(to, chain === this.#live.chain ? this.#live.offset - 1 : next - 1);
		this.#catchUp.add(chain, from, last);
		const isAsked = (sent: SentRecord) => sent.chain === chain && sent.last >= from && sent.offset <= last;
		if (this.#onTheWay.some(isAsked)) this.#keepOnTheWay((sent) => !isAsked(sent));
		return undefined;
	}

	/** Where the live lane reads on, or undefined while nobody listens. */
	nextLive(): Position | undefined {
		return this.#listening ? this.#live : undefined;
	}

	/** What the catch-up lane sends next, or undefined while nobody listens, nothing waits or the window is full. */
	nextCatchUp(nowMs: number): PositionRange | undefined {
		const lowest = this.#catchUp.lowest;
		if (lowest === undefined) return undefined;
		for (const { online, spoke, onlineMs } of this.#hosts.values())
			if (online && !spoke && nowMs - onlineMs < settleMs) return undefined;
		if (this.#onTheWayBytes < this.#options.windowBytes) return lowest;
		const isOlder = (sent: SentRecord) =>
			sent.chain < lowest.chain || (sent.chain === lowest.chain && sent.offset < lowest.first);
		return this.#onTheWay.some(isOlder) ? undefined : lowest;
	}

	/** A record of the live lane went out. */
	sentLive({ chain, last }: SentRecord): void {
		this.#live = { chain, offset: last + 1 };
		this.#furthest = { chain, offset: last };
	}

	/** The lowest record of the catch-up lane went out. Returns whether it had gone out before. */
	sentCatchUp(record: SentRecord): boolean {
		const { chain, offset, last } = record;
		// The lowest goes first, so what was queued below it is no longer held.
		this.#catchUp.trimBelow({ chain, offset: last + 1 });
		const again = chain === this.#live.chain && !this.#unsent.has(chain, offset);
		this.#unsent.remove(chain, offset, last);
		this.#onTheWay.push(record);
		this.#onTheWayBytes += record.bytes;
		const at = { chain, offset: last };
		if (comparePositions(at, this.#furthest) > 0) this.#furthest = at;
		return again;
	}

	/** The journal no longer has what the catch-up lane wanted to send next. */
	notHeld({ chain, first, last }: PositionRange): void {
		this.#catchUp.remove(chain, first, last);
		this.#unsent.remove(chain, first, last);
	}

	/** The live lane cannot keep up: everything durable becomes catch-up, and live goes on after it. */
	overtake(held: readonly HeldRange[]): void {
		const last = held.at(-1);
		if (last === undefined || last.chain !== this.#live.chain) return;
		this.#catchUp.add(last.chain, this.#live.offset, last.next - 1);
		this.#unsent.add(last.chain, this.#live.offset, last.next - 1);
		this.#live = { chain: last.chain, offset: Math.max(last.next, this.#live.offset) };
	}

	/** Call about once a second. Returns the number of records that will be sent again because nobody confirmed them. */
	tick(held: readonly HeldRange[], nowMs: number): number {
		if (!this.#listening) return 0;
		this.#progressed(held, nowMs);
		const low = this.#low;
		const waits = this.#catchUp.has(low.chain, low.offset);
		// Everything is confirmed, or the next thing to be confirmed has not been sent yet and the way is free.
		const idle = comparePositions(low, this.#live) >= 0 || (waits && this.#onTheWay.length === 0);
		if (idle) this.#progressMs = nowMs;
		if (idle || nowMs - this.#progressMs < this.#options.resendAfterMs * this.#patience) return 0;
		const before = this.#catchUp.size;
		for (const { chain, offset, last } of this.#onTheWay) this.#catchUp.add(chain, offset, last);
		this.#clearWay();
		if (!this.#catchUp.has(low.chain, low.offset)) this.#addUpToLive(low, held);
		this.#progressMs = nowMs;
		this.#patience = Math.min(this.#patience * 2, patienceMax);
		return this.#catchUp.size - before;
	}

	/** The first record that some configured host has not confirmed; everything before may be forgotten. */
	lowWater(held: readonly HeldRange[]): Position {
		return lowest(held, [...this.#hosts.values()]);
	}

	/** The first record that has never been sent to a host that listens now. */
	firstUnsent(): Position {
		const waiting = this.#catchUp.lowest;
		return waiting === undefined ? this.#live : { chain: waiting.chain, offset: waiting.first };
	}

	get #listening(): boolean {
		for (const { online } of this.#hosts.values()) if (online) return true;
		return false;
	}

	#lowOnline(held: readonly HeldRange[]): Position {
		return lowest(
			held,
			[...this.#hosts.values()].filter(({ online }) => online),
		);
	}

	/** An earlier epoch was sent by an earlier process; of the present one only what this process sent counts. */
	#sentUpTo(range: HeldRange, held: readonly HeldRange[]): number {
		if (range !== held.at(-1)) return range.next - 1;
		if (this.#furthest.chain !== range.chain) return 0;
		const unsent = this.#unsent.lowest;
		return Math.min(
			this.#furthest.offset,
			unsent === undefined ? Number.POSITIVE_INFINITY : unsent.first - 1,
		);
	}

	/** The live lane begins after everything that is durable now. */
	#startLive(held: readonly HeldRange[]): void {
		const last = held.at(-1);
		if (last === undefined) return;
		const from = this.#live.chain === last.chain ? this.#live.offset : last.first;
		this.#unsent.add(last.chain, from, last.next - 1);
		this.#live = { chain: last.chain, offset: Math.max(last.next, from) };
	}

	#addBacklog(host: HostState, held: readonly HeldRange[]): void {
		this.#addUpToLive(lowest(held, [host]), held);
	}

	#addUpToLive(from: Position, held: readonly HeldRange[]): void {
		for (const { chain, first, next } of held) {
			if (chain < from.chain) continue;
			const end = chain === this.#live.chain ? this.#live.offset : next;
			this.#catchUp.add(chain, chain === from.chain ? Math.max(first, from.offset) : first, end - 1);
		}
	}

	#progressed(held: readonly HeldRange[], nowMs: number): void {
		const low = this.#lowOnline(held);
		const moved = comparePositions(low, this.#low) > 0;
		this.#low = low;
		if (!moved) return;
		this.#progressMs = nowMs;
		this.#patience = 1;
		this.#catchUp.trimBelow(low);
		this.#unsent.trimBelow(low);
		this.#keepOnTheWay((sent) => comparePositions({ chain: sent.chain, offset: sent.last }, low) >= 0);
	}

	#keepOnTheWay(keep: (sent: SentRecord) => boolean): void {
		this.#onTheWay = this.#onTheWay.filter(keep);
		this.#onTheWayBytes = this.#onTheWay.reduce((sum, { bytes }) => sum + bytes, 0);
	}

	#clearWay(): void {
		this.#onTheWay = [];
		this.#onTheWayBytes = 0;
	}
}

/** The first held record that one of the hosts has not confirmed, or the end when all have everything. */
function lowest(held: readonly HeldRange[], hosts: readonly HostState[]): Position {
	for (const { chain, first, next } of held) {
		let confirmed = Number.POSITIVE_INFINITY;
		for (const host of hosts) confirmed = Math.min(confirmed, host.confirmed.get(chain) ?? 0);
		const needed = Math.max(confirmed + 1, first);
		if (needed < next) return { chain, offset: needed };
	}
	const last = held.at(-1);
	return last === undefined ? { chain: 0, offset: 0 } : { chain: last.chain, offset: last.next };
}
