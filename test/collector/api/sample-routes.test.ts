import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiServer } from "../../../collector/api/api-server.ts";
import { BucketFold } from "../../../collector/store/bucket-fold.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { runCommand } from "../../helpers/run-command.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { beganMs, KnownStore, minuteMs } from "../store/known-store.ts";
import { sealTo } from "../store/sealed-store.ts";
import { knownLive, startServer } from "./known-live.ts";

let store: KnownStore;
let reader: StoreReader;
let server: ApiServer;

const at = (minute: number) => beganMs + minute * minuteMs;

beforeAll(async () => {
	store = new KnownStore();
	store.series("U500", "F500.TT01", "Double", "degC");
	store.series("U500", "Phase", "String");
	store.series("U500", "Count", "Int64");
	const phases = ["IDLE", "SOAK", "COOL", "SOAK"];
	for (let minute = 0; minute < 40; minute++) {
		store.record("U500", [
			...(minute % 10 === 0
				? [{ tag: "Phase", atMs: at(minute), value: phases[minute / 10] as string }]
				: []),
			{ tag: "F500.TT01", atMs: at(minute), value: 500 + minute },
			{ tag: "Count", atMs: at(minute), value: 2n ** 53n + BigInt(minute) },
		]);
	}
	const visit = { unit: "U500", batch: "B1", lot: "L1", recipe: "R1", startObserved: true };
	store.commit({ visits: [{ ...visit, fromMs: at(5), toMs: at(35) }] });
	// Half of it is sealed, so that every answer has both halves.
	await sealTo(store.file, store.path, 20);
	reader = new StoreReader();
	await reader.open(store.path);
	server = await startServer(reader);
});
afterAll(async () => {
	await server.stop();
	await reader.close();
	store.remove();
});

const base = () => `http://127.0.0.1:${server.port}`;
const ask = (path: string) => fetch(`${base()}/api/v1/${path}`);
const json = async (path: string) => (await (await ask(path)).json()) as Record<string, never>;
const period = `from=${at(0)}&to=${at(39)}`;

interface Piece {
	tag: string;
	atMs: number[];
	value: unknown[];
}
const pieces = async (path: string) => (await json(path)).pieces as unknown as Piece[];

describe("samples", () => {
	test("of a tag, sealed and hot in one order", async () => {
		const [piece] = await pieces(`samples?unit=U500&tag=F500.TT01&${period}`);
		expect(piece).toMatchObject({ unit: "U500", tag: "F500.TT01", datatype: "Double", eu: "degC" });
		expect(piece?.value).toEqual(Array.from({ length: 40 }, (_, minute) => 500 + minute));
		expect(piece?.atMs).toEqual(Array.from({ length: 40 }, (_, minute) => at(minute)));
	});

	test("64-bit integers are exact: beyond a double they are text", async () => {
		const [piece] = await pieces(`samples?unit=U500&tag=Count&from=${at(0)}&to=${at(1)}`);
		expect(piece?.value).toEqual(["9007199254740992", "9007199254740993"]);
	});

	test("of a phase: each stretch of it, and of a lot only while its batches were in the unit", async () => {
		const soak = await pieces(`samples?unit=U500&tag=F500.TT01&phase=SOAK&${period}`);
		expect(soak.map(({ value }) => [value[0], value.at(-1), value.length])).toEqual([
			[510, 519, 10],
			[530, 539, 10],
		]);
		const lot = await pieces("samples?lot=L1&tag=F500.TT01&phase=SOAK");
		expect(lot.map(({ value }) => [value[0], value.at(-1)])).toEqual([
			[510, 519],
			[530, 534],
		]);
	});

	test("page by page, nothing twice and nothing left out", async () => {
		const found: unknown[] = [];
		let after = "";
		for (let page = 0; page < 30; page++) {
			const answer = await json(`samples?unit=U500&${period}&limit=7${after}`);
			for (const piece of answer.pieces as unknown as Piece[])
				for (const [index, atMs] of piece.atMs.entries()) found.push([piece.tag, atMs, piece.value[index]]);
			if (answer.next === null) break;
			after = `&after=${String(answer.next)}`;
		}
		expect(found).toHaveLength(84);
		expect(new Set(found.map((each) => JSON.stringify(each))).size).toBe(84);
	});

	test.each([
		["samples", "unit: expected a unit or a lot"],
		["samples?unit=U500&limit=0", "limit: expected a whole number"],
		["export?unit=U500&format=xls", "format: expected csv, json or parquet"],
		["buckets?unit=U500&width_s=1&hours=24", "expected at most 10000 buckets"],
	])("%s is refused with what was expected", async (path, message) => {
		const answer = await ask(path);
		expect(answer.status).toBe(400);
		expect(await answer.text()).toContain(message);
	});

	test("a unit or a lot without values is not found", async () => {
		expect((await ask("samples?unit=U9")).status).toBe(404);
		expect((await ask("export?lot=L9")).status).toBe(404);
	});
});

describe("buckets", () => {
	test("the mean is weighted with time, coverage says how much of the bucket was known", async () => {
		const [piece] = await pieces(`buckets?unit=U500&tag=F500.TT01&width_s=600&${period}`);
		expect(piece).toMatchObject({
			atMs: [at(0), at(10), at(20), at(30)],
			min: [500, 510, 520, 530],
			max: [509, 519, 529, 539],
			mean: [504.5, 514.5, 524.5, 534],
			coverage: [1, 1, 1, 0.9],
			samples: [10, 10, 10, 10],
			notGood: [0, 0, 0, 0],
		});
	});

	test("a value counts for as long as it holds; Bad and gaps are not bridged", () => {
		const fold = new BucketFold({ fromMs: 0, toMs: 99, widthMs: 50, gaps: [{ fromMs: 80, toMs: 90 }] });
		fold.begin(0, 1);
		fold.add(10, 5);
		fold.add(30, Number.NaN);
		fold.add(60, 3);
		const { min, max, mean, coverage, samples, notGood } = fold.end();
		expect({ min, max, samples, notGood }).toEqual({
			...{ min: [1, 3], max: [5, 3], samples: [2, 1], notGood: [1, 0] },
		});
		expect(mean).toEqual([(1 * 10 + 5 * 20) / 30, 3]);
		expect(coverage).toEqual([30 / 50, 20 / 50]);
	});
});

describe("export", () => {
	test("as CSV: one line per sample, times to 100 ns", async () => {
		const answer = await ask(`export?unit=U500&tag=F500.TT01&tag=Phase&${period}`);
		expect(answer.headers.get("content-type")).toContain("text/csv");
		const lines = (await answer.text()).split("\r\n");
		expect(lines).toHaveLength(1 + 40 + 4 + 1);
		expect(lines.slice(0, 2)).toEqual([
			"source_time,server_time,unit,tag,value,status,eu",
			"2026-11-20T06:00:00.0000000Z,,U500,F500.TT01,500,0,degC",
		]);
	});

	test("as JSON", async () => {
		const rows = (await (await ask(`export?unit=U500&tag=Count&format=json&${period}`)).json()) as object[];
		expect(rows).toHaveLength(40);
		expect(rows[1]).toEqual({
			...{ source_time: "2026-11-20T06:01:00.0000000Z", server_time: null, unit: "U500", tag: "Count" },
			...{ value: "9007199254740993", status: 0, eu: null },
		});
	});

	test("as Parquet, by the command, into a file that another DuckDB reads", async () => {
		const file = `${temporaryFolder()}/samples.parquet`;
		const program = new URL("../../../cli/main.ts", import.meta.url).pathname;
		const outcome = await runCommand(
			process.execPath,
			[
				...["--disable-warning=ExperimentalWarning", program, "export", "--unit", "U500", "--from"],
				...[new Date(at(0)).toISOString(), "--to", new Date(at(39)).toISOString(), "--format", "parquet"],
				...["--output", file, "--api", base(), "--json"],
			],
			{ cwd: process.cwd(), env: process.env, withinMs: 30_000 },
		);
		expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
		expect(JSON.parse(outcome.stdout)).toMatchObject({ file, format: "parquet" });
		const { DuckDBInstance } = await import("@duckdb/node-api");
		const connection = await (await DuckDBInstance.create()).connect();
		const rows = await connection.runAndReadAll(
			`SELECT tag, count(*)::INTEGER, max(value), max(ivalue)::VARCHAR, min(source_time)::VARCHAR FROM '${file}' GROUP BY tag ORDER BY tag`,
		);
		expect(rows.getRows()).toEqual([
			["Count", 40, null, "9007199254741031", "2026-11-20 06:00:00"],
			["F500.TT01", 40, 539, null, "2026-11-20 06:00:00"],
			["Phase", 4, null, null, "2026-11-20 06:00:00"],
		]);
	});
});

test("the API describes itself: every route with its parameters", async () => {
	const document = (await json("openapi.json")) as unknown as {
		openapi: string;
		paths: Record<string, { get: { parameters: { name: string; required: boolean }[] } }>;
	};
	expect(document.openapi).toBe("3.1.0");
	expect(document.paths["/api/v1/samples"]?.get.parameters.map(({ name }) => name)).toEqual([
		...["unit", "tag", "lot", "phase", "from", "to", "hours", "limit", "after"],
	]);
	const told = Object.entries(document.paths).flatMap(([path, methods]) =>
		Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
	);
	const served = server.routes
		.filter(({ method, path }) => method !== "HEAD" && path.startsWith("/api/v1/"))
		.map(({ method, path }) => `${method} ${path}`)
		.filter((route) => route !== "GET /api/v1/openapi.json");
	expect(told.toSorted()).toEqual(served.toSorted());
	expect(knownLive().status().process).toBe("collector");
});
