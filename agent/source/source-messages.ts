import { DataChangeNotification, type NotificationMessage, StatusChangeNotification } from "node-opcua";
import type { Clock } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { ServerConfig } from "../config.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { takeBody } from "./data-change-body.ts";
import { DataChangeReader } from "./data-change-reader.ts";
import type { SourceCycles } from "./source-cycles.ts";
import type { SourceTags, Surplus, TagResolver } from "./source-tags.ts";

export interface SourceMessagesOptions {
	readonly server: ServerConfig;
	readonly tags: SourceTags;
	readonly cycles: SourceCycles;
	readonly resolver?: TagResolver | undefined;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
}

/** Takes messages of a subscription apart: values go to where their devices gather them. */
export class SourceMessages {
	readonly #options: SourceMessagesOptions;
	readonly #reader = new DataChangeReader();

	constructor(options: SourceMessagesOptions) {
		this.#options = options;
	}

	/** Values since the last call whose source gave no time. */
	takeTimesMissing(): number {
		return this.#reader.takeSourceTimesMissing();
	}

	/** @throws Error when the server has ended the subscription, or a message cannot be read */
	take(message: NotificationMessage): void {
		for (const data of message.notificationData ?? []) {
			if (data instanceof DataChangeNotification) this.#read(data);
			else if (data instanceof StatusChangeNotification && data.status.isBad())
				throw new Error(`the server ended the subscription: ${data.status.name}`);
		}
	}

	#read(notification: DataChangeNotification): void {
		const { clock, telemetry, cycles, tags } = this.#options;
		cycles.gathered();
		try {
			const body = takeBody(notification);
			if (body === undefined) throw new Error("expected the bytes of a notification, found none");
			const unknown = this.#reader.read(body, tags.targets, clock.wallMs());
			const surplus = tags.settle();
			if (surplus.length > 0) this.#hasSurplus(surplus);
			if (unknown > 0) telemetry.samplesRefused("unknown_handle", unknown);
		} catch (error) {
			// Half a cycle would look like a whole one; a new session has a hole where this one was.
			cycles.discard();
			throw new Error(`a notification could not be read: ${errorText(error)}`, { cause: error });
		}
	}

	/** Lists came with more elements than there are tags: counted, named, and the server is asked again. */
	#hasSurplus(surplus: readonly Surplus[]): void {
		const { server, telemetry, resolver } = this.#options;
		for (const { device, name, elements } of surplus)
			telemetry.elementsLeftOut({ server: server.name, tag: `${device}/${name}`, elements });
		resolver?.lookAgain();
	}
}
