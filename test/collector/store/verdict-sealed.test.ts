import { expect, onTestFinished, test } from "vitest";
import { rebuildJudgement } from "../../../collector/judgement-rebuild.ts";
import { bookedLot, LotBook } from "../../../collector/lots/lot-book.ts";
import { judgeLine, readEvidence } from "../../../collector/quality/final/judge-stored.ts";
import { readContext, readLotSamples, readStoredLot } from "../../../collector/store/lot-evidence.ts";
import { readReplay } from "../../../collector/store/replay.ts";
import { judgeOf, soakWindow, specificationOf, unit } from "../quality/told-story.ts";
import { versionsOf } from "../specification-of.ts";
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

test("a lot that is judged anew from hot, half sealed and sealed samples has the same verdict and the same live state", async () => {
	const store = new KnownStore();
	onTestFinished(() => store.remove());
	fill(store);
	store.commit({ lots: [{ lot: "L1", openedMs: at(10), closedMs: at(300), observedWhole: false }] });
	const windows = [soakWindow()];
	const versions = versionsOf(specificationOf(windows));
	const answer = await askSealedToo(store.file, store.path, async (db, rows) => {
		const judge = judgeOf(windows, new LotBook([unit]));
		await rebuildJudgement({
			reader: {
				replay: (afterSeq, records) => readReplay(db, rows, { afterSeq, records: Math.min(records, 37) }),
			},
			judge,
			opened: { cache: undefined, nextSeq: Number.MAX_SAFE_INTEGER },
			telemetry: { judgementRebuilt: () => undefined },
		});
		const lots = {
			evidence: {
				storedLot: (query: Parameters<typeof readStoredLot>[2]) => readStoredLot(db, rows, query),
				lotSamples: (query: Parameters<typeof readLotSamples>[2]) => readLotSamples(db, rows, query),
				contextOf: (query: Parameters<typeof readContext>[2]) => readContext(db, rows, query),
			},
			route: [unit],
			contextTags: { batch: "Batch", lot: "Lot", recipe: "Recipe", phase: "Phase" },
			bookedLot: bookedLot.bind(undefined, [unit]),
		};
		const evidence = await readEvidence("L1", lots);
		if (evidence === undefined) throw new Error("expected the lot to have left the line");
		return {
			verdict: await judgeLine(evidence, versions.inForce(evidence.openedMs), lots),
			state: judge.save(),
		};
	});
	expect(answer.verdict).toMatchObject({
		lot: "L1",
		verdict: "out",
		observedWhole: true,
		fromMs: at(10),
		toMs: at(300),
	});
	expect(answer.verdict.windows).toMatchObject([
		{ window: "soak", batch: "B1", violations: 1, badSamples: 1 },
	]);
});
