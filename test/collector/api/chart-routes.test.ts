import { afterAll, beforeAll, expect, test } from "vitest";
import type { ApiServer } from "../../../collector/api/api-server.ts";
import { commitFinalVerdict } from "../../../collector/store/judgement-table.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { beganMs, KnownStore } from "../store/known-store.ts";
import { verdictCommit } from "../store/verdict-commit.ts";
import { startServer } from "./known-live.ts";

let store: KnownStore;
let reader: StoreReader;
let server: ApiServer;

const point = {
	...{
		characteristic: "F500.TT01-soak/mean",
		lot: "L1",
		revision: 1,
		atMs: beganMs,
		value: 512,
		samples: 40,
	},
	...{ rejected: undefined, center: 500, lower: 494, upper: 506, baselineVersion: 1, judgedMs: beganMs },
};

beforeAll(async () => {
	store = new KnownStore();
	reader = new StoreReader();
	const verdict = {
		...{
			id: "v1",
			lot: "L1",
			specVersion: 1,
			verdict: "in" as const,
			violations: 0,
			windows: 1,
			reasons: [],
		},
		...{ observedWhole: true, judgedMs: beganMs },
	};
	commitFinalVerdict(
		store.file,
		verdictCommit(verdict, {
			points: [point],
			signals: [{ ...point, id: "s1", rule: "beyond-3-sigma", notedMs: beganMs }],
			baselines: [
				{
					...{ characteristic: point.characteristic, version: 1, hash: "h", atMs: 1, by: "collector", n: 25 },
					body: '{"version":1,"hash":"h"}',
				},
			],
		}),
	);
	await reader.open(store.path);
	server = await startServer(reader);
});
afterAll(async () => {
	await server.stop();
	await reader.close();
	store.remove();
});

async function ask(path: string) {
	const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/${path}`);
	return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const rules = { names: ["beyond-3-sigma"], falseAlarmEveryPoints: 370.4 };

test("charts are listed with their state, and with how often their rules are wrong", async () => {
	const { body } = await ask("charts");
	expect(body).toMatchObject({
		rules,
		charts: [
			{ characteristic: point.characteristic, lots: 1, provisional: false, baselineVersion: 1, signals: 1 },
		],
	});
});

test("one chart is told with its points, signals and baselines; an unknown one is 404", async () => {
	const { body } = await ask(`chart?characteristic=${encodeURIComponent(point.characteristic)}&limit=5`);
	const { rejected: _rejected, ...told } = point;
	expect(body).toEqual({
		characteristic: point.characteristic,
		points: [{ ...told, signals: ["beyond-3-sigma"] }],
		corrected: [],
		baselines: [{ version: 1, hash: "h" }],
		rules,
	});
	expect(await ask("chart?characteristic=no")).toEqual({
		status: 404,
		body: {
			error: {
				code: "CHART_UNKNOWN",
				message: 'expected a characteristic that a lot has a point of, found "no"',
			},
		},
	});
	expect((await ask("chart")).status).toBe(400);
});

test("signals are told newest first, or of one lot", async () => {
	expect((await ask("chart-signals?lot=L1")).body).toMatchObject({
		signals: [{ id: "s1", rule: "beyond-3-sigma" }],
	});
	expect((await ask("chart-signals?lot=L2")).body).toEqual({ signals: [] });
	expect((await ask("chart-signals?limit=0")).status).toBe(400);
});
