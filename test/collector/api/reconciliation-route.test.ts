import { afterAll, beforeAll, expect, test } from "vitest";
import type { ApiServer } from "../../../collector/api/api-server.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { beganMs, KnownStore, minuteMs } from "../store/known-store.ts";
import { knownLive, startServer } from "./known-live.ts";

let store: KnownStore;
let reader: StoreReader;
let server: ApiServer;

beforeAll(async () => {
	store = new KnownStore();
	reader = new StoreReader();
	await reader.open(store.path);
	server = await startServer(reader);
});
afterAll(async () => {
	await server.stop();
	await reader.close();
	store.remove();
});

const ask = (query: string) => fetch(`http://127.0.0.1:${server.port}/api/v1/reconciliation?${query}`);
const json = async (query: string) => (await (await ask(query)).json()) as { tag: string; rows: object[] };

test("reconciliation compares counts with values: everything, a unit's period, a lot", async () => {
	store.series("U600", "Written", "UInt32");
	const count = (minute: number, value: number) => ({
		tag: "Written",
		atMs: beganMs + minute * minuteMs,
		value,
	});
	store.record("U600", [count(0, 1), count(1, 2), count(2, 3), count(3, 6)]);
	const visit = { unit: "U600", batch: "B7", lot: "L7", recipe: "R1", startObserved: true };
	store.commit({ visits: [{ ...visit, fromMs: beganMs, toMs: beganMs + 2 * minuteMs }] });
	const whole = {
		unit: "U600",
		produced: 5,
		stored: 3,
		missing: 2,
		gaps: 0,
		restarted: false,
		complete: true,
	};
	const answer = await json("");
	expect(answer).toEqual({
		tag: "Written",
		rows: [{ ...whole, fromMs: beganMs, toMs: beganMs + 3 * minuteMs }],
	});
	const period = await json(`unit=U600&from=${beganMs + 1}&to=${beganMs + 2 * minuteMs}`);
	// The count after the period is taken as well, because values between are missing.
	expect(period.rows).toMatchObject([
		{ fromMs: beganMs + minuteMs, toMs: beganMs + 3 * minuteMs, missing: 2 },
	]);
	expect((await json("lot=L7")).rows).toMatchObject([{ ...whole, batch: "B7", lot: "L7" }]);
	expect((await json("lot=L8")).rows).toEqual([]);
});

test.each([
	["lot=L7&unit=U600", "unit: expected lot or unit, not both"],
	["from=1", "unit: expected a unit beside from and to"],
	["unit=U600&from=2&to=2", "from: expected a time before to"],
	["unit=U600&from=soon", "from: expected a whole number from 0 to 253402300799999"],
	["unti=U600", 'expected no parameter "unti"'],
])("reconciliation?%s is refused", async (query, problem) => {
	const response = await ask(query);
	expect(response.status).toBe(400);
	const { error } = (await response.json()) as { error: { code: string; message: string } };
	expect(error.code).toBe("PARAMETER_INVALID");
	expect(error.message).toContain(problem);
});

test("without a tag that counts there are no rows, and the answer says so", async () => {
	const silent = await startServer(reader, knownLive(), null);
	try {
		const response = await fetch(`http://127.0.0.1:${silent.port}/api/v1/reconciliation`);
		expect(await response.json()).toEqual({ tag: null, rows: [] });
	} finally {
		await silent.stop();
	}
});
