import { expect, onTestFinished, test } from "vitest";
import { rebuildJudgement } from "../../../collector/judgement-rebuild.ts";
import { LotBook } from "../../../collector/lots/lot-book.ts";
import type { Judgement, LotFacts } from "../../../collector/pipeline.ts";
import { judgeLot } from "../../../collector/quality/lot-verdict.ts";
import { readReplay } from "../../../collector/store/replay.ts";
import { judgeOf, soakWindow, specificationOf, stored, unit } from "../quality/told-story.ts";
import { beganMs, KnownStore } from "./known-store.ts";
import { askSealedToo } from "./sealed-store.ts";

const at = (second: number) => beganMs + second * 1_000;

/** A lot of one batch with a violation, a Bad value and a return within the limits; then the next lot begins. */
function fill(store: KnownStore): void {
	for (const tag of ["Batch", "Lot", "Recipe", "Phase"]) store.series(unit, tag, "String");
	store.series(unit, "T1", "Double");
	const say = (second: number, tag: string, value: string | number | null, status = 0) =>
		store.record(unit, [{ tag, atMs: at(second), value, status }]);
	const context = (second: number, batch: string, lot: string, phase: string) =>
		store.record(unit, [
			...[
				["Batch", batch] as const,
				["Lot", lot] as const,
				["Recipe", "R1"] as const,
				["Phase", phase] as const,
			].map(([tag, value]) => ({ tag, atMs: at(second), value })),
		]);
	context(0, "", "", "IDLE");
	context(10, "B1", "L1", "SOAK");
	for (let second = 11; second < 200; second++)
		say(second, "T1", second > 60 && second < 100 ? 12 + second / 100 : 5);
	say(200, "T1", null, 0x8031_0000);
	say(201, "T1", 5);
	context(260, "B1", "L1", "COOL");
	context(300, "B2", "L2", "SOAK");
	say(301, "T1", 5);
}

function factsOf(judgements: readonly Judgement[]): LotFacts {
	const { periods, occurrences } = stored(judgements);
	const visits = judgements.flatMap((judgement) => judgement.visits).filter(({ lot }) => lot === "L1");
	return {
		...{ lot: "L1", openedMs: at(10), closedMs: at(300), observedWhole: true, gaps: [] },
		periods: [...periods.values()].filter(({ lot }) => lot === "L1"),
		openOccurrences: [...occurrences.values()].filter(({ clearedMs }) => clearedMs === undefined).length,
		visits: [...new Set(visits.map(({ batch }) => batch))].map((batch) => ({ unit, batch })),
	};
}

test("a lot that is judged anew from hot, half sealed and sealed samples has the same facts and the same verdict", async () => {
	const store = new KnownStore();
	onTestFinished(() => store.remove());
	fill(store);
	const windows = [soakWindow()];
	const answer = await askSealedToo(store.file, store.path, async (db, rows) => {
		const judge = judgeOf(windows, new LotBook([unit]));
		const judgements: Judgement[] = [];
		await rebuildJudgement({
			reader: {
				replay: (afterSeq, records) => readReplay(db, rows, { afterSeq, records: Math.min(records, 37) }),
			},
			judge: {
				judge: (batch) => {
					const judgement = judge.judge(batch);
					judgements.push(judgement);
					return judgement;
				},
				keep: () => judge.keep(),
				load: (state) => judge.load(state),
			},
			opened: { cache: undefined, nextSeq: Number.MAX_SAFE_INTEGER },
			telemetry: { judgementRebuilt: () => undefined },
		});
		const facts = factsOf(judgements);
		return { facts, verdict: judgeLot(facts, specificationOf(windows), [unit], 1), state: judge.save() };
	});
	expect(answer.verdict).toMatchObject({ lot: "L1", verdict: "out", violations: 1 });
	expect(answer.facts.periods).toMatchObject([{ window: "soak", batch: "B1", violations: 1, badSamples: 1 }]);
});
