import type { Clock } from "../../common/runtime/clock.ts";
import type { CycleSink } from "../pipeline.ts";
import type { AgentTelemetry } from "../telemetry.ts";
import type { CycleBuilder } from "./cycle-builder.ts";
import type { CycleCounts } from "./cycle-counts.ts";
import { hasWithin, PlantClock } from "./plant-clock.ts";
import { ServerClock } from "./server-clock.ts";

export interface PlantTimesOptions {
	readonly server: string;
	readonly builders: ReadonlyMap<string, CycleBuilder>;
	/** Devices with a hole that has not ended yet. */
	readonly hasHole: (device: string) => boolean;
	readonly nameOf: (tagId: number) => string | undefined;
	readonly sink: CycleSink;
	readonly clock: Clock;
	readonly telemetry: AgentTelemetry;
}

/** So often the log names tags whose times are wrong, at most, and so many of them. */
const namedEveryMs = 60_000;
const namedMax = 10;

/** Three clocks of a plant server: its own against ours, a step of it, and the times that its sources give their values. */
export class PlantTimes {
	readonly #options: PlantTimesOptions;
	readonly #steps = new PlantClock();
	readonly #server = new ServerClock();
	readonly #wrong = new Set<number>();
	#namedMs = Number.NEGATIVE_INFINITY;

	constructor(options: PlantTimesOptions) {
		this.#options = options;
	}

	/** Milliseconds that the server's clock is ahead of ours; undefined before it has published. */
	get aheadMs(): number | undefined {
		return this.#server.aheadMs;
	}

	/** The server's time of its newest response, as far as it is known, and ours where it is not. */
	get serverMs(): number {
		return this.#server.serverMs ?? this.#options.clock.wallMs();
	}

	/** Tags whose source times are wrong at present. */
	get tagsWrong(): { future: number; frozen: number } {
		const all = { future: 0, frozen: 0 };
		for (const { tagsTimeWrong } of this.#options.builders.values()) {
			all.future += tagsTimeWrong.future;
			all.frozen += tagsTimeWrong.frozen;
		}
		return all;
	}

	/** A publish response, with the time in its header. */
	responded(serverMs: number | undefined): void {
		const { clock, server, telemetry } = this.#options;
		// 1601 is the time of servers that leave it out.
		if (serverMs === undefined || serverMs <= 0) return;
		const skewMs = this.#server.responded(serverMs, clock.wallMs(), clock.monotonicMs());
		telemetry.times.serverClockSeen(server, this.#server.aheadMs as number);
		if (skewMs !== undefined) telemetry.times.serverClockSkewed({ server, aheadMs: Math.round(skewMs) });
	}

	/** A new subscription: what was heard before it may be of another server behind the same address. */
	reset(): void {
		this.#steps.reset();
	}

	/** A publish cycle with data that the server says to have published at `publishMs`, before its samples are taken. */
	published(publishMs: number): void {
		const { server, sink, telemetry, clock, builders, hasHole } = this.#options;
		const step = this.#steps.published(publishMs, clock.monotonicMs());
		if (step === undefined) return;
		const all = [...builders.values()];
		if (all.some(({ samples }) => hasWithin(step, samples))) return;
		const { fromMs, toMs } = step;
		telemetry.times.serverClockSet({ server, byMs: toMs - fromMs });
		if (toMs < fromMs) return;
		for (const { device, isTimedByServer } of all) {
			if (!isTimedByServer || hasHole(device)) continue;
			sink.gap({ device, tags: [], fromMs, toMs, cause: "clock", backfilled: false });
		}
	}

	/** What a cycle has counted of source times; so many of its values had none. */
	counted({ fromFuture, timeFrozen, timeWrong }: CycleCounts, missing: number): void {
		if (fromFuture + timeFrozen + missing === 0) return;
		const { server, telemetry, nameOf, clock } = this.#options;
		telemetry.times.sourceTimesWrong(server, fromFuture, timeFrozen, missing);
		for (const tagId of timeWrong) if (this.#wrong.size < namedMax) this.#wrong.add(tagId);
		const nowMs = clock.monotonicMs();
		if (this.#wrong.size === 0 || nowMs - this.#namedMs < namedEveryMs) return;
		this.#namedMs = nowMs;
		const some = [...this.#wrong].flatMap((tagId) => nameOf(tagId) ?? []);
		this.#wrong.clear();
		telemetry.times.sourceTimesNamed({ server, some, ...this.tagsWrong });
	}
}
