import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { htmlPage } from "../../cli/specification/page.ts";
import { limitsText, planRows } from "../../cli/specification/plan-rows.ts";
import { specificationConfig } from "../../collector/specification.ts";
import { loadConfigFile } from "../../common/runtime/config-file.ts";
import { windowFrom } from "../collector/specification-of.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const root = new URL("../../", import.meta.url).pathname;
const example = "examples/pilot-line/specification.yaml";

function pilotline(...args: string[]) {
	return runCommand(process.execPath, ["--disable-warning=ExperimentalWarning", "cli/main.ts", ...args], {
		cwd: root,
		env: process.env,
		withinMs: 20_000,
	});
}

const look = { id: "w", unit: "U", tag: "T", eu: "kg", concerns: ["technical" as const], reaction: "look" };

describe("limits are written so that a reader sees which side counts", () => {
	test.each([
		[windowFrom({ ...look, low: 1, high: 2, target: 1.5 }), "1 ≤ x ≤ 2 kg, target 1.5"],
		[windowFrom({ ...look, high: 2, exclusive: ["high"], eu: "1" }), "x < 2"],
		[
			windowFrom({ ...look, low: 1, alert_low: 1.1, action_low: 1.05 }),
			"1 ≤ x kg, alert below 1.1, action below 1.05",
		],
		[
			windowFrom({
				...look,
				low: 1,
				high: 2,
				alert_low: 1.2,
				alert_high: 1.8,
				uncertainty_percent: 3,
				decision: "guarded",
			}),
			"1 ≤ x ≤ 2 kg, alert below 1.2 or above 1.8, U 3 % (guarded)",
		],
	])("%#", (window, text) => {
		expect(limitsText(window)).toBe(text);
	});
});

describe("the plans of the example", () => {
	const { value: specification } = loadConfigFile(join(root, example), specificationConfig, {});
	const rows = planRows(specification);

	test("have a row with a reaction and an owner for everything that is judged", () => {
		const { windows, aggregates, laboratory, materials } = specification;
		expect(rows.map(({ id }) => id)).toEqual(
			[...windows, ...aggregates, ...laboratory, ...materials].map(({ id }) => id),
		);
		expect(
			rows.filter(({ reaction, owner, condition }) => [reaction, owner, condition].includes("")),
		).toEqual([]);
	});

	test("say what the hold rules propose", () => {
		const of = (id: string) => rows.find((row) => row.id === id);
		expect(of("sigma_ion")).toMatchObject({
			class: "CC",
			specification: "3 ≤ x mS/cm, target 3.8, U 4.6 %",
			condition: "below 3 mS/cm, or overdue",
			...{ whenOut: "rework or reject", whenNotEvaluable: "hold", sampleSize: "3", frequency: "each lot" },
		});
		expect(of("F500.TT01-soak")).toMatchObject({
			process: "U500 SOAK",
			condition: "below 495 or above 505 degC for 1 min",
			...{ whenOut: "hold", concernsProductOrProcess: "process" },
		});
		expect(of("Li2S.assay")).toMatchObject({ frequency: "each lot, again after 90 d" });
	});

	test("cannot run what somebody wrote into a name", () => {
		const bad = '<script>alert("x")</script>';
		const page = htmlPage(bad, [bad], [{ title: bad, head: [bad], rows: [[bad]] }]);
		expect(page).not.toContain("<script");
		expect(page.match(/&lt;script/g)).toHaveLength(6);
	});
});

describe("pilotline spec print", () => {
	test("prints both plans as tables that line up, under the version's head", async () => {
		const { code, stdout, stderr } = await pilotline(
			"spec",
			"print",
			example,
			"--control-plan",
			"--reaction-plan",
		);
		const lines = stdout.split("\n");
		expect([code, stderr, lines[0]]).toEqual([0, "", "LPSCl-3A (Li6PS5Cl), specification version 1"]);
		const heads = lines.filter((line) => line.startsWith("no."));
		expect(heads).toHaveLength(2);
		const column = heads[1]?.indexOf("when") ?? 0;
		const first = lines.lastIndexOf(heads[1] as string) + 1;
		for (const line of lines.slice(first, first + 40))
			expect(line.slice(column - 2, column + 1)).toMatch(/^ {2}\S/);
	});

	test("prints one JSON document, and one page", async () => {
		const { stdout } = await pilotline("spec", "print", example, "--json");
		expect(JSON.parse(stdout)).toMatchObject({
			product: "LPSCl-3A",
			status: "approved",
			hash: expect.any(String),
		});
		const page = await pilotline("spec", "print", example, "--control-plan", "--html");
		expect(page.stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
	});
});

describe("pilotline spec approve and retire", () => {
	const text = `# Ours.
kind: specification
schema: 1
product: { code: P, formula: F }
version: 1
status: draft # until somebody has looked
author: A. Ito
effective_from: 2026-01-01
windows:
  - { id: w, unit: U, tag: T, eu: degC, high: 20.50, concerns: [technical], reaction: look }
`;

	function draft(): string {
		const file = join(temporaryFolder(), "s.yaml");
		writeFileSync(file, text);
		return file;
	}

	test("write the life into the file, keep comments, and never change what was approved", async () => {
		const file = draft();
		const approved = await pilotline(
			"spec",
			"approve",
			file,
			"--by",
			"B. Weber",
			"--reason",
			"25 lots seen",
			"--json",
		);
		expect([approved.code, approved.stderr]).toEqual([0, ""]);
		const told = JSON.parse(approved.stdout);
		expect(told).toMatchObject({ product: "P", version: 1, status: "approved", by: "B. Weber" });
		const now = readFileSync(file, "utf8");
		expect(now).toContain("# Ours.");
		expect(now).toContain("status: approved # until somebody has looked");
		expect(now).toContain("approved_by: B. Weber");
		expect(now).toContain("high: 20.50");
		const retired = await pilotline(
			...[
				"spec",
				"retire",
				file,
				"--by",
				"B. Weber",
				"--reason",
				"new mill",
				"--from",
				"2026-06-01T00:00:00Z",
				"--json",
			],
		);
		expect(JSON.parse(retired.stdout)).toMatchObject({ status: "retired", hash: told.hash });
		expect((await pilotline("check", file)).code).toBe(0);
	});

	test.each([
		[
			["approve", "--by", "a. ito", "--reason", "r"],
			"expected another person than the author to approve, found A. Ito for both",
		],
		[["approve", "--by", "B", "--reason", " "], "expected a reason, found nothing"],
		[
			["retire", "--by", "B", "--reason", "r", "--from", "2026-06-01"],
			"expected an approved version, found a version that is draft",
		],
		[["retire", "--by", "B", "--reason", "r", "--from", "soon"], "expected a time such as"],
	])("refuse %j, and leave the file as it was", async ([action, ...more], message) => {
		const file = draft();
		const { code, stderr } = await pilotline("spec", action as string, file, ...more);
		expect(stderr).toContain(message);
		expect([code, readFileSync(file, "utf8")]).toEqual([2, text]);
	});
});
