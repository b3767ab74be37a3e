import {
	AttributeIds,
	CallMethodRequest,
	CallRequest,
	type CallResponse,
	type ClientSession,
	CreateMonitoredItemsRequest,
	type CreateMonitoredItemsResponse,
	DataChangeFilter,
	DataChangeTrigger,
	DataType,
	DeadbandType,
	DeleteMonitoredItemsRequest,
	MonitoringMode,
	TimestampsToReturn,
	Variant,
} from "node-opcua";
import type { ServerConfig } from "../config.ts";
import type { SourceTag } from "./cycle-builder.ts";
import { isBroken } from "./left-session.ts";
import { ask, readAttributes, statusOf } from "./service.ts";

/** The items a server may be asked for in one call when it names no limit itself. */
const itemsPerCallDefault = 1_000;
const maxMonitoredItemsPerCallNode = "i=11714";
const serverNode = "i=2253";
const monitoredItemsNode = "i=11492";
/** Of a call as a whole: the server could do a part of it. */
const tooMuchAtOnce: ReadonlySet<string> = new Set([
	"BadTooManyOperations",
	"BadRequestTooLarge",
	"BadResponseTooLarge",
	"BadEncodingLimitsExceeded",
	"BadTcpMessageTooLarge",
]);

/** A tag in its namespace, as a monitored item. */
export interface NamedTag {
	readonly namespace: string;
	readonly tag: SourceTag;
	/** Every tag in the item's values, where that is not `tag` alone. */
	readonly parts?: readonly SourceTag[] | undefined;
}

/** What is read, by place: the list only grows, and a place is empty once its device has the tag no more. */
export type TagList = readonly (NamedTag | undefined)[];

/** Every tag in the values of an item. */
export function partsOf({ tag, parts }: NamedTag): readonly SourceTag[] {
	return parts ?? [tag];
}

/** A place in the list of tags that the server would not watch, with its status. */
export interface RefusedTag {
	readonly place: number;
	readonly statusCode: number;
	readonly statusName: string;
}

export interface WatchedTagsOptions {
	readonly server: ServerConfig;
	/** Place in the list, counted from 1, is the client handle, and never another tag's. */
	readonly tags: TagList;
}

/** What the server was not told of yet. */
export interface TagsBehind {
	readonly added: readonly number[];
	readonly removed: readonly number[];
}

/**
 * Has a server watch tags, as many in a call as it takes: its own limit is read, and halved when it is wrong. No object of
 * the library stands for an item, which at 20,000 of them would cost more memory than all of their values.
 */
export class WatchedTags {
	readonly #options: WatchedTagsOptions;
	/** By place in the list: the server's own id of the item; 0 when it does not watch the tag. */
	#itemIds = new Uint32Array(0);
	/** By place in the list: 1 where the present subscription was asked for the tag, and its owner knows the answer. */
	#asked = new Uint8Array(0);
	/** Places that the subscription was asked for without an answer: there may be items for them. */
	readonly #unanswered = new Set<number>();
	#itemsPerCall = itemsPerCallDefault;

	constructor(options: WatchedTagsOptions) {
		this.#options = options;
		this.#grow();
	}

	get tags(): TagList {
		return this.#options.tags;
	}

	/** A new subscription has no items. */
	forget(): void {
		this.#unanswered.clear();
		this.#itemIds.fill(0);
		this.#asked.fill(0);
	}

	/** Somebody sees to these from now on; before that they count as not asked for, should the session end on the way. */
	told(refused: readonly RefusedTag[]): void {
		for (const { place } of refused) this.#asked[place] = 1;
	}

	/** In what the subscription differs from the list. */
	behind(): TagsBehind {
		const added: number[] = [];
		const removed: number[] = [];
		for (const [place, named] of this.#options.tags.entries()) {
			const isAsked = this.#asked[place] === 1;
			if (named !== undefined && !isAsked) added.push(place);
			else if (named === undefined && isAsked) removed.push(place);
		}
		return { added, removed };
	}

	#grow(): void {
		const { length } = this.#options.tags;
		if (length <= this.#itemIds.length) return;
		const [itemIds, asked] = [new Uint32Array(length), new Uint8Array(length)];
		itemIds.set(this.#itemIds);
		asked.set(this.#asked);
		[this.#itemIds, this.#asked] = [itemIds, asked];
	}

	/**
	 * Asks for these tags, by place in the list; passes over those that are there no more. Returns those that the server
	 * would not watch.
	 * @throws Error when the service fails for another reason than being asked too much at once
	 */
	async watch(
		session: ClientSession,
		subscriptionId: number,
		prefixes: ReadonlyMap<string, string>,
		places: readonly number[],
	): Promise<RefusedTag[]> {
		this.#grow();
		const { tags } = this.#options;
		// Of this moment: the list may change between two requests.
		const items = places.flatMap((place) => {
			const tag = tags[place];
			return tag === undefined ? [] : [{ tag, place }];
		});
		const refused: RefusedTag[] = [];
		for (let from = 0; from < items.length; ) {
			const chunk = items.slice(from, from + this.#itemsPerCall);
			for (const { place } of chunk) this.#unanswered.add(place);
			const results = await this.#create(session, subscriptionId, prefixes, chunk);
			for (const { place } of chunk) this.#unanswered.delete(place);
			// Too much at once: the same again in smaller parts.
			if (results === undefined) continue;
			for (const [index, { place }] of chunk.entries()) {
				const { statusCode, monitoredItemId } = results[index] as (typeof results)[number];
				this.#itemIds[place] = statusCode.isGood() ? monitoredItemId : 0;
				if (statusCode.isGood()) this.#asked[place] = 1;
				else refused.push({ place, statusCode: statusCode.value, statusName: statusCode.name });
			}
			from += chunk.length;
		}
		return refused;
	}

	/** Asks anew for tags whose items are of no use any more. @throws Error as `watch`, and when the connection breaks */
	async watchAnew(
		session: ClientSession,
		subscriptionId: number,
		prefixes: ReadonlyMap<string, string>,
		places: readonly number[],
	): Promise<RefusedTag[]> {
		await this.#delete(session, subscriptionId, places);
		return this.watch(session, subscriptionId, prefixes, places);
	}

	/**
	 * Deletes items that were created by a request whose answer was lost with the connection, or each of their values would come
	 * twice; GetMonitoredItems, Part 5 §9.2. A server that cannot tell its items keeps them.
	 * @throws Error when the connection breaks
	 */
	async settle(session: ClientSession, subscriptionId: number): Promise<void> {
		if (this.#unanswered.size === 0) return;
		const inputArguments = [new Variant({ dataType: DataType.UInt32, value: subscriptionId })];
		const method = new CallMethodRequest({
			objectId: serverNode,
			methodId: monitoredItemsNode,
			inputArguments,
		});
		const request = new CallRequest({ methodsToCall: [method] });
		const { results } = await ask<CallResponse>(session, request);
		const [itemIds, handles] = (results?.[0]?.outputArguments ?? []).map(({ value }) => numbersOf(value));
		const left = itemIds?.filter((_, index) => this.#unanswered.has((handles?.[index] ?? 0) - 1));
		await this.#deleteItems(session, subscriptionId, left ?? []);
		this.#unanswered.clear();
	}

	/** Has the server forget tags that are not read any more; every other item keeps its queue. @throws Error as `watchAnew` */
	async unwatch(session: ClientSession, subscriptionId: number, places: readonly number[]): Promise<void> {
		await this.#delete(session, subscriptionId, places);
		for (const place of places) {
			this.#itemIds[place] = 0;
			this.#asked[place] = 0;
		}
	}

	async #delete(session: ClientSession, subscriptionId: number, places: readonly number[]): Promise<void> {
		const old = places.map((place) => this.#itemIds[place] ?? 0).filter((id) => id > 0);
		await this.#deleteItems(session, subscriptionId, old);
	}

	/** What the server says to it does not matter: an item that it no longer knows is gone as well. */
	async #deleteItems(session: ClientSession, subscriptionId: number, ids: readonly number[]): Promise<void> {
		for (let from = 0; from < ids.length; from += this.#itemsPerCall) {
			const monitoredItemIds = ids.slice(from, from + this.#itemsPerCall);
			const request = new DeleteMonitoredItemsRequest({ subscriptionId, monitoredItemIds });
			await ask(session, request).catch((error: unknown) => {
				if (isBroken(error)) throw error;
			});
		}
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
		items: readonly { readonly tag: NamedTag; readonly place: number }[],
	): Promise<NonNullable<CreateMonitoredItemsResponse["results"]> | undefined> {
		const { server } = this.#options;
		const request = new CreateMonitoredItemsRequest({
			subscriptionId,
			timestampsToReturn: TimestampsToReturn.Both,
			itemsToCreate: items.map(({ tag: { namespace, tag }, place }) =>
				itemOf(server, `${prefixes.get(namespace)}${tag.nodeId}`, place + 1),
			),
		});
		try {
			const { results } = await ask<CreateMonitoredItemsResponse>(session, request);
			if (results?.length === items.length) return results;
			throw new Error(`asked for ${items.length} items, answered for ${results?.length ?? 0}`);
		} catch (error) {
			if (items.length === 1 || !tooMuchAtOnce.has(statusOf(error) ?? "")) throw error;
			this.#itemsPerCall = Math.ceil(items.length / 2);
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

function numbersOf(value: unknown): number[] {
	return value instanceof Uint32Array || Array.isArray(value) ? Array.from(value as ArrayLike<number>) : [];
}
