import type { HostState } from "../../common/contract/state.ts";

/**
 * What a STATE message asks of this edge node: nothing, to be born, or to say NDEATH and go on to the next server.
 */
export type HostStateEffect = "none" | "birth" | "leave";

/**
 * The host applications as their STATE messages show them in the present MQTT session, one of them perhaps the primary
 * one: births wait for it, and nothing is published on a server where it is offline. Pure.
 */
export class KnownHosts {
	readonly primary: string | undefined;
	/** The greatest timestamp of each, and of the primary one's online messages. */
	readonly #times = new Map<string, number>();
	readonly #online = new Set<string>();

	constructor(primary: string | undefined) {
		this.primary = primary;
	}

	get online(): ReadonlySet<string> {
		return this.#online;
	}

	/** Whether births may be published [tck-id-message-flow-edge-node-birth-publish-phid-wait]. */
	get mayBeBorn(): boolean {
		return this.primary === undefined || this.#online.has(this.primary);
	}

	/** The MQTT session has ended: nothing is known any more, also no time. */
	closed(): void {
		this.#times.clear();
		this.#online.clear();
	}

	/**
	 * A STATE message. An older offline is a late will and says nothing
	 * [tck-id-operational-behavior-edge-node-termination-host-offline-timestamp]; neither does an older online of the primary
	 * host [tck-id-message-flow-edge-node-birth-publish-phid-wait-timestamp]. Of another host it is one whose clock went back.
	 */
	state(host: string, { online, timestampMs }: HostState): HostStateEffect {
		const isPrimary = host === this.primary;
		if ((isPrimary || !online) && timestampMs < (this.#times.get(host) ?? 0)) return "none";
		this.#times.set(host, timestampMs);
		if (online) this.#online.add(host);
		else this.#online.delete(host);
		if (!isPrimary) return "none";
		return online ? "birth" : "leave";
	}
}
