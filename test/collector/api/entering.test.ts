import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiServer } from "../../../collector/api/api-server.ts";
import type { Role } from "../../../collector/people-port.ts";
import { commitFinalVerdict } from "../../../collector/store/judgement-table.ts";
import { beganMs } from "../store/known-store.ts";
import { verdictCommit } from "../store/verdict-commit.ts";
import { PeopleRig } from "./people-rig.ts";

let rig: PeopleRig;
let server: ApiServer;

/** A verdict of the line; the newest one counts. */
function judged(id: string, lot = "L1"): void {
	const verdict = {
		...{ id, lot, specVersion: 1, verdict: "in" as const, violations: 0, windows: 1, reasons: [id] },
		...{ observedWhole: true, judgedMs: beganMs },
	};
	const booked = { lot, openedMs: beganMs, closedMs: beganMs + 1, observedWhole: true };
	commitFinalVerdict(rig.known.file, { ...verdictCommit(verdict), booked });
}

beforeAll(async () => {
	rig = await new PeopleRig().start();
	server = await rig.server("writing");
	judged("v1");
});
afterAll(async () => await rig.stop());

async function post(path: string, body: object, role: Role = "quality") {
	const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/${path}`, {
		method: "POST",
		headers: {
			"content-type": "application/json",
			authorization: `Bearer ${rig.tokens.get(role) as string}`,
		},
		body: JSON.stringify(body),
	});
	const said = (await answer.json()) as {
		n?: number;
		taken?: number;
		refused?: object[];
		error?: { code: string; message: string };
	};
	return { status: answer.status, ...said };
}

const rows = (sql: string) => rig.known.file.all(sql);
const decision = { lot: "L1", decision: "hold", reason: "looks grey", verdictId: "v1" };

test("a decision on the verdict that was seen is entered once, with its audit entry", async () => {
	const first = await post("decisions", decision);
	expect([first.status, first.n]).toEqual([200, expect.any(Number)]);
	expect(rows("SELECT by, action, subject FROM audit WHERE action = 'lot.decided'")).toEqual([
		{ by: "quality", action: "lot.decided", subject: "L1" },
	]);
	// Another hold follows it, and is another decision.
	const second = await post("decisions", decision);
	expect([second.status, second.n === first.n]).toEqual([200, false]);
	const released = await post("decisions", { ...decision, decision: "release", reason: "seen again, good" });
	expect(released.status).toBe(200);
	expect(rows("SELECT count(*) AS n FROM input WHERE kind = 'lot.decided'")).toEqual([{ n: 3 }]);
});

test("what stands against a decision is said, and nothing of it is entered", async () => {
	const before = rows("SELECT count(*) AS n FROM input");
	for (const [changes, role, status, message] of [
		[{ lot: "L9" }, "quality", 422, 'expected a lot that has been on the line, found "L9"'],
		[{ verdictId: "v0" }, "quality", 422, "expected the newest verdict, v1, found v0"],
		[{ decision: "reject" }, "quality", 422, "a released lot can only be held"],
		[{ reason: " " }, "quality", 400, "expected a reason"],
		[{ decision: "destroy" }, "quality", 400, "expected one of release"],
		[{ decision: "hold", extra: 1 }, "quality", 400, 'expected no key "extra"'],
		[{}, "operator", 403, "expected"],
		[{}, "administrator", 403, "expected"],
	] as const) {
		const answer = await post("decisions", { ...decision, ...changes }, role);
		expect([changes, answer.status]).toEqual([changes, status]);
		expect(answer.error?.message).toContain(message);
	}
	expect(rows("SELECT count(*) AS n FROM input")).toEqual(before);
});

test("a verdict that is corrected meanwhile is not decided on by what was seen before", async () => {
	judged("v2");
	const late = await post("decisions", decision);
	expect([late.status, late.error?.message]).toEqual([
		422,
		expect.stringContaining("expected the newest verdict, v2"),
	]);
	expect((await post("decisions", { ...decision, verdictId: "v2" })).status).toBe(200);
});

describe("a decision that is sent again because its answer was lost", () => {
	const wanted = { ...decision, verdictId: "v2", reason: "grey again", requestId: "desk-7/41" };
	const decided = () => rows("SELECT count(*) AS n FROM input WHERE kind = 'lot.decided'")[0]?.n;

	test("is answered as the first time, also by a collector started anew, and decides nothing", async () => {
		const first = await post("decisions", wanted);
		expect(first.status).toBe(200);
		const before = decided();
		expect(await post("decisions", wanted)).toEqual(first);
		// Decided otherwise in between, it is still what was decided then.
		expect((await post("decisions", { ...wanted, reason: "look", requestId: "desk-7/42" })).status).toBe(200);
		await server.stop();
		server = await rig.server("writing");
		expect(await post("decisions", wanted)).toEqual(first);
		expect(decided()).toBe(Number(before) + 1);
		const audit = "SELECT count(*) AS n FROM audit WHERE detail LIKE '%desk-7/41%'";
		expect(rows(audit)).toEqual([{ n: 1 }]);
	});

	test("both at once decide once", async () => {
		const before = decided();
		const request = { ...wanted, requestId: "twins" };
		const answers = await Promise.all([post("decisions", request), post("decisions", request)]);
		expect(answers.map(({ status }) => status)).toEqual([200, 200]);
		expect(answers[0]?.n).toBe(answers[1]?.n);
		expect(decided()).toBe(Number(before) + 1);
	});

	test("with something else in it is refused by name", async () => {
		const before = decided();
		for (const changes of [{ reason: "other" }, { decision: "rework" }]) {
			const answer = await post("decisions", { ...wanted, ...changes });
			expect([answer.status, answer.error]).toEqual([
				409,
				{
					code: "REQUEST_ID_REUSED",
					message: expect.stringContaining("give a new decision a new requestId"),
				},
			]);
		}
		expect(decided()).toBe(before);
		expect((await post("decisions", { ...wanted, requestId: "x".repeat(129) })).status).toBe(400);
	});

	test("about another lot is refused by name", async () => {
		judged("v9", "L2");
		const before = decided();
		const answer = await post("decisions", { ...wanted, lot: "L2", verdictId: "v9" });
		expect([answer.status, answer.error?.code]).toEqual([409, "REQUEST_ID_REUSED"]);
		expect(answer.error?.message).toContain("about lot L1");
		expect(decided()).toBe(before);
	});
});

const result = {
	...{
		lot: "L1",
		sample: "S1",
		test: "sigma_ion",
		value: "3,4",
		eu: "mS/cm",
		operator: "lab-1",
		instrument: "EIS-1",
	},
	...{ method: "EIS", measuredTime: "2026-11-30T06:00:00Z" },
};

test("results are taken each for itself; a refused one is named and kept aside, and the lot is due again", async () => {
	const good = { ...result, value: 3.4 };
	const answer = await post(
		"laboratory/results",
		{ results: [good, { ...result, eu: "furlong" }] },
		"operator",
	);
	expect([answer.status, answer.taken, answer.refused]).toEqual([
		...[200, 1, [{ index: 1, code: "UNIT_UNKNOWN", message: expect.stringContaining("furlong") }]],
	]);
	expect(rows("SELECT lot, test, road, entered_by FROM lab_result")).toEqual([
		{ lot: "L1", test: "sigma_ion", road: "http", entered_by: "operator" },
	]);
	expect(rows("SELECT lot, due_ms FROM due")).toEqual([{ lot: "L1", due_ms: 0 }]);
	expect(rows("SELECT count(*) AS n FROM lab_refused")).toEqual([{ n: 1 }]);
	// The same once more is there once.
	expect((await post("laboratory/results", { results: [good] }, "quality")).status).toBe(200);
	expect(rows("SELECT count(*) AS n FROM lab_result")).toEqual([{ n: 1 }]);
	expect((await post("laboratory/results", { results: [good] }, "viewer")).status).toBe(403);
});
