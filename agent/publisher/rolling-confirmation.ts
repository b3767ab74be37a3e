import type { HeldRange, Position } from "../pipeline.ts";
import type { Delivery } from "./delivery.ts";

/** The name under which time confirms; it stands in place of the configured hosts. */
export const rollingHost = "(time)";

/**
 * How long a record is kept for a host that confirms nothing: until the broker must have noticed a dead connection
 * (1.5 × keep-alive, MQTT 3.1.1 §3.1.2.10) and the edge node has come back.
 */
export function rollingKeepMs(keepaliveS: number): number {
	return keepaliveS * 1_500 + 10_000;
}

interface Mark {
	readonly firstUnsent: Position;
	readonly atMs: number;
}

const marksMax = 10_000;
/** However often births are asked for, everything is sent again at most this often. */
const againAfterMs = 5_000;

/**
 * Delivery to hosts that confirm nothing (`delivery.mode: rolling`): a record counts as confirmed some time after it
 * was sent over a connection that has stood since; after each reconnect everything not yet counted goes out again, and
 * also when a host asks for births, because it has missed something then. At least once, best effort: what a broker or a
 * host drops without noticing is lost, and the status page says so.
 */
export class RollingConfirmation {
	#keepMs: number;
	/** What had been sent at past moments of this connection, oldest first. */
	#marks: Mark[] = [];
	#missed = false;
	#againMs = Number.NEGATIVE_INFINITY;

	constructor(keepMs: number) {
		this.#keepMs = keepMs;
	}

	/** Another keep-alive from now on. */
	keep(keepMs: number): void {
		this.#keepMs = keepMs;
	}

	/** The connection or the host is gone: nothing sent over it counts unless it already does. */
	lost(): void {
		this.#marks = [];
	}

	/** A host asks for births. */
	missed(delivery: Delivery, held: readonly HeldRange[], nowMs: number): void {
		this.#missed = true;
		this.#sendAgain(delivery, held, nowMs);
	}

	#sendAgain(delivery: Delivery, held: readonly HeldRange[], nowMs: number): void {
		if (!this.#missed || nowMs - this.#againMs < againAfterMs) return;
		this.#missed = false;
		this.#againMs = nowMs;
		this.lost();
		delivery.hostState(rollingHost, false, held, nowMs);
		delivery.hostState(rollingHost, true, held, nowMs);
	}

	/** Call about once a second while connected. */
	tick(delivery: Delivery, held: readonly HeldRange[], nowMs: number): void {
		if (delivery.hostsOnline.length === 0) return;
		this.#sendAgain(delivery, held, nowMs);
		if (this.#marks.length < marksMax) this.#marks.push({ firstUnsent: delivery.firstUnsent(), atMs: nowMs });
		const old = this.#marks.findLastIndex(({ atMs }) => nowMs - atMs >= this.#keepMs);
		if (old < 0) return;
		const { firstUnsent } = this.#marks[old] as Mark;
		this.#marks.splice(0, old + 1);
		for (const { chain, epoch, next } of held) {
			if (chain > firstUnsent.chain) break;
			const last = chain === firstUnsent.chain ? firstUnsent.offset - 1 : next - 1;
			delivery.confirm(rollingHost, epoch, last, held, nowMs);
		}
	}
}
