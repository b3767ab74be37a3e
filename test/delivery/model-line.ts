import { Delivery } from "../../agent/publisher/delivery.ts";
import { EdgeNodeLedger } from "../../collector/intake/edge-node-ledger.ts";
import { EdgeNodeWatch } from "../../collector/intake/edge-node-watch.ts";
import type { HeldEpoch } from "../../common/contract/delivery.ts";
import { ModelJournal, type ModelRecord } from "./model-journal.ts";
import type { Seeded } from "./seeded.ts";

const device = "U1";
const stepMs = 100;
const flightMsMax = 400;

type Up =
	| { readonly kind: "record"; readonly record: ModelRecord }
	| { readonly kind: "held"; readonly held: readonly HeldEpoch[]; readonly atBirth: boolean };
type Down = { readonly epoch: number } & (
	| { readonly confirmed: number }
	| { readonly from: number; readonly to: number }
);

interface Flight<T> {
	readonly atMs: number;
	readonly what: T;
}

/** A collector as far as delivery goes: the real watch and ledger, and a store that survives its restarts. */
export class ModelCollector {
	readonly name: string;
	/** By epoch and offset: what the store has there. */
	readonly stored = new Map<string, "record" | "gap">();
	/** Indexes of records that came a second time after they were stored: counted, not stored. */
	repeated = 0;
	#rows: {
		epochs: ReturnType<EdgeNodeLedger["row"]>[];
		throughs: Map<string, number>;
		marks: { device: string; epoch: number; offset: number; throughMs: number }[];
	} = { epochs: [], throughs: new Map(), marks: [] };
	#watch = new EdgeNodeWatch(1, new EdgeNodeLedger());
	#waiting: ModelRecord[] = [];
	readonly #send: (command: Down) => void;

	constructor(name: string, send: (command: Down) => void) {
		this.name = name;
		this.#send = send;
	}

	get throughIndex(): number {
		return this.#rows.throughs.get(device) ?? -1;
	}

	restart(): void {
		const throughs = [...this.#rows.throughs].map(([name, throughMs]) => ({ device: name, throughMs }));
		this.#watch = new EdgeNodeWatch(1, new EdgeNodeLedger(this.#rows.epochs, throughs, this.#rows.marks));
		this.#waiting = [];
	}

	take(message: Up, nowMs: number): void {
		if (message.kind === "record") {
			const { epoch, offset, last } = message.record;
			if (this.#watch.ledger.ranges(epoch).hasAll(offset, last)) this.repeated++;
			else this.#waiting.push(message.record);
			return;
		}
		const outcome = this.#watch.held(message.held, {
			nowMs,
			wallMs: nowMs,
			atBirth: message.atBirth,
			isBusy: this.#waiting.length > 0,
			isWaiting: (epoch) => this.#waiting.some((record) => record.epoch === epoch),
		});
		for (const { epoch, first, last } of outcome.lost) {
			for (let offset = first; offset <= last; offset++) this.#store(epoch, offset, "gap");
			this.#commit(epoch, first, last);
		}
		for (const { epoch, first, last } of outcome.asks) this.#send({ epoch, from: first, to: last });
		if (message.atBirth) this.confirm(true);
	}

	commit(nowMs: number): void {
		for (const record of this.#waiting.splice(0)) {
			const { epoch, last, opening, index } = record;
			const { ledger } = this.#watch;
			const offset = ledger.ranges(epoch).firstMissing(record.offset);
			if (offset > last) continue;
			for (let at = offset; at <= last; at++)
				if (!ledger.ranges(epoch).has(at))
					this.#store(epoch, at, record.last > record.offset ? "gap" : "record");
			if (opening !== undefined) ledger.opened(epoch, opening.previousEpoch, opening.previousLast, nowMs);
			this.#commit(epoch, offset, last);
			this.#rows.marks.push({ device, epoch, offset: last, throughMs: index });
			ledger.mark(device, epoch, last, index);
		}
		for (const { device: moved, throughMs } of this.#watch.advance().throughs)
			this.#rows.throughs.set(moved, throughMs);
		this.confirm(false);
	}

	confirm(evenNothing: boolean): void {
		for (const { epoch, prefix, held } of this.#watch.ledger.epochs())
			if (held !== undefined && (evenNothing || prefix >= held.first))
				this.#send({ epoch, confirmed: prefix });
	}

	#store(epoch: number, offset: number, what: "record" | "gap"): void {
		const place = `${epoch}:${offset}`;
		if (this.stored.has(place)) throw new Error(`${this.name}: ${place} is stored twice`);
		this.stored.set(place, what);
	}

	#commit(epoch: number, first: number, last: number): void {
		const { ledger } = this.#watch;
		const ranges = ledger.ranges(epoch).with(first, last) ?? ledger.ranges(epoch);
		const row = ledger.row(1, epoch, ranges);
		ledger.apply(epoch, ranges);
		this.#rows.epochs = [...this.#rows.epochs.filter((known) => known.epoch !== epoch), row];
	}
}

/** An agent and its collectors with a network between them that loses and delays; time moves in steps of 100 ms. */
export class ModelLine {
	nowMs = 0;
	/** Shares of messages and of commands that the network loses. */
	lossUp = 0;
	lossDown = 0;
	readonly journal = new ModelJournal();
	readonly collectors: ModelCollector[];
	readonly #names: readonly string[];
	#delivery: Delivery;
	readonly #random: Seeded;
	readonly #up: (Flight<Up> & { readonly to: string })[] = [];
	readonly #down: (Flight<Down> & { readonly from: string })[] = [];
	readonly #online = new Set<string>();
	#nextEpoch = 1_000;
	#heldMs = 0;

	constructor(random: Seeded, names: readonly string[]) {
		this.#random = random;
		this.#names = names;
		this.collectors = names.map(
			(name) => new ModelCollector(name, (command) => this.#command(name, command)),
		);
		this.#delivery = this.#newDelivery();
		this.journal.open(this.#nextEpoch++);
	}

	get isEverythingConfirmed(): boolean {
		const { chain, next } = this.journal.current;
		const low = this.#delivery.lowWater(this.journal.held());
		return low.chain === chain && low.offset === next;
	}

	restartAgent(): void {
		this.journal.open(this.#nextEpoch++);
		this.#delivery = this.#newDelivery();
		this.#up.length = 0;
		for (const name of this.#online) this.#hostIs(name, true);
		this.#sendHeld(true);
	}

	/** The connection of the agent breaks and comes back. */
	reconnectAgent(): void {
		this.#up.length = 0;
		for (const name of this.#online) this.#delivery.hostState(name, false, this.journal.held(), this.nowMs);
		for (const name of this.#online) this.#hostIs(name, true);
		this.#sendHeld(true);
	}

	setOnline(name: string, online: boolean): void {
		if (online) this.#online.add(name);
		else this.#online.delete(name);
		if (!online) {
			for (let at = this.#up.length - 1; at >= 0; at--) if (this.#up[at]?.to === name) this.#up.splice(at, 1);
			this.#collector(name).restart();
		}
		this.#hostIs(name, online);
		if (online) this.#sendHeld(true);
	}

	isOnline(name: string): boolean {
		return this.#online.has(name);
	}

	/** One step: what is due arrives, is committed, and the agent sends up to `records`. */
	step(records: number): void {
		this.nowMs += stepMs;
		for (const { to, what } of due(this.#up, this.nowMs))
			if (this.#online.has(to)) this.#collector(to).take(what, this.nowMs);
		for (const name of this.#online) this.#collector(name).commit(this.nowMs);
		const held = this.journal.held();
		for (const { from, what } of due(this.#down, this.nowMs)) {
			if ("confirmed" in what) this.#delivery.confirm(from, what.epoch, what.confirmed, held, this.nowMs);
			else this.#delivery.resend(from, what.epoch, what.from, what.to, held);
		}
		this.journal.trim(this.#delivery.lowWater(held));
		if (this.nowMs - this.#heldMs >= 1_000) {
			this.#heldMs = this.nowMs;
			this.#delivery.tick(this.journal.held(), this.nowMs);
			this.#sendHeld(false);
		}
		for (let sent = 0; sent < records; sent++) if (!this.#sendOne()) break;
	}

	#sendOne(): boolean {
		const live = this.#delivery.nextLive();
		const isLive = live !== undefined && live.offset < this.journal.current.next;
		const range = isLive ? undefined : this.#delivery.nextCatchUp(this.nowMs);
		const from = isLive ? live : range && { chain: range.chain, offset: range.first };
		if (from === undefined) return false;
		const record = this.journal.at(from);
		if (record === undefined || record.chain !== from.chain) {
			if (range === undefined) throw new Error("the live lane stands where nothing is");
			this.#delivery.notHeld(range);
			return true;
		}
		const { chain, offset, last } = record;
		if (isLive) this.#delivery.sentLive({ chain, offset, last, bytes: 100 });
		else this.#delivery.sentCatchUp({ chain, offset, last, bytes: 100 });
		this.#publish({ kind: "record", record });
		return true;
	}

	#sendHeld(atBirth: boolean): void {
		this.#publish({ kind: "held", held: this.journal.held(), atBirth });
	}

	#publish(what: Up): void {
		for (const to of this.#online)
			if (!this.#random.chance(this.lossUp)) this.#up.push({ to, what, atMs: this.#arrival(this.#up) });
	}

	#command(from: string, what: Down): void {
		if (!this.#random.chance(this.lossDown)) this.#down.push({ from, what, atMs: this.#arrival(this.#down) });
	}

	/** MQTT keeps the order of a connection. */
	#arrival(flights: readonly Flight<unknown>[]): number {
		return Math.max(this.nowMs + this.#random.from(1, flightMsMax), flights.at(-1)?.atMs ?? 0);
	}

	#hostIs(name: string, online: boolean): void {
		this.#delivery.hostState(name, online, this.journal.held(), this.nowMs);
	}

	#collector(name: string): ModelCollector {
		return this.collectors.find((collector) => collector.name === name) as ModelCollector;
	}

	#newDelivery(): Delivery {
		return new Delivery({ hosts: this.#names, windowBytes: 1_000, resendAfterMs: 10_000 });
	}
}

function due<T extends Flight<unknown>>(flights: T[], nowMs: number): T[] {
	const count = flights.findIndex(({ atMs }) => atMs > nowMs);
	return flights.splice(0, count < 0 ? flights.length : count);
}
