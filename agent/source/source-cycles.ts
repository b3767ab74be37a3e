import type { GapCause } from "../../common/contract/gap.ts";
import type { SampleColumns } from "../../common/contract/samples.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import type { ServerConfig } from "../config.ts";
import type { Cycle, CycleSink, Recovered } from "../pipeline.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import type { Backfill, MissingOfTag } from "./backfill.ts";
import type { CycleBuilder } from "./cycle-builder.ts";
import { noCounts } from "./cycle-counts.ts";
import type { LeftOfDevice } from "./left-source.ts";
import { PlantTimes } from "./plant-times.ts";
import { PolledThrough } from "./polled-through.ts";
import type { PollRound } from "./poller.ts";
import type { ServerTuning } from "./server-tuning.ts";
import { overflowHole, SourceHoles } from "./source-holes.ts";
import { implausibleAfterMs } from "./source-times.ts";

export interface SourceCyclesOptions {
	readonly server: ServerConfig;
	readonly builders: ReadonlyMap<string, CycleBuilder>;
	readonly sink: CycleSink;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
	readonly tuning: ServerTuning;
	readonly backfill: Backfill;
	/** The largest sampling interval of a device's subscribed tags; undefined when it has none. */
	readonly slowestMs: (device: string) => number | undefined;
	/** The poll intervals of a device's tags. */
	readonly pollIntervals: (device: string) => ReadonlySet<number>;
	/** Tags of which the server says that there is no such node. */
	readonly onGone: (tagIds: readonly number[]) => void;
	readonly nameOf: (tagId: number) => string | undefined;
	/** Values since the last call that had no source time. */
	readonly takeTimesMissing: () => number;
}

/** Makes cycles of what was gathered, says how far each device is complete, and writes down what is missing between. */
export class SourceCycles {
	readonly #options: SourceCyclesOptions;
	readonly times: PlantTimes;
	readonly #polledThrough = new PolledThrough();
	readonly #holes = new SourceHoles();
	/** A part of a publish cycle has come, and the rest of it has not. */
	#isHalf = false;
	/** Monotonic time of the last whole publish cycle, also one without values. */
	finishedMs = Number.NEGATIVE_INFINITY;

	constructor(options: SourceCyclesOptions) {
		this.#options = options;
		this.times = new PlantTimes({
			...{ ...options, server: options.server.name },
			hasHole: (device) => this.#holes.has(device),
		});
	}

	/** A device is read from here on, after what another source of this run, or an earlier run, has left of it. */
	begin(builder: CycleBuilder, left: LeftOfDevice | Recovered): void {
		if ("newestMs" in left) {
			builder.takeOver(left);
			this.#missedBy(builder, left.holeFromMs, left.cause);
			return;
		}
		const stoppedMs = left.throughMs.get(builder.device);
		builder.resume(stoppedMs, left.samples);
		if (stoppedMs !== undefined) this.#missedBy(builder, stoppedMs, "agent_down");
	}

	/** A device is read here no more; what the next one has to know of it. `cause`: why, unless it had a hole already. */
	leave(builder: CycleBuilder, cause: GapCause): LeftOfDevice {
		const hole = this.#holes.forget(builder.device);
		const left = builder.left();
		const holeFromMs = hole?.fromMs ?? left.throughMs ?? left.newestMs;
		return { ...left, holeFromMs, cause: hole?.cause ?? cause };
	}

	#missedBy(builder: CycleBuilder, fromMs: number, cause: GapCause): void {
		this.#holes.open(builder.device, fromMs, cause, () => builder.noteMissing());
	}

	/** A part of a publish cycle was gathered. */
	gathered(): void {
		this.#isHalf = true;
	}

	/** A publish cycle is whole; `publishMs` is the server's time of it, when it can be known. */
	finish(publishMs: number | undefined): void {
		if (publishMs !== undefined) this.times.published(publishMs);
		this.#isHalf = false;
		this.finishedMs = this.#options.clock.monotonicMs();
		this.#finish(this.#options.builders.values(), publishMs);
	}

	/** All tags of a poll interval were read. */
	polled({ intervalMs, startedMs, samples }: PollRound): void {
		const { builders } = this.#options;
		const mine: CycleBuilder[] = [];
		for (const [device, read] of samples) {
			const builder = builders.get(device);
			if (builder === undefined) continue;
			mine.push(builder);
			this.#polledThrough.polled(device, intervalMs, startedMs);
			const into = builder.samples;
			into.reserve(into.count + read.count);
			for (let index = 0; index < read.count; index++) into.copyFrom(read, index);
		}
		// Half a publish cycle would look like a whole one; what was polled goes with it.
		if (!this.#isHalf) this.#finish(mine, undefined);
	}

	/** Present values that were read of tags that were silent for too long. */
	takeRead(builder: CycleBuilder, read: SampleColumns): void {
		const cycle = builder.takeRead(read, this.#options.clock.monotonicMs(), this.times.serverMs);
		if (cycle === undefined) return;
		const { telemetry, server, sink } = this.#options;
		telemetry.samplesReceived(server.name, cycle.samples.count, 0, 0);
		sink.cycle(cycle);
	}

	#finish(builders: Iterable<CycleBuilder>, publishMs: number | undefined): void {
		const { server, telemetry, sink, clock, onGone, slowestMs, takeTimesMissing } = this.#options;
		const counts = noCounts();
		const nowMs = clock.monotonicMs();
		const serverMs = publishMs ?? this.times.serverMs;
		let overflows = 0;
		for (const builder of builders) {
			counts.overflowed.length = 0;
			const slowest = slowestMs(builder.device);
			const throughMs = this.#throughMs(builder.device, publishMs, slowest);
			const cycle = builder.finish(throughMs, counts, nowMs, slowest, serverMs);
			if (cycle !== undefined) this.#take(cycle, counts.overflowed, serverMs + implausibleAfterMs);
			overflows += counts.overflowed.length;
			const same = builder.stillSame(nowMs);
			if (same !== undefined) sink.cycle(same);
		}
		telemetry.samplesReceived(server.name, counts.samples, counts.notGood, counts.repeats);
		if (counts.leftOut > 0) telemetry.sampling.samplesLeftOut(server.name, counts.leftOut);
		if (overflows > 0) telemetry.serverOverflowed(server.name, overflows);
		this.times.counted(counts, takeTimesMissing());
		if (counts.gone.length > 0) onGone(counts.gone);
	}

	/**
	 * Up to this time a device is complete as far as the server's clock says: what was sampled before the publish time less
	 * the slowest tag's sampling interval has come, and of a polled tag what it had when the last round began.
	 */
	#throughMs(device: string, publishMs: number | undefined, slowest: number | undefined): number | undefined {
		const { tuning, pollIntervals } = this.#options;
		const intervals = pollIntervals(device);
		const subscribedMs =
			slowest === undefined
				? Number.POSITIVE_INFINITY
				: publishMs === undefined
					? undefined
					: publishMs - slowest;
		const polledMs =
			intervals.size === 0 ? Number.POSITIVE_INFINITY : this.#polledThrough.of(device, intervals);
		if (subscribedMs === undefined || polledMs === undefined) return undefined;
		const leastMs = Math.min(subscribedMs, polledMs);
		if (leastMs < Number.POSITIVE_INFINITY) return leastMs - tuning.latenessMs;
		// All of its tags are refused, or nothing of them is known.
		return publishMs === undefined ? undefined : publishMs - tuning.latenessMs;
	}

	/** A cycle of a device, after whatever is missing before it. */
	#take(cycle: Cycle, overflowed: readonly MissingOfTag[], latestMs: number): void {
		const { sink, backfill, nameOf } = this.#options;
		const { device, samples } = cycle;
		const lost = overflowHole(device, overflowed, nameOf);
		for (const hole of [this.#holes.close(device, samples, latestMs), lost]) {
			if (hole === undefined) continue;
			sink.gap(hole.gap);
			const { missing } = hole;
			if (missing !== undefined) backfill.closed(hole.gap, () => missing.told());
		}
		sink.cycle(cycle);
	}

	/** What changes until the next first values is missed. */
	lost(cause: GapCause): void {
		this.times.reset();
		this.holesFrom(cause, () => true);
		for (const builder of this.#options.builders.values()) builder.called.itemsAnew();
		this.discard();
	}

	/** Half a cycle would look like a whole one. */
	discard(): void {
		this.#isHalf = false;
		for (const builder of this.#options.builders.values()) builder.discard();
	}

	/** From the newest sample of each of these devices on something is missed. */
	holesFrom(cause: GapCause, isOf: (device: string) => boolean): void {
		for (const builder of this.#options.builders.values())
			if (isOf(builder.device)) this.#missedBy(builder, builder.newestMs, cause);
	}

	/** Nothing is polled for a while: what the polled tags had meanwhile is missed. */
	pollingEnded(cause: GapCause): void {
		const { pollIntervals } = this.#options;
		this.#polledThrough.clear();
		this.holesFrom(cause, (device) => pollIntervals(device).size > 0);
	}
}
