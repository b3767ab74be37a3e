// One edge node as its host application sees it: a pure state machine over messages and times.
//
//   offline ──NBIRTH──► online ──NDEATH with its bdSeq, or our own connection lost──► offline
//   a hole in `seq` that is not filled in time, data before a birth, an unknown alias: ask for a rebirth, with back-off

import { Backoff } from "../../common/runtime/backoff.ts";
import { AliasTable } from "./alias-table.ts";
import { Sequence } from "./sequence.ts";

/** Why a rebirth is wanted. */
export type RebirthReason = "unknown_edge_node" | "sequence" | "unknown_alias" | "unknown_device";

export interface RebirthRequest {
	readonly reason: RebirthReason;
	readonly withDatatype: boolean;
}

const rebirthBackoff = { initialMs: 1_000, maximumMs: 60_000, factor: 2 };
/** So often an edge node is asked for births of which nothing more is heard: about a minute, with the growing pauses. */
const requestsMax = 6;
/** Births of many tags take their time. */
const answerWithinMs = 5_000;

export class EdgeNodeState {
	readonly aliases = new AliasTable();
	readonly sequence = new Sequence();
	/** Devices of the present session, and since when the values of each are stale: UTC ms, undefined while it lives. */
	readonly devices = new Map<string, number | undefined>();
	/** Since when the values of the node itself are stale: UTC ms. */
	staleSinceMs: number | undefined;
	lastMessageMs: number | undefined;
	/** It knows nothing of confirmed delivery. */
	isForeign = false;
	#online = false;
	#bdSeq = -1;
	readonly #backoff: Backoff;
	#mayAskMs = Number.NEGATIVE_INFINITY;
	/** Requests since the last birth. */
	#unanswered = 0;
	#needsDatatype = false;
	/** Why births were asked for that have not come. */
	#openReason: RebirthReason | undefined;
	/** Requests since something last called for them, and when the last one was. */
	#requests = 0;
	#requestedMs = Number.NEGATIVE_INFINITY;

	constructor(random: () => number = Math.random) {
		this.#backoff = new Backoff(rebirthBackoff, random);
	}

	get online(): boolean {
		return this.#online;
	}

	isAlive(device: string): boolean {
		return this.devices.has(device) && this.devices.get(device) === undefined;
	}

	/** NBIRTH: everything known of aliases and devices is replaced [tck-id-operational-behavior-host-application-nbirth]. */
	born(bdSeq: number, seq: number, nowMs: number): void {
		this.#online = true;
		this.staleSinceMs = undefined;
		this.#bdSeq = bdSeq;
		this.sequence.born(seq);
		this.aliases.clear();
		this.devices.clear();
		this.lastMessageMs = nowMs;
		this.#mayAskMs = Number.NEGATIVE_INFINITY;
		if (this.#unanswered > 1) this.#needsDatatype = true;
		this.#unanswered = 0;
		this.#openReason = undefined;
	}

	deviceBorn(device: string): void {
		this.devices.set(device, undefined);
	}

	/** `atMs`: the time in the payload [tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale]. */
	deviceDied(device: string, atMs: number): void {
		if (this.isAlive(device)) this.devices.set(device, atMs);
		this.aliases.clearDevice(device);
	}

	/** A message in sequence could be read whole: the next rebirth, if any, has another cause. */
	understood(): void {
		this.#backoff.reset();
	}

	/**
	 * NDEATH at `wallMs`, our own time: the payload's is that of the CONNECT
	 * [tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale]. A will of another session is late
	 * and says nothing [tck-id-operational-behavior-edge-node-ndeath-bdseq-match].
	 */
	died(bdSeq: number, wallMs: number): boolean {
		if (!this.#online || bdSeq !== this.#bdSeq) return false;
		this.lost(wallMs);
		return true;
	}

	/** Nothing is known any more of the node and its devices, since `wallMs`. */
	lost(wallMs: number): void {
		this.#openReason = undefined;
		if (!this.#online) return;
		this.#online = false;
		this.staleSinceMs = wallMs;
		for (const device of this.devices.keys()) if (this.isAlive(device)) this.devices.set(device, wallMs);
	}

	/** Something cannot be understood without new births. Returns the request to be made now, if any. */
	rebirthRequest(nowMs: number, reason: RebirthReason): RebirthRequest | undefined {
		this.#openReason = reason;
		this.#requests = 0;
		return this.#request(nowMs, reason);
	}

	/** The request to be made once more, because nothing came of the last one and nothing more is heard. */
	repeatedRequest(nowMs: number): RebirthRequest | undefined {
		if (this.#openReason === undefined || this.#requests >= requestsMax) return undefined;
		return nowMs < this.#requestedMs + answerWithinMs ? undefined : this.#request(nowMs, this.#openReason);
	}

	/**
	 * One request at a time, later ones after a growing pause. A command should not name data types
	 * [tck-id-payloads-metric-datatype-not-req]; but there are edge nodes that read no value without one, so whoever does
	 * not answer is asked again with it.
	 */
	#request(nowMs: number, reason: RebirthReason): RebirthRequest | undefined {
		if (nowMs < this.#mayAskMs) return undefined;
		this.#mayAskMs = nowMs + this.#backoff.nextMs();
		this.#requestedMs = nowMs;
		this.#requests++;
		return { reason, withDatatype: this.#needsDatatype || this.#unanswered++ > 0 };
	}
}
