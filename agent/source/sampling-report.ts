import type { ServerConfig } from "../config.ts";
import type { SourceState } from "../pipeline.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { filterLevels } from "./monitored-item.ts";
import type { SourceTags } from "./source-tags.ts";
import type { WatchedTags } from "./watched-tags.ts";

export interface SamplingReportOptions {
	readonly server: ServerConfig;
	readonly telemetry: AgentTelemetry;
	readonly tags: SourceTags;
}

/**
 * What servers make of how samples are to be taken: has the agent see to what they do not filter, and tells of it once for
 * each reason.
 */
export class SamplingReport {
	readonly #options: SamplingReportOptions;
	/** Places whose deadband or trigger is the agent's matter. */
	readonly #here = new Set<number>();
	readonly #told = new Set<string>();
	/** By reason, since the last report. */
	readonly #fresh = new Map<string, string[]>();

	#state: Pick<SourceState, "itemsRevised" | "deadbandsInAgent"> = {};

	constructor(options: SamplingReportOptions) {
		this.#options = options;
	}

	/** The server takes so much of an item's filter; `status`: what it said of more. */
	answered(place: number, level: number, status: string | undefined): void {
		const { tags } = this.#options;
		const isKnown = tags.setFilter(place, level);
		if (level === filterLevels.whole) this.#here.delete(place);
		else this.#here.add(place);
		if (status !== undefined) this.#note(status, place);
		if (!isKnown)
			this.#note("the deadband is a percentage of a range that nobody knows: nothing is left out", place);
	}

	#note(reason: string, place: number): void {
		if (this.#told.has(reason)) return;
		const tag = this.#options.tags.list[place]?.tag.tag;
		if (tag === undefined) return;
		const names = this.#fresh.get(reason);
		if (names === undefined) this.#fresh.set(reason, [`${tag.device}/${tag.name}`]);
		else names.push(`${tag.device}/${tag.name}`);
	}

	/** All of a turn were answered. */
	report(watched: WatchedTags): void {
		const { telemetry, server, tags } = this.#options;
		for (const [reason, names] of this.#fresh) {
			this.#told.add(reason);
			telemetry.sampling.filterRefused({
				...{ server: server.name, reason, tags: names.length },
				first: names.slice(0, 5),
			});
		}
		this.#fresh.clear();
		const { samplingInterval, queueSize, shortestQueue } = watched.revised();
		const deadbandsInAgent = [...this.#here].filter((place) => tags.list[place] !== undefined).length;
		this.#state = { itemsRevised: { samplingInterval, queueSize }, deadbandsInAgent };
		telemetry.sampling.deadbandsInAgent(server.name, deadbandsInAgent);
		telemetry.sampling.itemsRevised(server.name, { samplingInterval, queueSize, shortestQueue });
	}

	/** As it was at the last report, because the state is asked for often. */
	get state(): Pick<SourceState, "tagsPolled" | "itemsRevised" | "deadbandsInAgent"> {
		return { ...this.#state, tagsPolled: this.#options.tags.polled };
	}
}
