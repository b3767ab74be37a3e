import type { EdgeNodeId, GroupId, HostId } from "../../common/contract/ids.ts";
import { decodeHostState } from "../../common/contract/state.ts";
import { nodeTopic, parseTopic, stateTopic } from "../../common/contract/topics.ts";
import type { CertificateWatch } from "../../common/runtime/certificate-watch.ts";
import { type Clock, every } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import { type BrokerConnection, MqttLink, payloadBytesMax } from "../../common/runtime/mqtt-link.ts";
import type { DeviceProgress, Journal, Position } from "../pipeline.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { Commands } from "./commands.ts";
import type { Delivery, DeliveryOptions } from "./delivery.ts";
import { DeviceLife } from "./device-life.ts";
import type { EdgeMessage, EdgeSession } from "./edge-session.ts";
import { KnownHosts } from "./known-hosts.ts";
import { Lanes } from "./lanes.ts";
import { OldTags } from "./old-tags.ts";
import { type RollingConfirmation, rollingHost } from "./rolling-confirmation.ts";
import { SessionCounter } from "./session-counter.ts";
import { Settling } from "./settling.ts";

export interface PublisherOptions {
	readonly group: GroupId;
	readonly edgeNode: EdgeNodeId;
	readonly hosts: readonly string[];
	/** The one of them that births wait for. */
	readonly primaryHost: string | undefined;
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
	readonly certificates: CertificateWatch;
	readonly telemetry: AgentTelemetry;
}

/** Who listens, and what that means for delivery. */
export interface HostSettings {
	readonly hosts: readonly string[];
	readonly primaryHost: string | undefined;
	readonly delivery: DeliveryOptions;
}

const readBytes = 256 * 1024;
/** So long an edge node waits for its primary host on one of several servers before it looks on the next. */
const primaryHostWaitMs = 10_000;
/** Takes durable records from the journal to the broker, and confirmations back to the journal. */
export class Publisher implements Part {
	readonly name = "publisher";
	#options: PublisherOptions;
	/** From the next connection on. */
	#next: HostSettings | undefined;
	readonly #commands: Commands;
	readonly #link: MqttLink;
	readonly #lanes: Lanes;
	#hosts: KnownHosts;
	readonly #sessions: SessionCounter;
	#life = new DeviceLife();
	#subscribed = false;
	#born = false;
	#pumping = false;
	#again = false;
	#stopTicking = () => {};
	#stopWaiting = () => {};
	readonly #settling: Settling;
	readonly #oldTags = new OldTags();

	constructor(options: PublisherOptions) {
		this.#options = options;
		this.#hosts = new KnownHosts(options.primaryHost);
		this.#commands = new Commands(options);
		this.#sessions = new SessionCounter(options.directory);
		this.#settling = new Settling(options.clock, () => this.#pump());
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
			onCertificates: (certificates) => options.certificates.seen(certificates),
			endsWithWill: true,
		});
		const link = this.#link;
		const isReady = () => this.#born && !this.#settling.isOn && link.connected;
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

	/** The server of the present connection, or of the last attempt. */
	get url(): string {
		return this.#link.url;
	}

	async start(): Promise<void> {
		await this.#sessions.open();
		this.#options.journal.onDurable = () => this.#pump();
		this.#stopTicking = every(this.#options.clock, 1_000, () => this.#tick());
		this.#link.start();
	}

	async stop(): Promise<void> {
		this.#stopTicking();
		this.#stopWaiting();
		this.#settling.stop();
		this.#options.journal.onDurable = undefined;
		this.#die();
		await this.#link.stop();
	}

	/** The tag book has other tags: what is sent from now on needs births that declare them. */
	tagsChanged(): void {
		this.#oldTags.changed();
		if (this.#born && this.#link.connected) this.#birth("tags_changed");
	}

	/**
	 * Another broker, or other settings for it, from the next connection on, which is made at once when `isAnew`; other hosts
	 * are heard from then on, too.
	 */
	change(broker: BrokerConnection, hosts: HostSettings | undefined, isAnew: boolean): void {
		this.#options = { ...this.#options, broker };
		this.#next = hosts ?? this.#next;
		this.#link.use(broker);
		if (isAnew) this.#leave("the configuration has changed");
	}

	/** Between two connections, when no host is online. */
	#takeNext(): void {
		if (this.#next === undefined) return;
		const { hosts, primaryHost, delivery: settings } = this.#next;
		const { delivery, journal } = this.#options;
		this.#next = undefined;
		this.#options = { ...this.#options, hosts, primaryHost };
		this.#hosts = new KnownHosts(primaryHost);
		delivery.change(settings);
		journal.trim(delivery.lowWater(journal.held()));
	}

	/** NDEATH before DISCONNECT [tck-id-operational-behavior-edge-node-intentional-disconnect-ndeath]. */
	#die(): void {
		if (this.#born)
			this.#send(this.#options.session.death(this.#sessions.bdSeq, this.#options.clock.wallMs()));
		this.#born = false;
	}

	async #will() {
		const bdSeq = await this.#sessions.next();
		const { topic, payload } = this.#options.session.death(bdSeq, this.#options.clock.wallMs());
		return { topic, payload, qos: 1 as const, retain: false };
	}

	/** Subscribe, then births, then data [tck-id-message-flow-edge-node-ncmd-subscribe]. */
	async #opened(): Promise<void> {
		this.#takeNext();
		const { group, edgeNode, hosts, telemetry } = this.#options;
		telemetry.brokerConnected({ broker: this.#link.url, bdSeq: this.#sessions.bdSeq });
		await this.#link.subscribe([
			nodeTopic(group, "NCMD", edgeNode),
			...hosts.map((host) => stateTopic(host as HostId)),
		]);
		this.#subscribed = true;
		if (this.#hosts.mayBeBorn) this.#birth("connected");
		else this.#awaitPrimaryHost();
	}

	/** A single server is waited on for as long as it takes. */
	#awaitPrimaryHost(): void {
		const { broker, clock, telemetry } = this.#options;
		telemetry.primaryHostAwaited({ host: this.#hosts.primary ?? "", broker: this.#link.url });
		if (broker.urls.length === 1) return;
		this.#stopWaiting();
		this.#stopWaiting = clock.after(primaryHostWaitMs, () => {
			if (!this.#born) this.#leave("the primary host is not online on this server");
		});
	}

	#leave(reason: string): void {
		this.#die();
		this.#link.leave(reason).catch((err: unknown) => this.#options.telemetry.publishingFailed({ err }));
	}

	#closed(reason: string): void {
		this.#stopWaiting();
		this.#subscribed = false;
		this.#born = false;
		const known = this.#options.hosts.length === 0 ? [rollingHost] : [...this.#hosts.online];
		this.#hosts.closed();
		for (const host of known) this.#hostIs(host, false);
		this.#takeNext();
		this.#options.telemetry.brokerLost({ broker: this.#link.url, reason });
	}

	/** All births are written at once; what was sent before and not understood will be asked for. */
	#birth(reason: "connected" | "asked" | "tags_changed"): void {
		const { session, journal, clock, telemetry, delivery } = this.#options;
		this.#stopWaiting();
		const held = journal.held();
		const birth = {
			bdSeq: this.#sessions.bdSeq,
			held,
			backlog: this.#oldTags.mayWait(delivery.lowWater(held), journal),
			isDead: (device: string) => this.#life.isDead(device),
		};
		for (const message of session.births(birth, clock.wallMs())) this.#send(message);
		this.#born = true;
		this.#lanes.born();
		if (this.#options.rolling !== undefined) this.#settling.begin();
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

	#hostState(host: string, payload: Buffer): void {
		const state = decodeHostState(payload);
		if (state === undefined) return;
		const wasOnline = this.#hosts.online.has(host);
		const effect = this.#hosts.state(host, state);
		const isOnline = this.#hosts.online.has(host);
		if (wasOnline !== isOnline) {
			this.#hostIs(host, isOnline);
			this.#options.telemetry.hostChanged({ host, online: isOnline });
		}
		if (effect === "birth" && this.#subscribed && !this.#born) this.#birth("connected");
		// Not born and with one server only, there is nothing to leave and nowhere to go.
		if (effect === "leave" && (this.#born || this.#options.broker.urls.length > 1))
			this.#leave("the primary host is offline");
		this.#pump();
	}

	/** Under rolling delivery the hosts are one: somebody listens, or nobody does. */
	#hostIs(host: string, online: boolean): void {
		const { delivery, rolling, journal, clock } = this.#options;
		const nowMs = clock.monotonicMs();
		if (rolling === undefined) {
			delivery.hostState(host, online, journal.held(), nowMs);
			return;
		}
		const somebody = this.#options.hosts.length === 0 ? online : this.#hosts.online.size > 0;
		if (!somebody) rolling.lost();
		delivery.hostState(rollingHost, somebody, journal.held(), nowMs);
	}

	#command(payload: Buffer): void {
		const { journal, delivery, rolling, clock } = this.#options;
		if (this.#commands.take(payload) && this.#born && this.#link.connected) {
			rolling?.missed(delivery, journal.held(), clock.monotonicMs());
			this.#birth("asked");
		}
		this.#pump();
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
		if (births.length > 0 && this.#options.rolling !== undefined) this.#settling.begin();
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
