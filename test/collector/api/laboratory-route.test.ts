import { afterAll, beforeAll, expect, test } from "vitest";
import type { ApiServer } from "../../../collector/api/api-server.ts";
import { readCsvResults } from "../../../collector/laboratory/csv-results.ts";
import { inputOfResult } from "../../../collector/laboratory/entry-json.ts";
import { resultId } from "../../../collector/laboratory/result-id.ts";
import type { Assembled, LaboratoryAnswer, LabResult } from "../../../collector/laboratory-port.ts";
import {
	commitOverdue,
	readExpectingLots,
	readLabWaiting,
	writeLabInput,
} from "../../../collector/store/laboratory-table.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { beganMs, KnownStore } from "../store/known-store.ts";
import { startServer } from "./known-live.ts";

let store: KnownStore;
let reader: StoreReader;
let server: ApiServer;

function result(over: Partial<LabResult> = {}): LabResult {
	const said: LabResult = {
		...{
			id: "",
			lot: "L1",
			material: "",
			sample: "S1",
			test: "d50",
			eu: "um",
			value: 3.02,
			censored: undefined,
		},
		...{
			repeats: [3, 3.04],
			operator: 'O"Neil, "Bo"',
			instrument: "LD-1",
			calibrationDueMs: beganMs + 1,
			method: "Laser",
		},
		...{
			detectionLimit: 0.1,
			temperatureC: 25.1,
			measuredMs: beganMs,
			reportedMs: beganMs + 60_000,
			version: 1,
		},
		...{ reason: "", road: "opcua", enteredMs: beganMs + 90_000, enteredBy: "" },
		...over,
	};
	return { ...said, id: resultId(said) };
}
const [first, second] = [result(), result({ version: 2, value: 3.1, reason: "weighed again" })];
const below = result({
	test: "res_li2s",
	eu: "wt%",
	value: 0.3,
	censored: "below",
	repeats: [],
	calibrationDueMs: undefined,
});
const undetected = result({
	test: "fe",
	eu: "ppmw",
	value: undefined,
	censored: "none",
	repeats: [],
	detectionLimit: undefined,
});
const lost = result({ test: "bet", eu: "m2/g", value: undefined, repeats: [], temperatureC: undefined });
const twice = [result({ test: "ea", eu: "eV", value: 0.35 }), result({ test: "ea", eu: "eV", value: 0.36 })];
const elsewhere = result({ lot: "L2", reportedMs: beganMs + 120_000 });

const told = (laboratory: Partial<Assembled>) =>
	store.commit({ laboratory: { results: [], refused: [], withdrawn: [], state: undefined, ...laboratory } });
const refusal = {
	id: "r1",
	where: "L900/Result",
	code: "INCOMPLETE",
	message: "expected",
	body: "[]",
	enteredMs: 7,
};

beforeAll(async () => {
	store = new KnownStore();
	store.commit({
		lots: [
			{ lot: "L0", openedMs: 0, closedMs: beganMs - 10, observedWhole: true },
			{ lot: "L1", openedMs: 0, closedMs: beganMs, observedWhole: true },
			{ lot: "L9", openedMs: 0, closedMs: undefined, observedWhole: false },
		],
	});
	told({ results: [second, elsewhere, below], refused: [refusal, { ...refusal, id: "r2" }], state: "waits" });
	told({ results: [first, undetected, lost, ...twice], withdrawn: ["r2"] });
	commitOverdue(store.file, {
		rows: [
			{
				id: "o1",
				lot: "L1",
				window: "w",
				test: "d90",
				leftMs: 1,
				dueMs: 2,
				raisedMs: 3,
				clearedMs: undefined,
			},
			{ id: "o2", lot: "L1", window: "w2", test: "d50", leftMs: 1, dueMs: 2, raisedMs: 3, clearedMs: 4 },
		],
		outbox: [],
	});
	reader = new StoreReader();
	await reader.open(store.path);
	server = await startServer(reader);
});
afterAll(async () => {
	await server.stop();
	await reader.close();
	store.remove();
});

async function answered(path: string): Promise<LaboratoryAnswer> {
	return (await (await get(path)).json()) as LaboratoryAnswer;
}

async function get(path: string): Promise<Response> {
	return await fetch(`http://127.0.0.1:${server.port}/api/v1/laboratory${path}`);
}

test("a lot's results come with their history; the highest version counts, and two of one version are a conflict", async () => {
	const answer = await answered("?lot=L1");
	const shown = answer.results.map(({ test: name, version, counts, conflict }) =>
		[name, version, counts, conflict].join(" "),
	);
	expect(shown).toEqual([
		"bet 1 true false",
		"d50 2 true false",
		"d50 1 false false",
		"ea 1 true true",
		"ea 1 true true",
		"fe 1 true false",
		"res_li2s 1 true false",
	]);
	expect(answer.results[2]).toEqual({ ...JSON.parse(JSON.stringify(first)), counts: false, conflict: false });
	expect(answer).toMatchObject({
		lotKnown: true,
		refused: [refusal],
		overdue: [{ id: "o1" }, { id: "o2", clearedMs: 4 }],
	});
});

test("without a lot the newest results of all come first; a lot that the line has not told of is said to be unknown", async () => {
	const all = await answered("?limit=1");
	expect(all.results.map(({ lot }) => lot)).toEqual(["L2"]);
	expect(all).not.toHaveProperty("lotKnown");
	const early = await answered("?lot=L2");
	expect(early).toMatchObject({ lotKnown: false, results: [{ lot: "L2" }], overdue: [] });
	expect(await answered("?lot=%27%3B%20DROP%20TABLE%20lab_result%3B")).toMatchObject({
		lotKnown: false,
		results: [],
	});
	expect((await get("?format=xml")).status).toBe(400);
});

test("the CSV is read back by lab import as the very same results", async () => {
	const response = await get("?lot=L1&format=csv");
	expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
	const { results, refused, ignored } = readCsvResults(
		new Uint8Array(await response.arrayBuffer()),
		{ zone: undefined, order: undefined },
		{ enteredMs: 1, enteredBy: "anna" },
	);
	// Of two results of one version only one can be entered.
	expect(refused.map(({ code }) => code)).toEqual(["VERSION_TWICE"]);
	const ids = [first, second, below, undetected, lost, ...twice].map(({ id }) => id);
	expect(results).toHaveLength(6);
	expect(results.filter(({ id }) => !ids.includes(id))).toEqual([]);
	expect(ignored).toEqual(["counts", "road", "entered at", "entered by"]);
});

test("the same result by another road changes nothing but when it was first told; nobody can remove it", () => {
	const again = {
		...first,
		road: "csv" as const,
		enteredMs: beganMs,
		enteredBy: "anna",
		reportedMs: beganMs,
	};
	const input = inputOfResult(again);
	store.file.transaction(() => writeLabInput(store.file, input));
	told({ results: [first] });
	const [row] = store.file.all("SELECT * FROM lab_result WHERE id = ?", first.id);
	expect(row).toMatchObject({ road: "csv", entered_ms: beganMs, entered_by: "anna", reported_ms: beganMs });
	expect(() => store.file.run("DELETE FROM lab_result")).toThrow(
		"a laboratory result is never removed; enter a correction",
	);
	expect(JSON.parse(input.body)).not.toHaveProperty("enteredBy");
});

test("what waits for its rest is there after a restart, and lots know their place in the order in which they left the line", () => {
	expect(readLabWaiting(store.file)).toBe("waits");
	const lots = readExpectingLots(store.file, { fromMs: beganMs - 5, limit: 10 });
	expect(lots).toMatchObject([
		{ lot: "L1", leftMs: beganMs, place: 1, open: [{ id: "o1" }], raised: ["o1", "o2"] },
	]);
	expect(lots[0]?.tests.toSorted()).toEqual(["bet", "d50", "ea", "fe", "res_li2s"]);
});
