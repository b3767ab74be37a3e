import { afterEach, beforeEach, expect, test } from "vitest";
import type { LotJudgement } from "../../../collector/judgement-port.ts";
import { LotDocuments } from "../../../collector/lots/lot-documents.ts";
import { html } from "../../../collector/lots/page-parts.ts";
import { enterComment } from "../../../collector/store/comment-table.ts";
import { commitFinalVerdict } from "../../../collector/store/judgement-table.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { canonicalHash, canonicalJson } from "../../../common/runtime/canonical-json.ts";
import { knownLive, startServer } from "../api/known-live.ts";
import { specificationFrom } from "../specification-of.ts";
import { beganMs, hourMs, KnownStore, knownOccurrence, minuteMs } from "../store/known-store.ts";
import { verdictCommit } from "../store/verdict-commit.ts";

let store: KnownStore;
let reader: StoreReader;
const evil = `<script>alert("1")</script>`;

const judgement: LotJudgement = {
	...{ lot: "L1", stage: "line", product: "LPSCl-3A", specVersion: 1, specHash: "abc", verdict: "out" },
	...{ proposal: "hold", observedWhole: true, fromMs: beganMs, toMs: beganMs + 3 * hourMs },
	windows: [
		{
			...{
				window: "F500.TT01-soak",
				characteristic: evil,
				kind: "stream",
				class: "CPP",
				unit: "U500",
				batch: evil,
			},
			...{
				verdict: "out",
				value: 512.5,
				eu: "degC",
				low: 495,
				high: 505,
				fromMs: beganMs,
				toMs: beganMs + hourMs,
			},
			...{ depth: 7.5, timeOutsideMs: 10 * minuteMs, outsideIntegral: 1.2, violations: 1, coverage: 0.99999 },
			...{ goodSamples: 100, uncertainSamples: 0, badSamples: 0 },
			reasons: [{ code: "violation", text: "1 violation" }],
		},
	],
	reasons: [],
};

function documents(): LotDocuments {
	const specification = specificationFrom({});
	return new LotDocuments({
		...{ store: reader, results: async () => [], specificationAt: () => ({ specification }) },
		...{ phaseTag: "Phase", simulated: true },
	});
}

beforeEach(async () => {
	store = new KnownStore();
	store.series("U500", "F500.TT01", "Double", "degC");
	const samples = Array.from({ length: 180 }, (_, minute) => ({
		...{ tag: "F500.TT01", atMs: beganMs + minute * minuteMs },
		value: minute >= 60 && minute < 70 ? 512.5 : 500,
	}));
	store.records("U500", samples);
	const visit = { unit: "U500", batch: evil, lot: "L1", recipe: "R", startObserved: true };
	store.commit({
		lots: [{ lot: "L1", openedMs: beganMs, closedMs: beganMs + 3 * hourMs, observedWhole: true }],
		visits: [{ ...visit, fromMs: beganMs, toMs: beganMs + 3 * hourMs }],
		occurrences: [{ ...knownOccurrence, clearedMs: beganMs + hourMs + 10 * minuteMs, clearedBy: "returned" }],
		gaps: [
			{
				...{ id: "g", edgeNode: 1, device: "U500", tags: [], fromMs: beganMs + 1, toMs: beganMs + 2 },
				...{ cause: "server_overflow", backfilled: false, noticedMs: 1 },
			},
		],
	});
	const row = {
		...{
			id: "v1",
			lot: "L1",
			specVersion: 1,
			verdict: "out" as const,
			violations: 1,
			windows: 1,
			reasons: [],
		},
		...{ observedWhole: true, judgedMs: beganMs },
	};
	const { verdict, ...rest } = verdictCommit(row);
	const canonical = { canonical: canonicalJson(judgement), hash: canonicalHash(judgement) };
	commitFinalVerdict(store.file, {
		...rest,
		verdict: verdict === undefined ? undefined : { ...verdict, ...canonical, proposal: "hold" },
	});
	store.file.run(
		"INSERT INTO input(kind, entered_ms, entered_by, body) VALUES ('lot.decided', 7, 'M. Weber', ?)",
		JSON.stringify({ lot: "L1", decision: "hold", reason: evil, verdictId: "v1" }),
	);
	for (const [n, about] of [{ lot: "L1" }, { occurrence: knownOccurrence.id }].entries())
		enterComment(store.file, {
			...{ n: n + 2, kind: "comment", enteredMs: beganMs + n, enteredBy: "T. Abe" },
			body: JSON.stringify({ by: "T. Abe", ...about, text: `${n + 1}. ${evil}` }),
		});
	reader = new StoreReader();
	await reader.open(store.path);
});
afterEach(async () => {
	await reader.close();
	store.remove();
});

test("a lot's record holds verdict, excursion with its curve, gap, way and decision, under one hash", async () => {
	const record = await documents().record("L1");
	expect(record).toMatchObject({
		...{ lot: "L1", simulated: true, verdictId: "v1", revisions: 1, closedMs: beganMs + 3 * hourMs },
		standing: { state: "HOLD", by: "M. Weber", needsReview: false },
		excursions: [{ window: "F500.TT01-soak", eu: "degC" }],
		gaps: [{ unit: "U500", cause: "server_overflow" }],
		visits: [{ unit: "U500" }],
		decisions: [{ n: 1, decision: "hold", by: "M. Weber", atMs: 7 }],
		comments: [
			{ n: 2, enteredBy: "T. Abe", lot: "L1", text: `1. ${evil}` },
			{ n: 3, occurrence: knownOccurrence.id, text: `2. ${evil}` },
		],
	});
	const { hash, ...rest } = record ?? { hash: "" };
	expect(hash).toBe(canonicalHash(rest));
	const chart = record?.excursions[0]?.chart;
	expect(Math.max(...(chart?.max ?? []).map((value) => value ?? 0))).toBe(512.5);
	expect(chart?.max.length).toBe(80);
	expect(await documents().record("L9")).toBeUndefined();
});

test("the page shows it to people, and nothing that anybody named is markup", async () => {
	const found = documents();
	const record = await found.record("L1");
	const page = found.page(record as NonNullable<typeof record>);
	expect(page).not.toContain("<script>");
	expect(page).toContain(html(evil));
	for (const text of [
		"SIMULATED DATA",
		"F500.TT01-soak",
		"99.99 %",
		"10 min, by 7.5",
		"M. Weber",
		"T. Abe",
		"<svg",
		record?.hash ?? "",
	])
		expect(page).toContain(text);
	expect(page).not.toMatch(/style=|onload=|<script/);
});

test("the API serves both, and says which lot nobody knows", async () => {
	const server = await startServer(reader, knownLive(), "Written", undefined, documents());
	try {
		const ask = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);
		const json = await ask("/api/v1/lot?lot=L1");
		expect([json.status, ((await json.json()) as { lot: string }).lot]).toEqual([200, "L1"]);
		const page = await ask("/record?lot=L1");
		expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
		expect((await ask("/record.css")).status).toBe(200);
		const verdict = (await (await ask("/api/v1/verdict?lot=L1")).json()) as {
			verdicts: { judgement: object }[];
		};
		expect(verdict.verdicts[0]?.judgement).toEqual(JSON.parse(canonicalJson(judgement)));
		for (const path of ["/api/v1/lot?lot=L9", "/record?lot=L9", "/api/v1/verdict?lot=L9"])
			expect([path, (await ask(path)).status]).toEqual([path, 404]);
	} finally {
		await server.stop();
	}
});

test("a certificate is given of a released lot only, with its results, the person and the record's hash", async () => {
	const ions: LotJudgement = {
		...judgement,
		...{ verdict: "in", proposal: "release" },
		windows: [
			{
				...(judgement.windows[0] as (typeof judgement.windows)[0]),
				window: "sigma",
				kind: "laboratory",
				verdict: "in",
			},
		],
	};
	const specification = specificationFrom({
		laboratory: [
			{
				...{ id: "sigma", test: "sigma_ion", method: "EIS", eu: "mS/cm", low: 3, uncertainty_percent: 5 },
				...{ concerns: ["technical"], reaction: "look" },
			},
		],
	});
	const found = new LotDocuments({
		...{ store: reader, specificationAt: () => ({ specification }), phaseTag: "Phase", simulated: true },
		results: async () => [],
	});
	const record = await found.record("L1");
	if (record === undefined) throw new Error("expected a record");
	expect(found.certificate(record)).toEqual({
		refused: "expected a lot that quality has released, found HOLD",
	});
	const decided = {
		...record.decisions[0],
		decision: "release",
		by: evil,
		reason: "good",
	} as (typeof record.decisions)[0];
	const released = {
		...record,
		...{ judgement: ions, windows: ions.windows, decisions: [decided] },
		standing: { ...record.standing, state: "RELEASED" as const },
	};
	const certificate = found.certificate(released);
	const page = "page" in certificate ? certificate.page : "";
	for (const text of [
		"sigma_ion",
		"EIS",
		"512.5 degC",
		"± 5 % (k = 2)",
		html(evil),
		record.hash,
		"hydrogen sulfide",
		"SIMULATED",
	])
		expect(page).toContain(text);
	expect(page).not.toMatch(/<script/);
	expect(found.certificate({ ...released, standing: { ...released.standing, needsReview: true } })).toEqual({
		refused: "its verdict has changed since it was decided on: decide again",
	});
	const server = await startServer(reader, knownLive(), "Written", undefined, documents());
	try {
		const answer = await fetch(`http://127.0.0.1:${server.port}/certificate?lot=L1`);
		expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
			409,
			"NOT_RELEASED",
		]);
	} finally {
		await server.stop();
	}
});
