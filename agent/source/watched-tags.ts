import {
	AttributeIds,
	type ClientSession,
	CreateMonitoredItemsRequest,
	type CreateMonitoredItemsResponse,
	DataChangeFilter,
	DataChangeTrigger,
	DeadbandType,
	DeleteMonitoredItemsRequest,
	MonitoringMode,
	TimestampsToReturn,
} from "node-opcua";
import type { ServerConfig } from "../config.ts";
import type { SourceTag } from "./cycle-builder.ts";
import { ask, readAttributes, statusOf } from "./service.ts";

/** The items a server may be asked for in one call when it names no limit itself. */
const itemsPerCallDefault = 1_000;
const maxMonitoredItemsPerCallNode = "i=11714";
/** Of a call as a whole: the server could do a part of it. */
const tooMuchAtOnce: ReadonlySet<string> = new Set([
	"BadTooManyOperations",
	"BadRequestTooLarge",
	"BadResponseTooLarge",
	"BadEncodingLimitsExceeded",
	"BadTcpMessageTooLarge",
]);

/** A tag in the namespace that its device names. */
export interface NamedTag {
	readonly namespace: string;
	readonly tag: SourceTag;
}

/** A tag that the server would not watch, with its status. */
export interface RefusedTag {
	readonly tag: SourceTag;
	readonly statusCode: number;
	readonly statusName: string;
}

export interface WatchedTagsOptions {
	readonly server: ServerConfig;
	/** Place in the list, counted from 1, is the client handle. */
	readonly tags: readonly NamedTag[];
}

/**
 * Has a server watch tags, as many in a call as it takes: its own limit is read, and halved when it is wrong. No object of
 * the library stands for an item, which at 20,000 of them would cost more memory than all of their values.
 */
export class WatchedTags {
	readonly #options: WatchedTagsOptions;
	/** By place in the list: the server's own id of the item; 0 when it does not watch the tag. */
	readonly #itemIds: Uint32Array;
	#itemsPerCall = itemsPerCallDefault;

	constructor(options: WatchedTagsOptions) {
		this.#options = options;
		this.#itemIds = new Uint32Array(options.tags.length);
	}

	get tags(): readonly NamedTag[] {
		return this.#options.tags;
	}

	/**
	 * Asks for these tags, by place in the list. Returns those that the server would not watch.
	 * @throws Error when the service fails for another reason than being asked too much at once
	 */
	async watch(
		session: ClientSession,
		subscriptionId: number,
		prefixes: ReadonlyMap<string, string>,
		places: readonly number[],
	): Promise<RefusedTag[]> {
		const refused: RefusedTag[] = [];
		for (let from = 0; from < places.length; ) {
			const chunk = places.slice(from, from + this.#itemsPerCall);
			const results = await this.#create(session, subscriptionId, prefixes, chunk);
			// Too much at once: the same again in smaller parts.
			if (results === undefined) continue;
			for (const [index, place] of chunk.entries()) {
				const { statusCode, monitoredItemId } = results[index] as (typeof results)[number];
				this.#itemIds[place] = statusCode.isGood() ? monitoredItemId : 0;
				const { tag } = this.#options.tags[place] as NamedTag;
				if (!statusCode.isGood())
					refused.push({ tag, statusCode: statusCode.value, statusName: statusCode.name });
			}
			from += chunk.length;
		}
		return refused;
	}

	/** Asks anew for tags whose items are of no use any more. @throws Error as `watch` */
	async watchAnew(
		session: ClientSession,
		subscriptionId: number,
		prefixes: ReadonlyMap<string, string>,
		places: readonly number[],
	): Promise<RefusedTag[]> {
		const old = places.map((place) => this.#itemIds[place] as number).filter((id) => id > 0);
		for (let from = 0; from < old.length; from += this.#itemsPerCall) {
			const monitoredItemIds = old.slice(from, from + this.#itemsPerCall);
			const request = new DeleteMonitoredItemsRequest({ subscriptionId, monitoredItemIds });
			await ask(session, request).catch(() => undefined);
		}
		return this.watch(session, subscriptionId, prefixes, places);
	}

	/** The server's limit, read once for each session; none, or nonsense, is our own. */
	async readLimit(session: ClientSession): Promise<void> {
		const [limit] = await readAttributes(session, [maxMonitoredItemsPerCallNode], AttributeIds.Value);
		const value: unknown = limit?.value?.value;
		this.#itemsPerCall =
			typeof value === "number" && value > 0 ? Math.min(value, itemsPerCallDefault) : itemsPerCallDefault;
	}

	async #create(
		session: ClientSession,
		subscriptionId: number,
		prefixes: ReadonlyMap<string, string>,
		places: readonly number[],
	): Promise<NonNullable<CreateMonitoredItemsResponse["results"]> | undefined> {
		const { server, tags } = this.#options;
		const request = new CreateMonitoredItemsRequest({
			subscriptionId,
			timestampsToReturn: TimestampsToReturn.Both,
			itemsToCreate: places.map((place) => {
				const { namespace, tag } = tags[place] as NamedTag;
				return itemOf(server, `${prefixes.get(namespace)}${tag.nodeId}`, place + 1);
			}),
		});
		try {
			const { results } = await ask<CreateMonitoredItemsResponse>(session, request);
			if (results?.length === places.length) return results;
			throw new Error(`asked for ${places.length} items, answered for ${results?.length ?? 0}`);
		} catch (error) {
			if (places.length === 1 || !tooMuchAtOnce.has(statusOf(error) ?? "")) throw error;
			this.#itemsPerCall = Math.ceil(places.length / 2);
			return undefined;
		}
	}
}

function itemOf(server: ServerConfig, nodeId: string, clientHandle: number) {
	return {
		itemToMonitor: { nodeId, attributeId: AttributeIds.Value },
		monitoringMode: MonitoringMode.Reporting,
		requestedParameters: {
			clientHandle,
			samplingInterval: server.sampling_interval_ms,
			queueSize: server.queue_size,
			discardOldest: true,
			// A value that is written again with a new time is a new value: it proves that the sensor was read.
			filter: new DataChangeFilter({
				trigger: DataChangeTrigger.StatusValueTimestamp,
				deadbandType: DeadbandType.None,
				deadbandValue: 0,
			}),
		},
	};
}
