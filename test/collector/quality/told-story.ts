// A short way to write down what a unit tells, for tables of tests. Words are separated by blanks; times are seconds:
//
//   0:B1/L1/SOAK   batch, lot and phase at second 0       7=12    the value 12 at second 7
//   9:phase=IDLE   one of batch, lot, recipe, phase       7=bad   a value that is not Good
//   >20            Through: nothing is missing up to second 20

import type { Judgement, JudgePort, Occurrence, WindowPeriod } from "../../../collector/pipeline.ts";
import { LiveJudge, type LotPort } from "../../../collector/quality/live-judge.ts";
import type { Specification, SpecWindow } from "../../../collector/specification.ts";
import type { WindowLimits } from "../../../collector/window-limits.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";
import { specificationFrom, versionsOf, windowFrom } from "../specification-of.ts";

export const unit = "U500";
const contextTags = { batch: "Batch", lot: "Lot", recipe: "Recipe", phase: "Phase" };
const series = { batch: 1, lot: 2, recipe: 3, phase: 4, value: 5 };
const badStatus = 0x80310000;

export interface ToldSample {
	readonly series: number;
	readonly s: number;
	readonly value: SampleValue;
	readonly status?: number;
}
export type Told = ToldSample | { readonly throughS: number };

export function soakWindow(changes: Partial<SpecWindow> = {}): SpecWindow {
	const window = windowFrom({
		id: "soak",
		unit,
		tag: "T1",
		phases: ["SOAK"],
		eu: "degC",
		low: 0,
		high: 10,
		deadband: 1,
		on_delay_s: 10,
		off_delay_s: 5,
		blanking_s: 0,
		concerns: ["technical"],
		reaction: "look",
	});
	return { ...window, ...changes };
}

export function specificationOf(windows: SpecWindow[], version = 3): Specification {
	return { ...specificationFrom({ version }), windows };
}

const noLots: LotPort = { change: () => {}, save: () => null, load: () => {} };

export function judgeOf(windows: SpecWindow[], lots: LotPort = noLots, version = 3): LiveJudge {
	const judge = new LiveJudge({ versions: versionsOf(specificationOf(windows, version)), contextTags, lots });
	for (const [name, id] of Object.entries(series)) {
		const tag = name === "value" ? "T1" : contextTags[name as keyof typeof contextTags];
		judge.addSeries({ id, edgeNode: 1, device: unit, tag, datatype: 10, eu: undefined });
	}
	return judge;
}

export function told(story: string): Told[] {
	return story.split(/\s+/).flatMap((word): Told[] => {
		if (word.startsWith(">")) return [{ throughS: Number(word.slice(1)) }];
		const value = /^(-?[\d.]+)=(.*)$/.exec(word);
		if (value !== null) {
			const bad = value[2] === "bad";
			return [
				{
					series: series.value,
					s: Number(value[1]),
					value: bad ? null : Number(value[2]),
					status: bad ? badStatus : 0,
				},
			];
		}
		const [, at, what] = /^([\d.]+):(.*)$/.exec(word) ?? [];
		const named = /^(batch|lot|recipe|phase)=(.*)$/.exec(what ?? "");
		if (named !== null)
			return [{ series: series[named[1] as "batch"], s: Number(at), value: named[2] as string }];
		const [batch, lot, phase] = (what ?? "").split("/");
		return [
			{ series: series.batch, s: Number(at), value: batch ?? "" },
			{ series: series.lot, s: Number(at), value: lot ?? "" },
			{ series: series.phase, s: Number(at), value: phase ?? "" },
		];
	});
}

/** Each word is a record of its own. */
/** Everything that is told lies behind this. */
export const receivedMs = Date.UTC(2026, 0, 5);

export function batchOf(words: readonly Told[]): Parameters<JudgePort["judge"]>[0] {
	const samples = new SampleColumns(words.length);
	const records = words.map((word) => {
		const from = samples.count;
		if ("throughS" in word)
			return { device: unit, throughMs: word.throughS * 1_000, from, count: 0, receivedMs };
		const index = samples.count++;
		samples.tagId[index] = word.series;
		samples.sourceMs[index] = word.s * 1_000;
		samples.status[index] = word.status ?? 0;
		samples.setValue(index, word.value);
		return { device: unit, throughMs: undefined, from, count: 1, receivedMs };
	});
	return { records, samples };
}

/** What the store would hold after these judgements: the last word on each id. */
export function stored(judgements: readonly Pick<Judgement, "occurrences" | "periods" | "limits">[]) {
	return {
		occurrences: new Map<string, Occurrence>(
			judgements.flatMap(({ occurrences }) =>
				occurrences.map((occurrence) => [occurrence.id, { ...occurrence }]),
			),
		),
		periods: new Map<string, WindowPeriod>(
			judgements.flatMap(({ periods }) => periods.map((period) => [period.id, period])),
		),
		...storedLimits(judgements.flatMap(({ limits }) => limits)),
	};
}

/** The times that followers are told of, and each run's row as it stands in the end. */
function storedLimits(limits: readonly WindowLimits[]) {
	return {
		limits: new Map(limits.map(({ atMs: _atMs, ...row }) => [row.id, row])),
		limitTimes: new Set(limits.map(({ id, atMs }) => `${id} ${atMs}`)),
	};
}

/** `high 1→11 13 returned@20`: side, first outside, raised, extreme, how and when it ended. */
export function occurrenceText(occurrence: Occurrence): string {
	const { side, startedMs, raisedMs, extreme, clearedMs, clearedBy } = occurrence;
	const end = clearedMs === undefined ? "open" : `${clearedBy}@${clearedMs / 1_000}`;
	return `${side} ${startedMs / 1_000}→${raisedMs / 1_000} ${extreme} ${end}`;
}

/** `B1/L1 0–30 5 good 0 bad 1 out`. */
export function periodText(period: WindowPeriod): string {
	const { batch, lot, fromMs, toMs, goodSamples, badSamples, violations } = period;
	return `${batch}/${lot} ${fromMs / 1_000}–${toMs / 1_000} ${goodSamples} good ${badSamples} bad ${violations} out`;
}
