import { hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ByteReader } from "../../common/contract/bytes.ts";
import { recordHashBytes } from "../../common/contract/delivery.ts";
import type { EdgeNodeId, GroupId, HostId } from "../../common/contract/ids.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import { decodeHostState } from "../../common/contract/state.ts";
import { nodeTopic, parseTopic, stateTopic } from "../../common/contract/topics.ts";
import { type Clock, every } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import { replaceFile } from "../../common/runtime/data-directory.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import { type BrokerConnection, MqttLink } from "../../common/runtime/mqtt-link.ts";
import type { DeviceProgress, Journal, JournaledRecord } from "../pipeline.ts";
import { decodeRecord } from "../record-codec.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { readCommand } from "./command.ts";
import type { Delivery } from "./delivery.ts";
import type { EdgeMessage, EdgeSession } from "./edge-session.ts";

export interface PublisherOptions {
	readonly group: GroupId;
	readonly edgeNode: EdgeNodeId;
	readonly hosts: readonly string[];
	readonly directory: string;
	readonly broker: BrokerConnection;
	readonly clock: Clock;
	readonly journal: Journal;
	/** The newest Through of each device, from the recorder. */
	readonly progress: ReadonlyMap<string, DeviceProgress>;
	readonly session: EdgeSession;
	readonly delivery: Delivery;
	readonly telemetry: AgentTelemetry;
}

const readBytes = 256 * 1024;
/** A record older than this when it first goes out is marked historical. */
const liveWithinMs = 10_000;

/** Takes durable records from the journal to the broker, and confirmations back to the journal. */
export class Publisher implements Part {
	readonly name = "publisher";
	readonly #options: PublisherOptions;
	readonly #link: MqttLink;
	readonly #samples = new SampleColumns(512);
	readonly #hostTimes = new Map<string, number>();
	readonly #sentThrough = new Map<string, number>();
	#bdSeq = -1;
	#born = false;
	#pumping = false;
	#again = false;
	#stopTicking = () => {};

	constructor(options: PublisherOptions) {
		this.#options = options;
		this.#link = new MqttLink({
			...options.broker,
			clock: options.clock,
			will: () => this.#will(),
			onOpen: () => this.#opened(),
			onClose: (reason) => this.#closed(reason),
			onMessage: (topic, payload) => this.#received(topic, payload),
			onDrain: () => this.#pump(),
		});
	}

	get connected(): boolean {
		return this.#link.connected && this.#born;
	}

	async start(): Promise<void> {
		this.#bdSeq = await readBdSeq(this.#sessionFile);
		this.#options.journal.onDurable = () => this.#pump();
		this.#stopTicking = every(this.#options.clock, 1_000, () => this.#tick());
		this.#link.start();
	}

	async stop(): Promise<void> {
		this.#stopTicking();
		this.#options.journal.onDurable = undefined;
		if (this.#born) this.#send(this.#options.session.death(this.#bdSeq, this.#options.clock.wallMs()));
		this.#born = false;
		await this.#link.stop();
	}

	get #sessionFile(): string {
		return join(this.#options.directory, "session.json");
	}

	/** bdSeq grows by one with every CONNECT that is written, 0 after 255 [tck-id-topics-nbirth-bdseq-increment]. */
	async #will() {
		this.#bdSeq = (this.#bdSeq + 1) % 256;
		await replaceFile(this.#sessionFile, `${JSON.stringify({ bdSeq: this.#bdSeq })}\n`);
		const { topic, payload } = this.#options.session.death(this.#bdSeq, this.#options.clock.wallMs());
		return { topic, payload, qos: 1 as const, retain: false };
	}

	/** Subscribe, then births, then data [tck-id-message-flow-edge-node-ncmd-subscribe]. */
	async #opened(): Promise<void> {
		const { group, edgeNode, hosts, telemetry, broker } = this.#options;
		telemetry.brokerConnected({ broker: broker.url, bdSeq: this.#bdSeq });
		await this.#link.subscribe([
			nodeTopic(group, "NCMD", edgeNode),
			...hosts.map((host) => stateTopic(host as HostId)),
		]);
		this.#birth("connected");
	}

	#closed(reason: string): void {
		const { hosts, delivery, journal, clock, telemetry, broker } = this.#options;
		this.#born = false;
		for (const host of hosts) delivery.hostState(host, false, journal.held(), clock.monotonicMs());
		this.#hostTimes.clear();
		telemetry.brokerLost({ broker: broker.url, reason });
	}

	#birth(reason: "connected" | "asked"): void {
		const { session, journal, clock, telemetry, delivery } = this.#options;
		const held = journal.held();
		for (const message of session.births(this.#bdSeq, held, clock.wallMs())) this.#send(message);
		this.#born = true;
		this.#sentThrough.clear();
		delivery.rewind(held, clock.monotonicMs());
		telemetry.born(reason);
		this.#pump();
	}

	#received(topic: string, payload: Buffer): undefined {
		const parsed = parseTopic(topic);
		if (parsed?.kind === "state") this.#hostState(parsed.host, payload);
		else if (parsed?.type === "NCMD") this.#command(payload);
		return undefined;
	}

	/** An older timestamp than the last seen is a late will and says nothing [tck-id-operational-behavior-edge-node-termination-host-offline-timestamp]. */
	#hostState(host: string, payload: Buffer): void {
		const state = decodeHostState(payload);
		if (state === undefined || state.timestampMs < (this.#hostTimes.get(host) ?? 0)) return;
		const { delivery, journal, clock, telemetry } = this.#options;
		const known =
			this.#hostTimes.get(host) === state.timestampMs && delivery.hostsOnline.includes(host) === state.online;
		this.#hostTimes.set(host, state.timestampMs);
		if (known) return;
		delivery.hostState(host, state.online, journal.held(), clock.monotonicMs());
		telemetry.hostChanged({ host, online: state.online });
		this.#pump();
	}

	#command(payload: Buffer): void {
		const { delivery, journal, clock, telemetry } = this.#options;
		try {
			const command = readCommand(payload);
			for (const name of command.refused)
				telemetry.commandRefused({ reason: "unknown_command", detail: name });
			const { host, epoch, confirmed, resendFrom } = command;
			if (host !== undefined && epoch !== undefined && confirmed !== undefined && confirmed > 0) {
				const refusal = delivery.confirm(host, epoch, confirmed, journal.held(), clock.monotonicMs());
				if (refusal !== undefined)
					telemetry.commandRefused({ reason: refusal, detail: `host ${host} confirmed ${confirmed}` });
				else journal.trim(delivery.lowWater(journal.held()));
			}
			if (host !== undefined && epoch !== undefined && resendFrom !== undefined) {
				const refusal = delivery.resendFrom(host, epoch, resendFrom, journal.held(), clock.monotonicMs());
				if (refusal !== undefined)
					telemetry.commandRefused({ reason: refusal, detail: `host ${host} asked for ${resendFrom}` });
			}
			if (command.rebirth && this.#link.connected) this.#birth("asked");
		} catch (error) {
			telemetry.commandRefused({ reason: "not_sparkplug", detail: errorText(error) });
		}
		this.#pump();
	}

	#tick(): void {
		const { session, journal, clock, delivery, progress, telemetry } = this.#options;
		if (!this.#born || !this.#link.connected) return;
		const held = journal.held();
		const again = delivery.tick(held, clock.monotonicMs());
		if (again > 0) telemetry.recordsUnconfirmed(again);
		for (const [device, { throughMs, position }] of progress) {
			if (throughMs <= (this.#sentThrough.get(device) ?? Number.NEGATIVE_INFINITY)) continue;
			if (position.chain !== journal.durable.chain || position.offset > journal.durable.offset) continue;
			this.#sentThrough.set(device, throughMs);
			this.#send(session.progress(device, journal.epoch, position.offset, throughMs, clock.wallMs()));
		}
		this.#send(session.held(held, clock.wallMs()));
		this.#pump();
	}

	/** Sends while there is something to send, a window to send it in, and a socket that takes it. */
	#pump(): void {
		this.#again = true;
		if (this.#pumping) return;
		this.#pumping = true;
		this.#drain()
			.catch((error: unknown) => {
				this.#options.telemetry.publishingFailed({ err: error });
				this.#link.drop(errorText(error));
			})
			.finally(() => {
				this.#pumping = false;
			});
	}

	async #drain(): Promise<void> {
		const { journal, delivery } = this.#options;
		while (this.#again) {
			this.#again = false;
			for (;;) {
				const from = this.#born && this.#link.connected ? delivery.next() : undefined;
				if (from === undefined) break;
				const records = await journal.read(from, readBytes);
				// While the disk was read, a command may have moved the place to send from.
				if (records.length === 0) break;
				if (delivery.next() !== from) continue;
				if (!this.#sendRecords(records)) break;
			}
		}
	}

	#sendRecords(records: readonly JournaledRecord[]): boolean {
		const { delivery, clock, session, telemetry } = this.#options;
		let live = 0;
		let catchUp = 0;
		let bytes = 0;
		let room = true;
		for (const record of records) {
			// Encoding takes a sequence number, so the room is asked for before: of the socket and of the window.
			room = this.#link.writable;
			if (!room || delivery.next() === undefined) break;
			const head = decodeRecord(new ByteReader(record.body), this.#samples);
			const nowMs = clock.monotonicMs();
			const position = { chain: record.chain, offset: record.offset };
			const recent = record.appendedMs !== undefined && nowMs - record.appendedMs < liveWithinMs;
			const message = session.data(
				{
					epoch: record.epoch,
					offset: record.offset,
					device: head.device,
					throughMs: head.throughMs,
					hash: recordHash(record.body),
					samples: this.#samples,
					historical: !recent,
				},
				clock.wallMs(),
			);
			this.#send(message);
			const again = delivery.sent(position, message.payload.length, nowMs);
			if (head.throughMs !== undefined) this.#sentThrough.set(head.device, head.throughMs);
			if (recent && !again) live++;
			else catchUp++;
			bytes += message.payload.length;
		}
		telemetry.recordsSent(live, catchUp, bytes);
		return room;
	}

	#send({ topic, payload }: EdgeMessage): void {
		this.#link.send({ topic, payload, qos: 0, retain: false });
	}
}

/** The identity of a record's content, compared when the same offset arrives twice. */
function recordHash(body: Buffer): Buffer {
	return hash("sha256", body, "buffer").subarray(0, recordHashBytes);
}

async function readBdSeq(path: string): Promise<number> {
	try {
		const raw = JSON.parse(await readFile(path, "utf8")) as { bdSeq?: unknown };
		return Number.isInteger(raw.bdSeq) ? (raw.bdSeq as number) : -1;
	} catch {
		// No file at the first start; a damaged one only costs one step of a counter that wraps anyway.
		return -1;
	}
}
