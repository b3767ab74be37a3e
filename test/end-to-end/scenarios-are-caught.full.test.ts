import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LotJudgement, WindowVerdict } from "../../collector/judgement-port.ts";
import { lotTests, passes } from "../../simulators/plant/model/laboratory-tests.ts";
import { scenarios as kinds } from "../../simulators/plant/model/scenarios.ts";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { folderForAll } from "../helpers/temporary-folder.ts";
import { type Caught, caughtScenarios } from "./caught-scenarios.ts";
import { countsOf, type EndedLine, runLargeLine } from "./large-line.ts";
import { idAt, largeLine, writeLargeLine } from "./large-line-config.ts";
import { marginOf, type TrueLot, truthOf } from "./line-truth.ts";

/**
 * With this seed every lot that is hit comes out as the reference model states for its deviation, and no result of a good lot is
 * outside by the laboratory's own error.
 */
const seed = 4;
const stepS = 60;
const hours = 200;
const hourMs = 3_600_000;
/** Results that come in the last hours of the run may belong to lots that nobody waits for. */
const settledHours = hours - 3;
/** So long after its beginning a scenario shows on what the line shares; no other one begins meanwhile that does. */
const siteHours = 6;
const judgedWithinMs = 120_000;

interface Violation {
	readonly window: string;
	readonly unit: string;
	readonly lot: string;
	readonly raisedMs: number;
}

interface JudgedLot {
	readonly truth: TrueLot;
	readonly line: LotJudgement;
	readonly complete: LotJudgement;
	readonly revision: string;
	readonly results: readonly { readonly test: string; readonly value: number; readonly reportedMs: number }[];
}

describeWithPeer("mosquitto", "the twelve scenarios on the large line", (program) => {
	const directory = folderForAll("pilotline-scenarios-");
	let broker: Mosquitto;
	let line: EndedLine;
	let violations: Violation[] = [];
	let lots: JudgedLot[] = [];
	const planned = caughtScenarios.map(({ name, lot, train }) => ({ name, lot, train }));

	beforeAll(async () => {
		writeLargeLine({ directory: directory(), seed, stepS, scenarios: planned });
		broker = await Mosquitto.startIn(directory(), program);
		line = await runLargeLine({ directory: directory(), brokerUrl: broker.url, hours });
		const truths = truthOf({ parameters: largeLine, seed, stepS, hours, scenarios: planned });
		const due = truths.filter(({ reportedHours }) => reportedHours > 0 && reportedHours < settledHours);
		lots = await untilJudged(line, due);
		({ violations } = await line.api.get<{ violations: Violation[] }>("/api/v1/violations?limit=500"));
		process.stdout.write(reportOf(line, lots, violations));
	}, 8 * 60_000);

	afterAll(async () => {
		await line?.stop();
		await broker?.kill();
	});

	test("as many values are stored of every tag as were produced, and nothing is missing", async () => {
		const { producedByTag, produced } = line.halted;
		expect(produced).toBeGreaterThan(5_000_000);
		expect(await countsOf(line.api, producedByTag)).toEqual(producedByTag);
		const { totals } = await line.api.get<{ totals: { gaps: number } }>("/api/v1/status");
		expect(totals.gaps).toBe(0);
	});

	describe.each(caughtScenarios)("$code $name", (expected) => {
		const { line: seen, site, order, lab, proposal, outcome, flagged, code, name } = expected;
		const hit = () => lotOf(lots, expected);

		test("is the scenario of the list", () => expect(kinds[name].code).toBe(code));

		test("is caught by these windows of the lot, at these units, and by no other", () => {
			const { truth, line: verdict } = hit();
			const found = verdict.windows.filter((one) => one.verdict !== "in");
			expect(found.map(({ window, verdict: its }) => `${window} ${its}`).sort()).toEqual(
				seen.map(([window, unit]) => `${idAt(window, `T${truth.train}.${unit}`)} out`).sort(),
			);
			expect(verdict.verdict).toBe(seen.length > 0 ? "out" : "in");
			expect(verdict.reasons).toEqual([]);
		});

		test("is told while it happens, on what the line shares as well, the first sign first", () => {
			const { truth } = hit();
			const shared = ofSite(violations, line, truth).map(({ window }) => smallId(window));
			expect(shared.sort()).toEqual([...site].sort());
			const all = [...ofSite(violations, line, truth), ...violations.filter(({ lot }) => lot === truth.lot)];
			const firstOf = (id: string) =>
				Math.min(...all.filter(({ window }) => smallId(window) === id).map(({ raisedMs }) => raisedMs));
			for (const [early, late] of order) {
				expect(firstOf(late), late).toBeLessThan(Number.POSITIVE_INFINITY);
				expect(firstOf(early), `${early} before ${late}`).toBeLessThan(firstOf(late));
			}
		});

		test(`the lot ${outcome === "pass" ? "passes" : "fails"} its tests, as the causal model says`, () => {
			const { truth, complete } = hit();
			expect(truth.fails.length > 0 ? "fail" : "pass").toBe(outcome);
			const tests = complete.windows.filter(({ kind }) => kind === "laboratory");
			const out = tests.filter(({ verdict }) => verdict === "out").map(({ window }) => window);
			expect(out.length > 0 ? "fail" : "pass").toBe(outcome);
			expect(out).toEqual(expect.arrayContaining([...lab]));
			const alerts = tests.filter(({ verdict }) => verdict === "alert").map(({ window }) => window);
			expect(alerts).toEqual(expect.arrayContaining([...flagged]));
			expect(tests.filter(({ verdict }) => verdict === "not_evaluable")).toEqual([]);
			expect(complete.proposal).toBe(proposal);
			expect(complete.verdict).toBe(
				seen.length + out.length > 0 ? "out" : alerts.length > 0 ? "alert" : "in",
			);
		});
	});

	test("each result is judged by what it says, and none is at odds with what the lot truly is", () => {
		for (const { truth, complete, results } of lots) {
			for (const one of lotTests) {
				const verdict = windowOf(complete, one.id).verdict;
				const reported = results.findLast(({ test: id }) => id === one.id)?.value ?? Number.NaN;
				const what = `${truth.lot} ${one.id}: truly ${truth.quality[one.id]}, reported ${reported}`;
				expect(verdict === "out", what).toBe(!passes(one, reported));
				// Beyond three standard deviations of the laboratory there is no doubt.
				const margin = marginOf(one.id, truth.quality);
				if (Math.abs(margin) > 3) expect(verdict === "out", what).toBe(margin < 0);
			}
		}
	});

	test("no lot is out by a tag that was not truly out", () => {
		for (const { truth, line: verdict } of lots) {
			const out = verdict.windows
				.filter(({ verdict: its }) => its === "out")
				.map(({ window }) => tagOf(window));
			const true_ = new Set([...truth.nearlyOutside, ...unsteady(truth)]);
			expect(
				out.filter((tag) => !true_.has(tag)),
				truth.lot,
			).toEqual([]);
		}
	});

	test("at least 20 clean batches are in, window by window, and raised nothing on the way", () => {
		const clean = cleanOf(lots);
		expect(clean.length).toBeGreaterThanOrEqual(20);
		for (const { truth, line: first, complete } of clean) {
			expect(
				complete.windows.filter(({ verdict }) => verdict !== "in"),
				truth.lot,
			).toEqual([]);
			expect([first.verdict, complete.verdict, complete.reasons], truth.lot).toEqual(["in", "in", []]);
			expect(complete.windows.filter(({ kind }) => kind === "laboratory")).toHaveLength(25);
			expect(
				violations.filter(({ lot }) => lot === truth.lot),
				truth.lot,
			).toEqual([]);
		}
	});

	test("nothing at all is raised but by what a scenario does", () => {
		const outside = new Map(lots.map(({ truth }) => [truth.lot, truth.nearlyOutside]));
		const site = new Set<string>(caughtScenarios.flatMap((one) => one.site));
		const strange = violations.filter(({ window, lot }) => {
			if (lot === "") return !site.has(smallId(window));
			return outside.has(lot) && outside.get(lot)?.includes(tagOf(window)) !== true;
		});
		expect(strange).toEqual([]);
	});
});

/** Every lot's verdicts, when each has the one with its laboratory results and none changes any more. */
async function untilJudged({ api }: EndedLine, truths: readonly TrueLot[]): Promise<JudgedLot[]> {
	const endMs = performance.now() + judgedWithinMs;
	let before = "";
	for (;;) {
		const found: JudgedLot[] = [];
		for (const truth of truths) {
			const { verdicts } = await api
				.get<{ verdicts: { id: string; stage: string; judgement: LotJudgement }[] }>(
					`/api/v1/verdict?lot=${truth.lot}`,
				)
				.catch(() => ({ verdicts: [] }));
			const first = verdicts.find(({ stage }) => stage === "line");
			const last = verdicts.find(({ stage }) => stage === "complete");
			if (first === undefined || last === undefined) continue;
			const { results } = await api.get<Pick<JudgedLot, "results">>(`/api/v1/lot?lot=${truth.lot}`);
			const revision = `${first.id} ${last.id}`;
			found.push({ truth, line: first.judgement, complete: last.judgement, revision, results });
		}
		const now = found.map(({ revision }) => revision).join(" ");
		if (found.length === truths.length && now === before) return found;
		before = now;
		if (performance.now() > endMs)
			throw new Error(`expected ${truths.length} lots judged with their results, found ${found.length}`);
		await delay(1_000);
	}
}

function lotOf(lots: readonly JudgedLot[], { train, lot }: Pick<Caught, "train" | "lot">): JudgedLot {
	const found = lots.find(({ truth }) => truth.train === train && truth.number === lot);
	if (found === undefined) throw new Error(`expected lot ${lot} of train ${train} to be judged`);
	return found;
}

/** Lots that no scenario reached: all true values of their units and of the product itself are where they should be. */
function cleanOf(lots: readonly JudgedLot[]): JudgedLot[] {
	return lots.filter(
		({ truth }) =>
			truth.hitHours === undefined &&
			truth.fails.length === 0 &&
			truth.outside.length === 0 &&
			unsteady(truth).length === 0,
	);
}

/** A feeder whose mean is right and whose noise is not. */
function unsteady({ train, number }: TrueLot): string[] {
	const feeder = caughtScenarios.find(({ name }) => name === "feeder-drift");
	return feeder?.train === train && feeder.lot === number ? ["W200.FT01"] : [];
}

/** `F500.TT01-soak@T1.U500A` judges F500.TT01. */
function tagOf(window: string): string {
	return window.slice(0, window.indexOf("-"));
}

/** The window's id on the small line. */
function smallId(window: string): string {
	return window.slice(0, window.indexOf("@"));
}

/** What utilities and abatement raised while a lot's scenario was at work, with a step on either side. */
function ofSite(
	violations: readonly Violation[],
	{ beganMs }: EndedLine,
	{ hitHours = 0 }: TrueLot,
): Violation[] {
	const fromMs = beganMs + hitHours * hourMs;
	return violations.filter(
		({ unit, raisedMs }) =>
			["U800", "U900"].includes(unit) &&
			raisedMs >= fromMs - 2 * stepS * 1000 &&
			raisedMs < fromMs + siteHours * hourMs,
	);
}

function windowOf({ windows }: LotJudgement, id: string): WindowVerdict {
	const found = windows.find(({ window }) => window === id);
	if (found === undefined) throw new Error(`expected a verdict of ${id}`);
	return found;
}

/** What the README's table is made of. */
function reportOf(line: EndedLine, lots: readonly JudgedLot[], violations: readonly Violation[]): string {
	const rows = caughtScenarios.map((expected) => {
		const { truth, line: first, complete, results } = lotOf(lots, expected);
		const beganMs = line.beganMs + (truth.hitHours ?? Number.NaN) * hourMs;
		const minutes = (ms: number) => Math.round((ms - beganMs) / 60_000);
		const out = (of: LotJudgement, kind: "line" | "laboratory") =>
			of.windows.filter(
				(one) => one.verdict === "out" && (one.kind === "laboratory") === (kind === "laboratory"),
			);
		const live = [
			...violations.filter(({ lot }) => lot === truth.lot),
			...ofSite(violations, line, truth),
		].map(({ window, raisedMs }) => [window, raisedMs] as const);
		const atEnd = out(first, "line")
			.filter(({ kind }) => kind === "aggregate")
			.map(({ window, toMs }) => [window, toMs] as const);
		const tests = out(complete, "laboratory").map(({ window }) => {
			const reported = results.findLast(({ test: id }) => id === window)?.reportedMs ?? Number.NaN;
			return [window, reported] as const;
		});
		const firstOf = (of: readonly (readonly [string, number])[]) =>
			of.toSorted((a, b) => a[1] - b[1]).map(([window, ms]) => `${window} ${minutes(ms)}`)[0] ?? "nothing";
		const cells = [
			`${expected.code} ${expected.name}`,
			`T${truth.train} ${truth.lot}`,
			firstOf([...live, ...atEnd]),
			firstOf(tests),
			[...new Set([...live, ...atEnd].map(([window]) => smallId(window)))].join(", "),
			out(complete, "laboratory")
				.map(({ window, value }) => `${window} ${value}`)
				.join(", "),
			`${first.verdict} / ${complete.verdict}`,
		];
		return `| ${cells.join(" | ")} |`;
	});
	const speed = `${line.halted.produced} values of ${hours} plant hours in ${line.ranS.toFixed(0)} s, ${line.speed.toFixed(0)} times the clock; ${lots.length} lots judged with their results, ${cleanOf(lots).length} of them clean`;
	return `${rows.join("\n")}\n${speed}\n`;
}
