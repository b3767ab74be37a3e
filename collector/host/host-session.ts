import type { GroupId, HostId } from "../../common/contract/ids.ts";
import { decodeHostState, encodeHostState } from "../../common/contract/state.ts";
import { groupFilter, parseTopic, stateTopic } from "../../common/contract/topics.ts";
import type { CertificateWatch } from "../../common/runtime/certificate-watch.ts";
import { type Clock, every } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import { type BrokerConnection, MqttLink, payloadBytesMax } from "../../common/runtime/mqtt-link.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { HostIdWatch, type OwnSessions } from "./host-id-watch.ts";

export interface HostSessionOptions {
	/** The server, one of those in `broker`. */
	readonly url: string;
	readonly host: HostId;
	readonly groups: readonly GroupId[];
	readonly ownSessions: OwnSessions;
	readonly broker: BrokerConnection;
	readonly clock: Clock;
	readonly certificates: CertificateWatch;
	readonly telemetry: CollectorTelemetry;
	/** A message that is not STATE. */
	readonly onMessage: (topic: string, payload: Buffer) => Promise<void> | undefined;
	/** What this server knew of edge nodes is not known any more. */
	readonly onLost: () => void;
	/** Another collector owns the host id. */
	readonly onTaken: () => void;
}

/** The owner of a host id says so again this often, so that a second collector notices a living one. */
const stateEveryMs = 10_000;
const listenEveryMs = 250;

/**
 * The host application on one MQTT server: its will, its STATE and its subscriptions. With several servers there is one
 * session for each, all at once, because an edge node may be on any of them
 * [tck-id-operational-behavior-host-application-multi-server-timestamp].
 */
export class HostSession {
	readonly #options: HostSessionOptions;
	readonly #link: MqttLink;
	readonly #owners: HostIdWatch;
	/** One timestamp per MQTT session, in will, birth and repetition alike [tck-id-operational-behavior-host-application-connect-birth-payload]. */
	#sessionMs = 0;
	/** `listening`: whether the host id is free; nothing is published yet. */
	#stage: "listening" | "serving" | "taken" | "stopped" = "listening";
	/** It has said that it is online in the present connection. */
	#isOnline = false;
	#stopRepeating = () => {};
	#stopListening = () => {};

	constructor(options: HostSessionOptions) {
		this.#options = options;
		this.#link = new MqttLink({
			...options.broker,
			urls: [options.url],
			clock: options.clock,
			will: () => this.#will(),
			onOpen: () => this.#opened(),
			onClose: (reason) => this.#closed(reason),
			onCertificates: (certificates) => options.certificates.seen(certificates),
			onTooLong: (topic, bytes) =>
				options.telemetry.messageRefused("length", {
					topic: topic.slice(0, 200),
					detail: `expected at most ${payloadBytesMax} bytes, found ${bytes}`,
				}),
			onMessage: (topic, payload, retained) => this.#received(topic, payload, retained),
		});
		this.#owners = new HostIdWatch(options.ownSessions);
	}

	get connected(): boolean {
		return this.#isOnline && this.#link.connected;
	}

	start(): void {
		const { clock } = this.#options;
		this.#stopRepeating = every(clock, stateEveryMs, () => {
			if (this.connected) this.#publishState(true, this.#sessionMs);
		});
		this.#stopListening = every(clock, listenEveryMs, () => this.#decide());
		this.#link.start();
	}

	/** The death carries the present time and goes out before DISCONNECT [tck-id-operational-behavior-host-application-disconnect-intentional]. */
	async stop(): Promise<void> {
		this.#stopRepeating();
		this.#stopListening();
		if (this.#isOnline) this.#publishState(false, this.#options.clock.wallMs());
		this.#isOnline = false;
		// The broker sends us our own death; it must not be answered as a late will.
		if (this.#stage === "serving") this.#stage = "stopped";
		await this.#link.stop();
	}

	/** A command, QoS 0 and not retained [tck-id-topics-ncmd-mqtt]; without a connection it is gone. */
	send(topic: string, payload: Buffer): void {
		if (this.#stage === "serving") this.#link.send({ topic, payload, qos: 0, retain: false });
	}

	/** Goes on from listening to serving, or gives way. */
	#decide(): void {
		const decision = this.#owners.decision(this.#options.clock.monotonicMs());
		if (decision === "taken" && this.#stage !== "taken") {
			this.#stage = "taken";
			this.#stopListening();
			this.#options.onTaken();
		} else if (decision === "go" && this.#stage === "listening") {
			this.#stage = "serving";
			this.#stopListening();
			if (this.#link.connected) this.#serve().catch((error: unknown) => this.#link.drop(errorText(error)));
		}
	}

	/**
	 * There is one while it listens, too, for every CONNECT of a host has one [tck-id-host-topic-phid-death-required]. Should it
	 * become true beside a living owner of the id, that one contradicts it at once.
	 */
	async #will() {
		this.#sessionMs = this.#options.clock.wallMs();
		this.#options.ownSessions.began(this.#sessionMs);
		const payload = encodeHostState({ online: false, timestampMs: this.#sessionMs });
		return { topic: stateTopic(this.#options.host), payload, qos: 1 as const, retain: true };
	}

	async #opened(): Promise<void> {
		await this.#link.subscribe([stateTopic(this.#options.host)]);
		if (this.#stage === "serving") await this.#serve();
		else this.#owners.subscribed(this.#options.clock.monotonicMs());
	}

	/** Subscribe first, then say online [tck-id-host-topic-phid-birth-message]. */
	async #serve(): Promise<void> {
		const { groups, telemetry, url } = this.#options;
		telemetry.brokerConnected({ broker: url });
		await this.#link.subscribe(groups.map(groupFilter));
		this.#isOnline = true;
		this.#publishState(true, this.#sessionMs);
	}

	#closed(reason: string): void {
		this.#isOnline = false;
		this.#owners.closed();
		this.#options.onLost();
		this.#options.telemetry.brokerLost({ broker: this.#options.url, reason });
	}

	#publishState(online: boolean, timestampMs: number): void {
		if (this.#stage !== "serving") return;
		this.#link.send({
			topic: stateTopic(this.#options.host),
			payload: encodeHostState({ online, timestampMs }),
			qos: 1,
			retain: true,
		});
	}

	#received(topic: string, payload: Buffer, retained: boolean): Promise<void> | undefined {
		const parsed = parseTopic(topic);
		if (parsed?.kind !== "state") return this.#options.onMessage(topic, payload);
		this.#ownState(parsed.host, payload, retained);
		return undefined;
	}

	/** Our own late will must not stand [tck-id-operational-behavior-host-application-death-topic]. */
	#ownState(host: HostId, payload: Buffer, retained: boolean): void {
		const state = decodeHostState(payload);
		if (host !== this.#options.host || state === undefined) return;
		if (this.#stage === "listening") {
			this.#owners.state(state, retained, this.#options.clock.monotonicMs());
			this.#decide();
			return;
		}
		if (!retained) this.#owners.stateWhileOnline(state, this.#sessionMs);
		this.#decide();
		if (!state.online && this.connected) this.#publishState(true, this.#sessionMs);
	}
}
