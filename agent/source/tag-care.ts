import type { ClientSession } from "node-opcua";
import type { Clock } from "../../common/runtime/clock.ts";
import type { ServerConfig } from "../config.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import type { CycleBuilder, SourceTag } from "./cycle-builder.ts";
import type { NodeIdOf } from "./plant-session.ts";
import { QuietTags } from "./quiet-tags.ts";
import { TagRetries } from "./tag-retries.ts";
import type { NamedTag, RefusedTag } from "./watched-tags.ts";

export interface TagCareOptions {
	readonly server: ServerConfig;
	/** Grows and shrinks with its owner. */
	readonly tags: readonly NamedTag[];
	/** By tag id: its place in the list of tags. */
	readonly places: ReadonlyMap<number, number>;
	readonly builders: ReadonlyMap<string, CycleBuilder>;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
	readonly sayBad: (tag: SourceTag, status: number) => void;
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
		return this.#retries.size;
	}

	/** Every tag was asked for, and the server would not watch these. */
	watched(refused: readonly RefusedTag[]): void {
		const { server, telemetry, clock } = this.#options;
		this.#retries.clear();
		for (const { tag, statusName } of refused) {
			this.#retries.failed(this.#placeOf(tag), clock.monotonicMs());
			telemetry.tagRefused({ server: server.name, tag: nameOf(tag), status: statusName });
		}
	}

	/** These tags, by place, were asked for once more. */
	watchedAgain(places: readonly number[], refused: readonly RefusedTag[]): void {
		const { telemetry, server, clock, tags } = this.#options;
		const still = new Set(refused.map(({ tag }) => this.#placeOf(tag)));
		for (const place of places) {
			if (still.has(place)) {
				this.#retries.failed(place, clock.monotonicMs());
				continue;
			}
			this.#retries.succeeded(place);
			telemetry.tagWatched({ server: server.name, tag: nameOf((tags[place] as NamedTag).tag) });
		}
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
		const { places, tags, builders, clock, sayBad } = this.#options;
		const nowMs = clock.monotonicMs();
		const nodeIdOfTag = (id: number) => {
			const place = places.get(id);
			return place === undefined || this.#retries.has(place) ? undefined : nodeIdOf(place);
		};
		for (const { tagId, status } of await this.#quiet.look(session, builders.values(), nodeIdOfTag, nowMs)) {
			const place = places.get(tagId);
			if (place === undefined) continue;
			this.#retries.wanted(place, nowMs);
			if (status !== undefined) sayBad((tags[place] as NamedTag).tag, status);
		}
		return this.#retries.due(nowMs);
	}

	#placeOf({ tag }: SourceTag): number {
		return this.#options.places.get(tag.id) as number;
	}
}

function nameOf({ tag }: SourceTag): string {
	return `${tag.device}/${tag.name}`;
}
