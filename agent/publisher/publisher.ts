import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { EdgeNodeId, GroupId, HostId } from "../../common/contract/ids.ts";
import { decodeHostState } from "../../common/contract/state.ts";
import { nodeTopic, parseTopic, stateTopic } from "../../common/contract/topics.ts";
import { type Clock, every } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import { replaceFile } from "../../common/runtime/data-directory.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import { type BrokerConnection, MqttLink, payloadBytesMax } from "../../common/runtime/mqtt-link.ts";
import type { DeviceProgress, Journal, Position } from "../pipeline.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { readCommand } from "./command.ts";
import type { Delivery, Refusal } from "./delivery.ts";
import { DeviceLife } from "./device-life.ts";
import type { EdgeMessage, EdgeSession } from "./edge-session.ts";
import { Lanes } from "./lanes.ts";
import { type RollingConfirmation, rollingHost } from "./rolling-confirmation.ts";

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
	/** For hosts that confirm nothing; then `delivery` has the one host `rollingHost`. */
	readonly rolling?: RollingConfirmation | undefined;
	/** Whether a device's plant server is lost. */
	readonly isLost: (device: string) => boolean;
	readonly telemetry: AgentTelemetry;
}

const readBytes = 256 * 1024;

/** Takes durable records from the journal to the broker, and confirmations back to the journal. */
export class Publisher implements Part {
	readonly name = "publisher";
	readonly #options: PublisherOptions;
	readonly #link: MqttLink;
	readonly #lanes: Lanes;
	readonly #hostTimes = new Map<string, number>();
	readonly #hostsOnline = new Set<string>();
	#life = new DeviceLife();
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
			onTooLong: (topic, bytes) =>
				options.telemetry.commandRefused({
					reason: "length",
					detail: `${topic.slice(0, 200)}: expected at most ${payloadBytesMax} bytes, found ${bytes}`,
				}),
			onMessage: (topic, payload) => this.#received(topic, payload),
			onDrain: () => this.#pump(),
		});
		const link = this.#link;
		const isReady = () => this.#born && link.connected;
		this.#lanes = new Lanes({
			...options,
			wire: {
				get ready() {
					return isReady();
				},
				get writable() {
					return link.writable;
				},
				send: (message) => this.#send(message),
				bear: (device) => this.#bear(device),
			},
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
		const { telemetry, broker } = this.#options;
		this.#born = false;
		for (const host of this.#hostsOnline) this.#hostIs(host, false);
		this.#hostTimes.clear();
		telemetry.brokerLost({ broker: broker.url, reason });
	}

	/** All births are written at once; what was sent before and not understood will be asked for. */
	#birth(reason: "connected" | "asked"): void {
		const { session, journal, clock, telemetry, delivery } = this.#options;
		const held = journal.held();
		const birth = {
			bdSeq: this.#bdSeq,
			held,
			// Tags that are no longer configured stand in records of earlier epochs only.
			backlog: delivery.lowWater(held).chain < journal.durable.chain,
			isDead: (device: string) => this.#life.isDead(device),
		};
		for (const message of session.births(birth, clock.wallMs())) this.#send(message);
		this.#born = true;
		this.#lanes.born();
		if (this.#options.hosts.length === 0) this.#hostIs(rollingHost, true);
		telemetry.born(reason);
		this.#pump();
	}

	#bear(device: string): void {
		const { session, clock } = this.#options;
		if (this.#life.revive(device)) this.#send(session.deviceBirth(device, clock.wallMs()));
	}

	#received(topic: string, payload: Buffer): undefined {
		const parsed = parseTopic(topic);
		if (parsed?.kind === "state") this.#hostState(parsed.host, payload);
		else if (parsed?.type === "NCMD") this.#command(payload);
		return undefined;
	}

	/**
	 * An older offline is a late will and says nothing [tck-id-operational-behavior-edge-node-termination-host-offline-timestamp].
	 * An older online is a host whose clock went back.
	 */
	#hostState(host: string, payload: Buffer): void {
		const state = decodeHostState(payload);
		if (state === undefined) return;
		if (!state.online && state.timestampMs < (this.#hostTimes.get(host) ?? 0)) return;
		this.#hostTimes.set(host, state.timestampMs);
		if (this.#hostsOnline.has(host) === state.online) return;
		this.#hostIs(host, state.online);
		this.#options.telemetry.hostChanged({ host, online: state.online });
		this.#pump();
	}

	/** Under rolling delivery the hosts are one: somebody listens, or nobody does. */
	#hostIs(host: string, online: boolean): void {
		const { delivery, rolling, journal, clock } = this.#options;
		if (online) this.#hostsOnline.add(host);
		else this.#hostsOnline.delete(host);
		const nowMs = clock.monotonicMs();
		if (rolling === undefined) {
			delivery.hostState(host, online, journal.held(), nowMs);
			return;
		}
		if (this.#hostsOnline.size === 0) rolling.lost();
		delivery.hostState(rollingHost, this.#hostsOnline.size > 0, journal.held(), nowMs);
	}

	#command(payload: Buffer): void {
		const { telemetry, journal, delivery } = this.#options;
		try {
			const command = readCommand(payload);
			for (const name of command.refused)
				telemetry.commandRefused({ reason: "unknown_command", detail: name });
			const { host, epoch, confirmed, resendFrom, resendTo } = command;
			if (host !== undefined && epoch !== undefined) {
				const held = journal.held();
				if (confirmed !== undefined) {
					const refusal = delivery.confirm(host, epoch, confirmed, held, this.#options.clock.monotonicMs());
					if (refusal === undefined) journal.trim(delivery.lowWater(held));
					this.#refused(refusal, `host ${host} confirmed ${confirmed} of epoch ${epoch}`);
				}
				if (resendFrom !== undefined) {
					const to = resendTo ?? Number.MAX_SAFE_INTEGER;
					const refusal = delivery.resend(host, epoch, resendFrom, to, held);
					this.#refused(refusal, `host ${host} asked for ${resendFrom} of epoch ${epoch}`);
				}
			}
			if (command.rebirth && this.#link.connected) this.#birth("asked");
		} catch (error) {
			telemetry.commandRefused({ reason: "not_sparkplug", detail: errorText(error) });
		}
		this.#pump();
	}

	#refused(refusal: Refusal | undefined, detail: string): void {
		if (refusal !== undefined) this.#options.telemetry.commandRefused({ reason: refusal, detail });
	}

	#tick(): void {
		const { session, journal, clock, delivery, progress, telemetry, rolling } = this.#options;
		if (!this.#born || !this.#link.connected) return;
		const held = journal.held();
		if (rolling === undefined) {
			const again = delivery.tick(held, clock.monotonicMs());
			if (again > 0) telemetry.recordsUnconfirmed(again);
		} else {
			rolling.tick(delivery, held, clock.monotonicMs());
			journal.trim(delivery.lowWater(held));
		}
		this.#lanes.sendProgress(progress);
		this.#send(session.held(held, clock.wallMs()));
		this.#buryAndBear(delivery.lowWater(held));
		this.#pump();
	}

	#buryAndBear(low: Position): void {
		const { session, journal, clock, isLost } = this.#options;
		const { chain, offset } = journal.durable;
		const { deaths, births } = this.#life.tick(session.devices, isLost, { chain, offset: offset + 1 }, low);
		for (const device of births) this.#send(session.deviceBirth(device, clock.wallMs()));
		for (const device of deaths) this.#send(session.deviceDeath(device, clock.wallMs()));
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

	/** While both lanes have something, they share the bytes; a lane alone has them all. */
	async #drain(): Promise<void> {
		while (this.#again) {
			this.#again = false;
			for (;;) {
				const live = await this.#lanes.sendLive(readBytes);
				const caughtUp = await this.#lanes.sendCatchUp(live > 0 ? live : readBytes);
				if (live + caughtUp === 0) break;
			}
		}
	}

	#send({ topic, payload }: EdgeMessage): void {
		this.#link.send({ topic, payload, qos: 0, retain: false });
	}
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
