import type { GapCause } from "../../common/contract/gap.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import type { Cycle, CycleSink, Recovered } from "../pipeline.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import type { Backfill } from "./backfill.ts";
import type { CycleBuilder, CycleCounts } from "./cycle-builder.ts";
import type { LeftOfDevice } from "./left-source.ts";
import { type ClockStep, hasWithin, PlantClock } from "./plant-clock.ts";
import { overflowGap, SourceHoles } from "./source-holes.ts";

export interface SourceCyclesOptions {
	readonly server: string;
	/** Changes with its owner. */
	readonly builders: ReadonlyMap<string, CycleBuilder>;
	readonly sink: CycleSink;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
	readonly backfill: Backfill | undefined;
	/** The server says of these tags, by id, that there is no such node. */
	readonly gone: (tagIds: readonly number[]) => void;
}

/** Hands over what the devices of a source have gathered, cycle by cycle, each after whatever is missing before it. */
export class SourceCycles {
	readonly #options: SourceCyclesOptions;
	readonly #plantClock = new PlantClock();
	readonly #holes = new SourceHoles();

	constructor(options: SourceCyclesOptions) {
		this.#options = options;
	}

	/** A publish cycle is complete; `throughMs`: up to which source time, for devices whose time is the server's. */
	finish(publishMs: number | undefined, throughMs: number | undefined): void {
		const { server, telemetry, sink, clock, builders } = this.#options;
		const step =
			publishMs === undefined ? undefined : this.#plantClock.published(publishMs, clock.monotonicMs());
		if (step !== undefined) this.#clockStepped(step);
		const counts: CycleCounts = { samples: 0, notGood: 0, repeats: 0, overflows: 0, gone: [] };
		const nowMs = clock.monotonicMs();
		for (const builder of builders.values()) {
			const beforeMs = builder.newestMs;
			const overflowsBefore = counts.overflows;
			const cycle = builder.finish(throughMs, counts, nowMs);
			if (cycle !== undefined) this.#take(builder, cycle, beforeMs, counts.overflows > overflowsBefore);
			const same = builder.stillSame(nowMs);
			if (same !== undefined) sink.cycle(same);
		}
		telemetry.samplesReceived(server, counts.samples, counts.notGood, counts.repeats);
		if (counts.overflows > 0) telemetry.serverOverflowed(server, counts.overflows);
		this.#options.gone(counts.gone);
	}

	/** A cycle of a device, after whatever is missing before it. */
	#take(builder: CycleBuilder, cycle: Cycle, beforeMs: number, hasOverflowed: boolean): void {
		const { sink, backfill } = this.#options;
		const hole = this.#holes.close(builder.device, cycle.samples);
		if (hole !== undefined) {
			sink.gap(hole.gap);
			const { missing } = hole;
			if (missing !== undefined) backfill?.closed(hole.gap, () => missing.told());
		}
		if (hasOverflowed) sink.gap(overflowGap(cycle, beforeMs, builder.newestMs));
		sink.cycle(cycle);
	}

	#clockStepped(step: ClockStep): void {
		const { server, sink, telemetry } = this.#options;
		const builders = [...this.#options.builders.values()];
		if (builders.some(({ samples }) => hasWithin(step, samples))) return;
		const { fromMs, toMs } = step;
		telemetry.serverClockSet({ server, byMs: toMs - fromMs });
		if (toMs < fromMs) return;
		for (const { device, isTimedByServer } of builders) {
			if (!isTimedByServer || this.#holes.has(device)) continue;
			sink.gap({ device, tags: [], fromMs, toMs, cause: "clock", backfilled: false });
		}
	}

	/** What changes until the next first values is missed. */
	subscriptionLost(): void {
		this.#plantClock.reset();
		this.missed("server_unreachable");
		for (const builder of this.#options.builders.values()) builder.discard();
	}

	/** From the newest sample of each device on. */
	missed(cause: GapCause): void {
		for (const builder of this.#options.builders.values()) this.#missedBy(builder, builder.newestMs, cause);
	}

	#missedBy(builder: CycleBuilder, fromMs: number, cause: GapCause): void {
		this.#holes.open(builder.device, fromMs, cause, () => builder.noteMissing());
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
}
