import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { flowRate } from "../../fixtures/spc/published.ts";
import { runCommand } from "../../helpers/run-command.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { column, subgrouped } from "./charted.ts";

const root = new URL("../../../", import.meta.url).pathname;

function spc(args: readonly string[], input = "") {
	return runCommand(process.execPath, ["cli/main.ts", "spc", ...args], {
		cwd: root,
		withinMs: 20_000,
		input,
	});
}

test("JSON is one document on standard output, from a file or standard input, and nothing else", async () => {
	const file = join(temporaryFolder(), "flow.csv");
	writeFileSync(file, column(flowRate));
	const [of, input] = await Promise.all([spc([file, "--json"]), spc(["-", "--json"], column(flowRate))]);
	expect([of.code, of.stderr]).toEqual([0, ""]);
	expect(JSON.parse(of.stdout)).toMatchObject({ chart: "imr", n: 10, signals: [] });
	expect(input.stdout).toBe(of.stdout);
});

test("text shows chart, table, false alarms and the badge; the picture is written beside it", async () => {
	const folder = temporaryFolder();
	const [file, svg] = [join(folder, "flow.csv"), join(folder, "flow.svg")];
	writeFileSync(file, column(flowRate));
	const { code, stdout, stderr } = await spc([file, "--svg", svg]);
	expect([code, stderr]).toEqual([0, `wrote ${svg}\n`]);
	for (const part of [
		/^Individuals and moving ranges \(I-MR\) {2}flow\.csv$/m,
		/^center 50\.81, sigma 1\.6641, limits 45\.82 to 55\.80$/m,
		/^provisional: 10 points of the 25 wanted; t-limits for the next one 42\.08 to 59\.54$/m,
		/^ {2}┄+ UCL 55\.80$/m,
		/^ {4}2 {2}47\.60 {2}45\.82 {2}55\.80 {10}2\.00$/m,
		/^a false alarm every 217 points in control were the limits known; /m,
	])
		expect(stdout).toMatch(part);
	expect(readFileSync(svg, "utf8")).toMatch(
		/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*<\/svg>\n$/,
	);
});

test("bad values end with 1 and every place, also as JSON; bad usage with 2; a missing file with 2", async () => {
	const file = join(temporaryFolder(), "bad.csv");
	writeFileSync(file, subgrouped([[1, 2], [3]]).replace("2,3", "2,three"));
	const [text, json, usage, missing] = await Promise.all([
		spc([file, "--chart", "xbar-r"]),
		spc([file, "--chart", "xbar-r", "--json"]),
		spc([file, "--chart", "imr", "--lambda", "0.2"]),
		spc(["nowhere.csv"]),
	]);
	const message = 'row 3, value: expected a number, found "three"';
	expect([text.code, text.stdout, text.stderr]).toEqual([
		...[1, "", `pilotline: VALUES_INVALID: ${file}:4:3: ${message}\n`],
	]);
	expect(json.code).toBe(1);
	expect(JSON.parse(json.stdout)).toEqual({
		error: { code: "VALUES_INVALID", file, problems: [{ line: 4, column: 3, message }] },
	});
	expect(usage.code).toBe(2);
	expect(usage.stderr).toBe("pilotline: USAGE: --lambda: expected with --chart ewma, found imr\n");
	expect(missing.code).toBe(2);
	expect(missing.stderr).toMatch(
		/^pilotline: CONFIG_UNREADABLE: nowhere\.csv: expected a file of values: ENOENT/,
	);
});
