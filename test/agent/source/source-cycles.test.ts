import { pino } from "pino";
import { expect, test } from "vitest";
import type { ServerConfig } from "../../../agent/config.ts";
import type { CycleSink } from "../../../agent/pipeline.ts";
import { backfillOf } from "../../../agent/source/backfill.ts";
import { ServerTuning } from "../../../agent/source/server-tuning.ts";
import { SourceCycles } from "../../../agent/source/source-cycles.ts";
import { AgentTelemetry } from "../../../agent/telemetry.ts";
import type { Gap } from "../../../common/contract/gap.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { sourceConfig } from "../../integration/source-rig.ts";
import { add, builder, phase, temperature } from "./cycle-builder-rig.ts";

const latenessMs = 100;

/** One device; `slowestMs` and `intervals` are those of its tags. */
function cycles({ slowestMs, intervals = [] }: { slowestMs?: number; intervals?: number[] }) {
	const unit = builder("publish");
	const taken: { values: unknown[]; throughMs: number | undefined }[] = [];
	const gaps: Gap[] = [];
	const server = sourceConfig(4840, { server: { lateness_ms: latenessMs } }).servers[0] as ServerConfig;
	const tuning = new ServerTuning(server);
	const [clock, telemetry] = [new SteppedClock(), new AgentTelemetry(pino({ level: "silent" }))];
	const sink: CycleSink = {
		cycle: ({ samples, throughMs }) =>
			taken.push({
				values: Array.from({ length: samples.count }, (_, index) => samples.value(index)),
				throughMs,
			}),
		gap: (gap) => gaps.push(gap),
	};
	const made = new SourceCycles({
		...{ server, tuning, sink, clock, telemetry },
		builders: new Map([[unit.device, unit]]),
		backfill: backfillOf({ server, tuning, sink, clock, telemetry }),
		slowestMs: () => slowestMs,
		pollIntervals: () => new Set(intervals),
		onGone: () => undefined,
		nameOf: () => undefined,
		takeTimesMissing: () => 0,
	});
	const round = (intervalMs: number, startedMs: number, value: number) => {
		const samples = new SampleColumns(1);
		samples.count = 1;
		samples.tagId[0] = temperature;
		samples.sourceMs[0] = startedMs;
		samples.setValue(0, value);
		made.polled({ intervalMs, startedMs, samples: new Map([[unit.device, samples]]) });
	};
	return { made, unit, taken, gaps, round };
}

test("a device that is subscribed to is complete up to the publish time less its slowest tag and the lateness", () => {
	const { made, taken } = cycles({ slowestMs: 2_000 });
	made.finish(10_000);
	expect(taken).toEqual([{ values: [], throughMs: 7_900 }]);
});

test("a device that is polled is complete up to where its last round began, once every interval had one", () => {
	const { made, taken, round } = cycles({ intervals: [1_000, 5_000] });
	round(1_000, 10_000, 1);
	made.finish(11_000);
	round(5_000, 11_000, 2);
	round(1_000, 12_000, 3);
	expect(taken.map(({ throughMs }) => throughMs)).toEqual([undefined, 9_900, 10_900]);
});

test("of a device that is both, the earlier of the two counts, and it is known when a publish cycle ends", () => {
	const { made, taken, round } = cycles({ slowestMs: 0, intervals: [1_000] });
	made.finish(10_000);
	round(1_000, 10_500, 1);
	made.finish(10_600);
	made.finish(9_000);
	expect(taken.map(({ throughMs }) => throughMs)).toEqual([undefined, 10_400, 8_900]);
});

test("what is polled in the middle of a publish cycle goes with it, not before it", () => {
	const { made, unit, taken, round } = cycles({ slowestMs: 0, intervals: [1_000] });
	add(unit, phase, 9_000, "SOAK");
	made.gathered();
	round(1_000, 10_000, 1);
	expect(taken).toEqual([]);
	add(unit, phase, 9_500, "COOL");
	made.finish(10_500);
	expect(taken).toEqual([{ values: ["SOAK", "COOL", 1], throughMs: 9_900 }]);
});

test("when polling ends, what was between the last round and the next one is a gap; between two rounds there is none", () => {
	const { made, gaps, round } = cycles({ intervals: [1_000] });
	round(1_000, 10_000, 1);
	round(1_000, 11_000, 2);
	expect(gaps).toEqual([]);
	made.pollingEnded("server_unreachable");
	round(1_000, 20_000, 3);
	expect(gaps).toMatchObject([{ fromMs: 11_000, toMs: 20_000, cause: "server_unreachable" }]);
});
