import { type Datatype, datatypes } from "../../common/contract/datatype.ts";
import type { SamplingConfig, ServerConfig } from "../config.ts";

const samplingKeys = [
	...(["sampling_interval_ms", "queue_size", "discard", "deadband", "longest_silence_s"] as const),
	...(["trigger", "polling"] as const),
] satisfies readonly (keyof SamplingConfig)[];

/** What a tag and its device have of their own, the tag's before the device's; undefined when both have nothing. */
export function ownSampling(
	device: SamplingConfig,
	tag: SamplingConfig | undefined,
): SamplingConfig | undefined {
	let own: Record<string, unknown> | undefined;
	for (const key of samplingKeys) {
		const value = tag?.[key] ?? device[key];
		if (value === undefined) continue;
		own ??= {};
		own[key] = value;
	}
	return own;
}

/** How a server is to take samples of a tag. Equal ones of one source are the same object. */
export interface Sampling {
	/** 0: every change; −1: the publishing interval. */
	readonly intervalMs: number;
	readonly queueSize: number;
	readonly discardOldest: boolean;
	readonly deadband: SamplingConfig["deadband"];
	readonly longestSilenceMs: number | undefined;
	readonly trigger: "status" | "status_value" | "status_value_timestamp";
	/** Undefined where the tag is subscribed to. */
	readonly pollMs: number | undefined;
}

/** Where every change comes, nobody knows how many there are. */
const everyChangeQueue = 1_000;
/** What is sampled while a lost connection is noticed and made anew. */
const queueCoversMs = 30_000;
const queueCoversPublishings = 4;
/** As the configuration has it for `polling`. */
const pollLeastMs = 50;
const queueLeast = 10;
const queueMost = 10_000;

/**
 * How many values the server keeps of a tag, where that is left to us: what is sampled in 30 s or in four publishing
 * intervals, whichever is longer, at least 10 and at most 10,000; 1,000 where every change is sampled.
 */
export function autoQueueSize(samplingIntervalMs: number, publishingIntervalMs: number): number {
	if (samplingIntervalMs === 0) return everyChangeQueue;
	const eachMs = samplingIntervalMs < 0 ? publishingIntervalMs : samplingIntervalMs;
	const coversMs = Math.max(queueCoversMs, queueCoversPublishings * publishingIntervalMs);
	return Math.min(queueMost, Math.max(queueLeast, Math.ceil(coversMs / eachMs)));
}

/** The settings of a server's tags: a tag's own and its device's before those of the server. */
export class SamplingRules {
	readonly #server: ServerConfig;
	readonly #known = new Map<string, Sampling>();

	constructor(server: ServerConfig) {
		this.#server = server;
	}

	/** How often tags are read where a server offers no subscriptions. */
	get pollElseMs(): number {
		return Math.max(pollLeastMs, this.#server.publishing_interval_ms);
	}

	/** `isWhole`: the values are the tag's alone; parts of lists and structures have no deadband. */
	of(own: SamplingConfig | undefined, datatype: Datatype, isWhole: boolean): Sampling {
		const isNumber = isWhole && isNumeric(datatype);
		const key = `${isNumber}${own === undefined ? "" : JSON.stringify(own)}`;
		let sampling = this.#known.get(key);
		if (sampling === undefined) {
			sampling = this.#resolve({ ...this.#server, ...own }, isNumber);
			this.#known.set(key, sampling);
		}
		return sampling;
	}

	#resolve(config: SamplingConfig, isNumber: boolean): Sampling {
		const { publishing_interval_ms: publishingMs } = this.#server;
		const { sampling_interval_ms: intervalMs = 0, queue_size = "auto", polling } = config;
		const trigger = config.trigger ?? "status_value_timestamp";
		const hasDeadband =
			isNumber && config.deadband !== undefined && config.deadband.width > 0 && trigger !== "status";
		return {
			intervalMs,
			queueSize: queue_size === "auto" ? autoQueueSize(intervalMs, publishingMs) : queue_size,
			discardOldest: config.discard !== "newest",
			deadband: hasDeadband ? config.deadband : undefined,
			longestSilenceMs: config.longest_silence_s === undefined ? undefined : config.longest_silence_s * 1_000,
			// With a deadband a new time alone is no sample (Part 4 §7.22.2).
			trigger: hasDeadband ? "status_value" : trigger,
			pollMs: polling === undefined || polling === "off" ? undefined : polling.interval_ms,
		};
	}
}

function isNumeric(datatype: Datatype): boolean {
	return datatype >= datatypes.Int8 && datatype <= datatypes.Double;
}

/**
 * What the agent leaves out itself, as a distance from the last value that was given: undefined nothing, 0 equal values,
 * infinite every value of the same status. A percentage of a range that nobody knows leaves out nothing.
 */
export function widthOf(
	{ deadband, trigger }: Sampling,
	{ low, high }: { readonly low?: number | undefined; readonly high?: number | undefined },
): number | undefined {
	if (trigger === "status") return Number.POSITIVE_INFINITY;
	if (deadband === undefined) return trigger === "status_value" ? 0 : undefined;
	if (deadband.kind === "absolute") return deadband.width;
	return low === undefined || high === undefined ? undefined : ((high - low) * deadband.width) / 100;
}
