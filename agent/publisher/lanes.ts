import { hash } from "node:crypto";
import { ByteReader } from "../../common/contract/bytes.ts";
import { recordHashBytes } from "../../common/contract/delivery.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import { comparePositions, type DeviceProgress, type Journal, type JournaledRecord } from "../pipeline.ts";
import { decodeRecord } from "../record-codec.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import type { Delivery } from "./delivery.ts";
import type { EdgeMessage, EdgeSession } from "./edge-session.ts";

/** The connection as the lanes see it. */
export interface LaneWire {
	/** Connected, and the births are out. */
	readonly ready: boolean;
	/** The socket takes more at once. */
	readonly writable: boolean;
	send(message: EdgeMessage): void;
	/** A device that was declared dead has data again: it is born first. */
	bear(device: string): void;
}

export interface LanesOptions {
	readonly journal: Journal;
	readonly delivery: Delivery;
	readonly session: EdgeSession;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
	readonly wire: LaneWire;
}

/** A live record older than this when its turn comes is no longer live. */
const liveWithinMs = 10_000;

/** Takes records from the journal to the wire, as the delivery decides, each as exactly one message. */
export class Lanes {
	readonly #options: LanesOptions;
	readonly #samples = new SampleColumns(512);
	/** Per device: the newest Through that this birth's host has been told. */
	readonly #sentThrough = new Map<string, number>();

	constructor(options: LanesOptions) {
		this.#options = options;
	}

	/** A new birth: the host may not have what was said before. */
	born(): void {
		this.#sentThrough.clear();
	}

	/** Sends about `bytes` of what has become durable; returns the payload bytes sent. */
	async sendLive(bytes: number): Promise<number> {
		const { journal, delivery, clock, wire } = this.#options;
		const from = wire.ready && wire.writable ? delivery.nextLive() : undefined;
		if (from === undefined || comparePositions(from, journal.durable) > 0) return 0;
		const records = await journal.read(from, bytes);
		// While the disk was read, the connection may have gone or a host come.
		if (!wire.ready || delivery.nextLive() !== from) return 0;
		const { appendedMs } = records[0] ?? {};
		if (appendedMs === undefined || clock.monotonicMs() - appendedMs > liveWithinMs) {
			delivery.overtake(journal.held());
			return 0;
		}
		let sent = 0;
		let count = 0;
		for (const record of records) {
			// Encoding takes a sequence number, so the room is asked for before.
			if (!wire.writable || record.chain !== from.chain) break;
			const length = this.#send(record, false);
			delivery.sentLive({ chain: record.chain, offset: record.offset, last: record.last, bytes: length });
			sent += length;
			count++;
		}
		this.#options.telemetry.recordsSent("live", count, 0, sent);
		return sent;
	}

	/** Sends about `bytes` of the oldest that waits, while the window is open; returns the payload bytes sent. */
	async sendCatchUp(bytes: number): Promise<number> {
		const { journal, delivery, clock, wire } = this.#options;
		const range = wire.ready && wire.writable ? delivery.nextCatchUp(clock.monotonicMs()) : undefined;
		if (range === undefined) return 0;
		const records = await journal.read({ chain: range.chain, offset: range.first }, bytes);
		const now = wire.ready ? delivery.nextCatchUp(clock.monotonicMs()) : undefined;
		if (now?.chain !== range.chain || now.first !== range.first) return 1;
		const first = records[0];
		if (first === undefined || first.chain !== range.chain || first.offset > now.last) {
			delivery.notHeld(now);
			return 1;
		}
		let sent = 0;
		let count = 0;
		let again = 0;
		for (const record of records) {
			const { chain, offset, last } = record;
			if (!wire.writable || sent >= bytes || chain !== range.chain || offset > now.last) break;
			if (delivery.nextCatchUp(clock.monotonicMs()) === undefined) break;
			const length = this.#send(record, true);
			if (delivery.sentCatchUp({ chain, offset, last, bytes: length })) again++;
			sent += length;
			count++;
		}
		this.#options.telemetry.recordsSent("catch_up", count, again, sent);
		return sent;
	}

	/** Tells of devices that are complete further than their last record says. */
	sendProgress(progress: ReadonlyMap<string, DeviceProgress>): void {
		const { journal, session, clock, wire } = this.#options;
		const { durable } = journal;
		// One that has left the configuration is complete up to where it left, and nobody is to hear of it any more.
		const declared = new Set(session.devices);
		for (const [device, { throughMs, position }] of progress) {
			if (!declared.has(device)) continue;
			if (throughMs <= (this.#sentThrough.get(device) ?? Number.NEGATIVE_INFINITY)) continue;
			if (position.chain !== durable.chain || position.offset > durable.offset) continue;
			this.#sentThrough.set(device, throughMs);
			wire.bear(device);
			wire.send(session.progress(device, journal.epoch, position.offset, throughMs, clock.wallMs()));
		}
	}

	#send(record: JournaledRecord, historical: boolean): number {
		const { session, clock, wire } = this.#options;
		const { epoch, offset, last, body } = record;
		const { device, throughMs } = decodeRecord(new ByteReader(body), this.#samples);
		wire.bear(device);
		const message = session.data(
			{
				epoch,
				offset,
				last,
				device,
				throughMs,
				hash: recordHash(body),
				samples: this.#samples,
				historical,
			},
			clock.wallMs(),
		);
		wire.send(message);
		// A record of the backlog says less than what was said before it.
		if (throughMs !== undefined && throughMs > (this.#sentThrough.get(device) ?? Number.NEGATIVE_INFINITY))
			this.#sentThrough.set(device, throughMs);
		return message.payload.length;
	}
}

/** The identity of a record's content, compared when the same offset arrives twice. */
function recordHash(body: Buffer): Buffer {
	return hash("sha256", body, "buffer").subarray(0, recordHashBytes);
}
