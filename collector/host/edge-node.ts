// One edge node as its host application sees it: a pure state machine over messages and monotonic time.
//
//   offline ──NBIRTH──► online ──NDEATH with its bdSeq──► offline
//   a step of `seq` other than +1, data before a birth, an unknown alias: ask for a rebirth, once, with back-off

import { Backoff } from "../../common/runtime/backoff.ts";
import { AliasTable } from "./alias-table.ts";

/** Why a rebirth is wanted. */
export type RebirthReason = "unknown_edge_node" | "sequence" | "unknown_alias" | "unknown_device";

const rebirthBackoff = { initialMs: 1_000, maximumMs: 60_000, factor: 2 };

export class EdgeNodeState {
	readonly aliases = new AliasTable();
	readonly devices = new Set<string>();
	online = false;
	lastMessageMs: number | undefined;
	#bdSeq = -1;
	#nextSeq = 0;
	readonly #backoff: Backoff;
	#mayAskMs = Number.NEGATIVE_INFINITY;

	constructor(random: () => number = Math.random) {
		this.#backoff = new Backoff(rebirthBackoff, random);
	}

	/** NBIRTH: everything known of aliases and devices is replaced [tck-id-operational-behavior-host-application-nbirth]. */
	born(bdSeq: number, seq: number, nowMs: number): void {
		this.online = true;
		this.#bdSeq = bdSeq;
		// The specification says 0 in chapter 4 and 0 to 255 in chapter 5: take what comes and count on from it.
		this.#nextSeq = (Math.max(seq, 0) + 1) % 256;
		this.aliases.clear();
		this.devices.clear();
		this.lastMessageMs = nowMs;
		this.#mayAskMs = Number.NEGATIVE_INFINITY;
	}

	/** Whether a message continues the sequence; the counter follows the message either way. */
	inSequence(seq: number, nowMs: number): boolean {
		this.lastMessageMs = nowMs;
		const expected = seq === this.#nextSeq;
		this.#nextSeq = (seq + 1) % 256;
		return expected;
	}

	/** A message in sequence could be read whole: the next rebirth, if any, has another cause. */
	understood(): void {
		this.#backoff.reset();
	}

	/** A will of another session is late and says nothing [tck-id-operational-behavior-edge-node-ndeath-bdseq-match]. */
	died(bdSeq: number): boolean {
		if (!this.online || bdSeq !== this.#bdSeq) return false;
		this.online = false;
		this.devices.clear();
		return true;
	}

	/** Whether to ask for a rebirth now: one request at a time, later ones after a growing pause. */
	wantsRebirth(nowMs: number): boolean {
		if (nowMs < this.#mayAskMs) return false;
		this.#mayAskMs = nowMs + this.#backoff.nextMs();
		return true;
	}
}
