import type { ClientSession, CreateMonitoredItemsResponse } from "node-opcua";
import type { SourceTag } from "./cycle-builder.ts";
import { ItemAnswers, type RevisedItems } from "./item-answers.ts";
import { ItemRequests } from "./item-requests.ts";
import { filterLevels, itemOf, lessFilter, requestedParameters } from "./monitored-item.ts";
import type { OperationLimits } from "./operation-limits.ts";
import type { Sampling } from "./sampling.ts";

/** A tag in its namespace, as a monitored item. */
export interface NamedTag {
	readonly namespace: string;
	readonly tag: SourceTag;
	/** Every tag in the item's values, where that is not `tag` alone. */
	readonly parts?: readonly SourceTag[] | undefined;
	readonly sampling: Sampling;
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
	/** Place in the list, counted from 1, is the client handle, and never another tag's. */
	readonly tags: TagList;
	readonly limits: OperationLimits;
	/** Of the present subscription, or of the one that is asked for. */
	readonly publishingMs: () => number;
	/** Whether a tag is read in intervals and not subscribed to. */
	readonly isPolled: (place: number) => boolean;
	/** The server takes so much of the item's filter; `status`: what it says of the rest. */
	readonly onFilter: (place: number, level: number, status: string | undefined) => void;
}

/** What the server was not told of yet. */
export interface TagsBehind {
	readonly added: readonly number[];
	readonly removed: readonly number[];
	/** Items of which samples are to be taken in another way. */
	readonly changed: readonly number[];
}

interface Item {
	readonly tag: NamedTag;
	readonly place: number;
}

/**
 * Has a server watch tags, as many in a call as it takes: its own limit is read, and halved when it is wrong. No object of
 * the library stands for an item, which at 20,000 of them would cost more memory than all of their values.
 */
export class WatchedTags {
	readonly #options: WatchedTagsOptions;
	readonly #requests: ItemRequests;
	/** By place in the list: the server's own id of the item; 0 when it does not watch the tag. */
	#itemIds = new Uint32Array(0);
	/** By place in the list: 1 where the present subscription was asked for the tag, and its owner knows the answer. */
	#asked = new Uint8Array(0);
	/** Places that the subscription was asked for without an answer: there may be items for them. */
	readonly #unanswered = new Set<number>();
	readonly #answers = new ItemAnswers();
	/** By device; empty when something has changed. */
	readonly #slowestMs = new Map<string, number>();

	constructor(options: WatchedTagsOptions) {
		this.#options = options;
		this.#requests = new ItemRequests(options.limits);
		this.#grow();
	}

	get tags(): TagList {
		return this.#options.tags;
	}

	/** A new subscription has no items. */
	forget(): void {
		this.#unanswered.clear();
		this.#answers.forget();
		this.#slowestMs.clear();
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
		const changed: number[] = [];
		for (const [place, named] of this.#options.tags.entries()) {
			const isAsked = this.#asked[place] === 1;
			const isWanted = named !== undefined && !this.#options.isPolled(place);
			if (isWanted && !isAsked) added.push(place);
			else if (!isWanted && isAsked) removed.push(place);
			else if (isWanted && (this.#itemIds[place] as number) > 0) {
				if (this.#answers.askedWith(place) !== named.sampling) changed.push(place);
			}
		}
		return { added, removed, changed };
	}

	/** The list has changed. */
	listChanged(): void {
		this.#slowestMs.clear();
	}

	/**
	 * The longest time that a change of one of a device's subscribed tags may take to the server's queue: the largest sampling
	 * interval, as the server has revised it. Undefined for a device without such tags.
	 */
	slowestMs(device: string): number | undefined {
		if (this.#slowestMs.size === 0) this.#findSlowest();
		return this.#slowestMs.get(device);
	}

	#findSlowest(): void {
		const { tags, publishingMs, isPolled } = this.#options;
		for (const [place, named] of tags.entries()) {
			if (named === undefined || isPolled(place)) continue;
			const { device } = named.tag.tag;
			const ms = this.#answers.intervalMs(place, named.sampling, publishingMs());
			if (ms > (this.#slowestMs.get(device) ?? -1)) this.#slowestMs.set(device, ms);
		}
	}

	/** How many items the server has revised, and the shortest of the queues that it has shortened. */
	revised(): RevisedItems & { readonly shortestQueue: number } {
		const revised = this.#answers.revised(this.#options.publishingMs());
		return { ...revised, shortestQueue: revised.queueSize > 0 ? this.#answers.shortestQueue() : 0 };
	}

	#grow(): void {
		const { length } = this.#options.tags;
		this.#answers.grow(length);
		if (length <= this.#itemIds.length) return;
		const [itemIds, asked] = [new Uint32Array(length), new Uint8Array(length)];
		itemIds.set(this.#itemIds);
		asked.set(this.#asked);
		[this.#itemIds, this.#asked] = [itemIds, asked];
	}

	/**
	 * Asks for these tags, by place in the list; passes over those that are there no more, or are polled. A filter that the
	 * server does not take is left out, in part at first. Returns those that the server would not watch.
	 * @throws Error when the service fails for another reason than being asked too much at once
	 */
	async watch(
		session: ClientSession,
		subscriptionId: number,
		prefixes: ReadonlyMap<string, string>,
		places: readonly number[],
	): Promise<RefusedTag[]> {
		this.#grow();
		this.#slowestMs.clear();
		const { tags, isPolled, limits } = this.#options;
		// Of this moment: the list may change between two requests.
		let items = places.flatMap((place): Item[] => {
			const tag = tags[place];
			return tag === undefined || isPolled(place) ? [] : [{ tag, place }];
		});
		if (limits.vendor?.filters === false)
			for (const { place } of items) this.#answers.takesFilter(place, filterLevels.none);
		const refused: RefusedTag[] = [];
		while (items.length > 0) {
			const again: Item[] = [];
			for (let from = 0; from < items.length; ) {
				const chunk = items.slice(from, from + this.#requests.most);
				for (const { place } of chunk) this.#unanswered.add(place);
				const wanted = chunk.map(({ tag: { namespace, tag, sampling }, place }) => {
					const nodeId = `${prefixes.get(namespace)}${tag.nodeId}`;
					return itemOf(sampling, nodeId, place + 1, this.#answers.filterLevel(place));
				});
				const results = await this.#requests.create(session, subscriptionId, wanted);
				for (const { place } of chunk) this.#unanswered.delete(place);
				// Too much at once: the same again in smaller parts.
				if (results === undefined) continue;
				for (const [index, item] of chunk.entries()) {
					const problem = this.#created(item, results[index] as (typeof results)[number]);
					if (problem === "again") again.push(item);
					else if (problem !== undefined) refused.push(problem);
				}
				from += chunk.length;
			}
			items = again;
		}
		return refused;
	}

	#created(
		{ tag: { sampling }, place }: Item,
		result: NonNullable<CreateMonitoredItemsResponse["results"]>[number],
	): RefusedTag | "again" | undefined {
		const { statusCode, monitoredItemId, revisedSamplingInterval, revisedQueueSize } = result;
		const level = this.#answers.filterLevel(place);
		this.#itemIds[place] = statusCode.isGood() ? monitoredItemId : 0;
		if (!statusCode.isGood()) {
			const less = lessFilter(statusCode.name, level, sampling);
			if (less === undefined) return { place, statusCode: statusCode.value, statusName: statusCode.name };
			this.#answers.takesFilter(place, less);
			this.#options.onFilter(place, less, statusCode.name);
			return "again";
		}
		this.#asked[place] = 1;
		this.#answers.answered(place, sampling, revisedSamplingInterval, revisedQueueSize);
		this.#options.onFilter(place, level, undefined);
		return undefined;
	}

	/**
	 * Has samples of items taken in another way; what their queues hold stays (Part 4 §5.12.3). Returns those, by place, that
	 * the server would not change.
	 * @throws Error when the service fails
	 */
	async modify(session: ClientSession, subscriptionId: number, places: readonly number[]): Promise<number[]> {
		const { tags, onFilter } = this.#options;
		this.#slowestMs.clear();
		const items = places.flatMap((place): Item[] => {
			const tag = tags[place];
			return tag === undefined ? [] : [{ tag, place }];
		});
		const refused: number[] = [];
		for (let from = 0; from < items.length; ) {
			const chunk = items.slice(from, from + this.#requests.most);
			const wanted = chunk.map(({ tag: { sampling }, place }) => ({
				monitoredItemId: this.#itemIds[place] as number,
				requestedParameters: requestedParameters(sampling, place + 1, this.#answers.filterLevel(place)),
			}));
			const results = await this.#requests.modify(session, subscriptionId, wanted);
			if (results === undefined) continue;
			for (const [index, { tag, place }] of chunk.entries()) {
				const { statusCode, revisedSamplingInterval, revisedQueueSize } = results[
					index
				] as (typeof results)[number];
				if (!statusCode.isGood()) {
					refused.push(place);
					continue;
				}
				this.#answers.answered(place, tag.sampling, revisedSamplingInterval, revisedQueueSize);
				onFilter(place, this.#answers.filterLevel(place), undefined);
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
		const items = await this.#requests.list(session, subscriptionId);
		const left = items.filter(({ clientHandle }) => this.#unanswered.has(clientHandle - 1));
		await this.#requests.delete(
			session,
			subscriptionId,
			left.map(({ id }) => id),
		);
		this.#unanswered.clear();
	}

	/** Has the server forget tags that are not read any more; every other item keeps its queue. @throws Error as `watchAnew` */
	async unwatch(session: ClientSession, subscriptionId: number, places: readonly number[]): Promise<void> {
		await this.#delete(session, subscriptionId, places);
		for (const place of places) {
			this.#itemIds[place] = 0;
			this.#asked[place] = 0;
			this.#answers.gone(place);
		}
		this.#slowestMs.clear();
	}

	async #delete(session: ClientSession, subscriptionId: number, places: readonly number[]): Promise<void> {
		const old = places.map((place) => this.#itemIds[place] ?? 0).filter((id) => id > 0);
		await this.#requests.delete(session, subscriptionId, old);
	}
}
