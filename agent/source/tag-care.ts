import type { ClientSession } from "node-opcua";
import type { SampleColumns } from "../../common/contract/samples.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import type { ServerConfig } from "../config.ts";
import type { CycleSink } from "../pipeline.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import type { CycleBuilder, SourceTag } from "./cycle-builder.ts";
import type { NodeIdOf } from "./plant-listener.ts";
import type { PresentValues } from "./present-values.ts";
import { QuietTags, type ReadTag } from "./quiet-tags.ts";
import type { ServerTuning } from "./server-tuning.ts";
import { TagRetries } from "./tag-retries.ts";
import { type NamedTag, partsOf, type RefusedTag, type TagList } from "./watched-tags.ts";

export interface TagCareOptions {
	readonly server: ServerConfig;
	readonly tuning: ServerTuning;
	/** Changes with its owner. */
	readonly tags: TagList;
	/** By tag id: its place in the list of tags, which is one for all tags of an item. */
	readonly places: ReadonlyMap<number, number>;
	readonly builders: ReadonlyMap<string, CycleBuilder>;
	readonly sink: CycleSink;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
	/** The largest sampling interval of a device's subscribed tags; undefined when it has none. */
	readonly slowestMs: (device: string) => number | undefined;
	/** Monotonic time at which the server's subscription was heard of last. */
	readonly publishedMs: () => number;
	readonly sayBad: (tags: readonly SourceTag[], status: number) => void;
	readonly values: PresentValues;
	/** By place: tags that are read in intervals need no care. */
	readonly isPolled: (place: number) => boolean;
	/** Present values of tags of one device. */
	readonly take: (builder: CycleBuilder, read: SampleColumns) => void;
}

/**
 * Sees to tags one by one: those that the server would not watch, those whose node is gone, and those of which nothing is
 * heard. None of them holds anything else up.
 */
export class TagCare {
	readonly #options: TagCareOptions;
	readonly #retries = new TagRetries();
	readonly #quiet: QuietTags;

	constructor(options: TagCareOptions) {
		this.#options = options;
		const { server, tuning, clock, values, telemetry, slowestMs, publishedMs } = options;
		this.#quiet = new QuietTags({
			...{ afterMs: () => tuning.verifyAfterMs, clock, values, publishedMs, take: options.take },
			publishingMs: server.publishing_interval_ms,
			slowestMs: (device) => slowestMs(device) ?? 0,
			onMany: () => telemetry.sampling.silentTagsWaited(server.name),
		});
	}

	/** How many tags the server does not watch at present. */
	get refused(): number {
		const { tags } = this.#options;
		let refused = 0;
		for (const place of this.#retries.places()) {
			const named = tags[place];
			if (named !== undefined) refused += partsOf(named).length;
		}
		return refused;
	}

	/** Every tag was asked for, and the server would not watch these. */
	watched(refused: readonly RefusedTag[]): void {
		this.#retries.clear();
		this.watchedFurther(refused);
	}

	/** Tags were asked for that the server was not asked for before, and it would not watch these. */
	watchedFurther(refused: readonly RefusedTag[]): void {
		const { server, telemetry, clock, tags } = this.#options;
		for (const { place, statusName } of refused) {
			const named = tags[place];
			if (named === undefined) continue;
			this.#retries.failed(place, clock.monotonicMs());
			telemetry.tagRefused({ server: server.name, tag: nameOf(named), status: statusName });
		}
	}

	/** These tags, by place, were asked for once more. */
	watchedAgain(places: readonly number[], refused: readonly RefusedTag[]): void {
		const { telemetry, server, clock, tags } = this.#options;
		const still = new Set(refused.map(({ place }) => place));
		for (const place of places) {
			const named = tags[place];
			if (named === undefined) continue;
			if (still.has(place)) {
				this.#retries.failed(place, clock.monotonicMs());
				continue;
			}
			this.#retries.succeeded(place);
			telemetry.tagWatched({ server: server.name, tag: nameOf(named) });
		}
	}

	/** These places are empty from now on. */
	left(places: readonly number[]): void {
		for (const place of places) this.#retries.succeeded(place);
	}

	/** The server says of these tags that there is no such node. */
	gone(tagIds: readonly number[]): void {
		const { places, clock, isPolled } = this.#options;
		for (const id of tagIds) {
			const place = places.get(id);
			if (place === undefined || isPolled(place)) continue;
			if (!this.#retries.has(place)) this.#retries.failed(place, clock.monotonicMs());
		}
	}

	/**
	 * Places of the tags that are to be asked for now, after a look at those of which nothing is heard.
	 * @throws Error when the service fails
	 */
	async due(session: ClientSession, nodeIdOf: NodeIdOf): Promise<readonly number[]> {
		const { places, tags, builders, clock, sink, sayBad, isPolled } = this.#options;
		const nowMs = clock.monotonicMs();
		const known = (id: number): ReadTag | undefined => {
			const place = places.get(id);
			if (place === undefined || this.#retries.has(place) || isPolled(place)) return undefined;
			const named = tags[place];
			const nodeId = nodeIdOf(place);
			// A value that is several tags is not read: one by one they would be as many reads of it.
			if (named === undefined || named.parts !== undefined || nodeId === undefined) return undefined;
			return { tag: named.tag.tag, nodeId };
		};
		const gone = await this.#quiet.readSilent(session, builders.values(), known);
		const lost = await this.#quiet.look(session, builders.values(), known, nowMs);
		for (const { tagId, status } of [...gone, ...lost]) {
			const place = places.get(tagId);
			const named = place === undefined ? undefined : tags[place];
			// A tag that is polled has its value from the next round.
			if (place === undefined || named === undefined || isPolled(place)) continue;
			this.#retries.wanted(place, nowMs);
			if (status !== undefined) sayBad(partsOf(named), status);
		}
		for (const builder of builders.values()) {
			const same = builder.stillSame(nowMs);
			if (same !== undefined) sink.cycle(same);
		}
		return this.#retries.due(nowMs);
	}
}

function nameOf({ tag: { tag } }: NamedTag): string {
	return `${tag.device}/${tag.name}`;
}
