import type { ClientSession } from "node-opcua";
import type { Datatype } from "../../common/contract/datatype.ts";
import type { Gap } from "../../common/contract/gap.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import { type Clock, pause } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { ServerConfig } from "../config.ts";
import type { CycleSink } from "../pipeline.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import { readHistory } from "./history-read.ts";
import type { ServerTuning } from "./server-tuning.ts";

/** A moment of source time to 100 ns. */
export interface SourceTime {
	readonly ms: number;
	readonly ticks: number;
}

/** What may be missing of a tag: everything between two times, of which both are known. */
export interface MissingOfTag {
	readonly tagId: number;
	readonly after: SourceTime;
	/** Undefined when nothing has come since: up to the end of the gap. */
	readonly before: SourceTime | undefined;
}

/** A tag as a server's history knows it. */
export interface HistoryTag {
	readonly name: string;
	/** Undefined for a tag whose history is not read: one of several in the values of its node. */
	readonly nodeId: string | undefined;
	readonly datatype: Datatype;
}

export interface BackfillOptions {
	/** Asked each time; `off`: what is missing stays a gap. */
	readonly order: () => "oldest_first" | "newest_first" | "off";
	readonly clock: Clock;
	readonly sink: CycleSink;
	/** A gap is done with: so many values were had, and so many tags have no history. */
	readonly onDone: (gap: Gap, values: number, tagsWithout: number) => void;
	/** A gap stays one because too many wait before it. */
	readonly onDropped?: ((gap: Gap) => void) | undefined;
	/** The history of a tag could not be read, again and again; it stays missing. */
	readonly onFailed: (gap: Gap, tag: string, reason: string) => void;
}

interface Job {
	readonly gap: Gap;
	/** When the first values after the gap had come, monotonic. */
	readonly closedMs: number;
	/** Asked when they have come for every tag. */
	readonly missing: () => readonly MissingOfTag[];
	tags?: { readonly tagId: number; after: SourceTime; readonly before: SourceTime | undefined }[];
	next: number;
	values: number;
	readonly without: string[];
	/** How many of them the server was asked for. */
	asked: number;
	/** Times that the server failed at the tag that is next. */
	failures: number;
}

/** Gaps that wait for their history; beyond it the oldest stays a gap. */
const jobsMax = 1_000;
/** The present value of every tag comes within this time after the first. */
const settleMs = 3_000;
/** Between two tags, so that a controller has time for its own work. */
const restMs = 20;
/** So many tags without any history, and none with it, are a server without it. */
const withoutMax = 20;
/** A server that had none is not asked for each queue that overflows; there may be two a second. */
const askOverflowAgainMs = 600_000;
/** So often a history that fails is tried; the next one waits behind it. */
const failuresMax = 3;

/**
 * Fills gaps from what the plant server has kept itself: one tag after the other, behind all present values. What it gives
 * is journaled like any other sample. A gap that is filled is said to be so; tags that stay missing are a gap of their
 * own. A job that a lost connection breaks goes on where it was.
 */
export class Backfill {
	readonly #options: BackfillOptions;
	#jobs: Job[] = [];
	#noHistoryUntilMs = Number.NEGATIVE_INFINITY;

	constructor(options: BackfillOptions) {
		this.#options = options;
	}

	/** Goes on with what another one has not done yet. */
	takeOver(other: Backfill): void {
		this.#jobs.push(...other.#jobs.splice(0));
	}

	/** A gap has ended; `missing` tells what it lacks, once every tag has told its present value. */
	closed(gap: Gap, missing: () => readonly MissingOfTag[]): void {
		const { clock, onDropped, order } = this.#options;
		const isOff = order() === "off";
		const closedMs = clock.monotonicMs();
		if (isOff || (gap.cause === "server_overflow" && closedMs < this.#noHistoryUntilMs)) {
			// Nobody notes any longer what it lacks.
			missing();
			return;
		}
		const dropped = this.#jobs.length >= jobsMax ? this.#jobs.shift() : undefined;
		if (dropped !== undefined) {
			dropped.missing();
			onDropped?.(dropped.gap);
		}
		this.#jobs.push({ gap, closedMs, missing, next: 0, values: 0, without: [], asked: 0, failures: 0 });
	}

	/**
	 * Works until nothing is due or the session is over.
	 * @throws Error when the service fails
	 */
	async run(
		session: ClientSession,
		tagOf: (tagId: number) => HistoryTag | undefined,
		over: AbortSignal,
	): Promise<void> {
		const { order, clock, sink, onDone } = this.#options;
		for (;;) {
			// Whatever waits stays a gap, as it is written down already.
			if (order() === "off") for (const { missing } of this.#jobs.splice(0)) missing();
			const due = this.#jobs.filter(({ closedMs }) => clock.monotonicMs() - closedMs >= settleMs);
			const job = order() === "oldest_first" ? due[0] : due.at(-1);
			if (job === undefined || over.aborted) return;
			await this.#fill(job, session, tagOf, over);
			if (over.aborted) return;
			const { gap, values, without, tags = [] } = job;
			if (without.length < tags.length) {
				if (without.length > 0) sink.gap({ ...gap, tags: without });
				sink.gap({ ...gap, backfilled: true });
			}
			if (values === 0 && job.asked > 0 && without.length === tags.length)
				this.#noHistoryUntilMs = clock.monotonicMs() + askOverflowAgainMs;
			onDone(gap, values, without.length);
			this.#jobs = this.#jobs.filter((other) => other !== job);
		}
	}

	async #fill(
		job: Job,
		session: ClientSession,
		tagOf: (tagId: number) => HistoryTag | undefined,
		over: AbortSignal,
	): Promise<void> {
		const { clock, sink, onFailed } = this.#options;
		job.tags ??= job.missing().map((tag) => ({ ...tag }));
		for (; job.next < job.tags.length && !over.aborted; job.next++) {
			const tag = job.tags[job.next] as NonNullable<Job["tags"]>[number];
			const known = tagOf(tag.tagId);
			if (known === undefined) continue;
			const { name, nodeId, datatype } = known;
			if (nodeId === undefined) {
				job.without.push(name);
				continue;
			}
			const isHopeless = job.values === 0 && job.asked >= withoutMax;
			const question = { nodeId, datatype, tagId: tag.tagId, fromMs: tag.after.ms };
			const take = (read: SampleColumns) => {
				const samples = between(read, tag);
				if (samples.count === 0) return;
				const last = samples.count - 1;
				tag.after = {
					ms: samples.sourceMs[last] as number,
					ticks: samples.sourceRestTicks[last] as number,
				};
				job.values += samples.count;
				sink.cycle({ device: job.gap.device, samples, throughMs: undefined });
			};
			const toMs = tag.before?.ms ?? job.gap.toMs;
			let hasHistory = false;
			try {
				if (!isHopeless) hasHistory = await readHistory(session, { ...question, toMs }, clock.wallMs(), take);
			} catch (error) {
				if (over.aborted || ++job.failures < failuresMax) throw error;
				onFailed(job.gap, name, errorText(error).trim());
			}
			job.failures = 0;
			if (!hasHistory) {
				job.without.push(name);
				job.asked++;
			}
			if (!isHopeless) await pause(clock, restMs, over);
		}
	}
}

/** As the configuration of a server has it at any time. */
export function backfillOf(options: {
	readonly server: ServerConfig;
	readonly tuning: ServerTuning;
	readonly clock: Clock;
	readonly sink: CycleSink;
	readonly telemetry: AgentTelemetry;
}): Backfill {
	const { server, tuning, clock, sink, telemetry } = options;
	return new Backfill({
		...{ order: () => tuning.backfill, clock, sink },
		onDone: ({ device }, values, tagsWithout) =>
			telemetry.gapBackfilled({ server: server.name, device, values, tagsWithout }),
		onDropped: () => telemetry.backfillDropped(server.name),
		onFailed: ({ device }, tag, reason) =>
			telemetry.historyFailed({ server: server.name, tag: `${device}/${tag}`, reason }),
	});
}

/** The samples between two that are known. */
function between(
	samples: SampleColumns,
	{ after, before }: { readonly after: SourceTime; readonly before: SourceTime | undefined },
): SampleColumns {
	const some = new SampleColumns(samples.count);
	for (let index = 0; index < samples.count; index++) {
		const at = { ms: samples.sourceMs[index] as number, ticks: samples.sourceRestTicks[index] as number };
		if (compare(at, after) > 0 && (before === undefined || compare(at, before) < 0))
			some.copyFrom(samples, index);
	}
	return some;
}

function compare(a: SourceTime, b: SourceTime): number {
	return a.ms - b.ms || a.ticks - b.ticks;
}
