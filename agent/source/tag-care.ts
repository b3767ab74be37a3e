import type { ClientSession } from "node-opcua";
import type { Clock } from "../../common/runtime/clock.ts";
import type { ServerConfig } from "../config.ts";
import type { CycleSink } from "../pipeline.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import type { CycleBuilder, SourceTag } from "./cycle-builder.ts";
import type { NodeIdOf } from "./plant-listener.ts";
import { QuietTags } from "./quiet-tags.ts";
import { TagRetries } from "./tag-retries.ts";
import { type NamedTag, partsOf, type RefusedTag, type TagList } from "./watched-tags.ts";

export interface TagCareOptions {
	readonly server: ServerConfig;
	/** Changes with its owner. */
	readonly tags: TagList;
	/** By tag id: its place in the list of tags, which is one for all tags of an item. */
	readonly places: ReadonlyMap<number, number>;
	readonly builders: ReadonlyMap<string, CycleBuilder>;
	readonly sink: CycleSink;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
	readonly sayBad: (tags: readonly SourceTag[], status: number) => void;
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
		this.#quiet = new QuietTags({ afterMs: options.server.verify_after_s * 1_000 });
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
		const { places, clock } = this.#options;
		for (const id of tagIds) {
			const place = places.get(id);
			if (place !== undefined && !this.#retries.has(place)) this.#retries.failed(place, clock.monotonicMs());
		}
	}

	/**
	 * Places of the tags that are to be asked for now, after a look at those of which nothing is heard.
	 * @throws Error when the service fails
	 */
	async due(session: ClientSession, nodeIdOf: NodeIdOf): Promise<readonly number[]> {
		const { places, tags, builders, clock, sink, sayBad } = this.#options;
		const nowMs = clock.monotonicMs();
		const nodeOf = (id: number) => {
			const place = places.get(id);
			const named = place === undefined ? undefined : tags[place];
			if (place === undefined || named === undefined || this.#retries.has(place)) return undefined;
			// A value that is several tags is not read: one by one they would be as many reads of it.
			const nodeId = named.parts === undefined ? nodeIdOf(place) : undefined;
			return nodeId === undefined ? undefined : { nodeId, datatype: named.tag.tag.datatype };
		};
		const times = { nowMs, wallMs: clock.wallMs() };
		for (const { tagId, status } of await this.#quiet.look(session, builders.values(), nodeOf, times)) {
			const place = places.get(tagId);
			const named = place === undefined ? undefined : tags[place];
			if (place === undefined || named === undefined) continue;
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
