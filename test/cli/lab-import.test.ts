import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { labImport } from "../../cli/lab-import.ts";
import { enteredResults } from "../../collector/laboratory/entry-json.ts";
import { resultEntries } from "../../collector/laboratory/result-entry.ts";
import type { LabResult } from "../../collector/laboratory-port.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const repository = new URL("../../", import.meta.url).pathname;
const head = "lot,test,value,unit,measured,detection limit,version,reason\n";

function fileOf(text: string): string {
	const file = join(temporaryFolder(), "results.csv");
	writeFileSync(file, text);
	return file;
}

async function lab(...args: string[]) {
	return await runCommand(
		process.execPath,
		["--disable-warning=ExperimentalWarning", join(repository, "cli/main.ts"), ...["lab", "import", ...args]],
		{ cwd: repository },
	);
}

test("a dry run says what would be entered and what is refused, with its place, and needs no collector", async () => {
	const file = fileOf(
		`${head}L1,d50,3.02,um,2026-01-05 14:30,,,\nL1,res_li2s,n.d.,wt%,2026-01-05 14:30,0.3,,\nL1,d90,7,furlong,2026-01-05 14:30,,,\n`,
	);
	const { code, stdout } = await lab(file, "--dry-run", "--time-zone", "Asia/Tokyo");
	expect(code).toBe(1);
	expect(stdout.split("\n")).toEqual([
		"line  lot  material  sample  test      value  unit  measured (UTC)       version",
		"   2  L1                     d50       3.02   um    2026-01-05 05:30:00        1",
		"   3  L1                     res_li2s  <0.3   wt%   2026-01-05 05:30:00        1",
		expect.stringMatching(/:4:10: expected a unit for d90: one of .*, found "furlong" \(UNIT_UNKNOWN\)$/),
		"2 results would be entered, 1 refused, 0 there twice.",
		"Next: the same command without --dry-run.",
		"",
	]);
});

test("what was asked in a wrong way, and a file that is not there, end with 2", async () => {
	expect((await lab("results.csv", "--dry-run", "--time-zone", "Tokyo")).code).toBe(2);
	const { code, stdout, stderr } = await lab(join(temporaryFolder(), "none.csv"), "--json");
	expect([code, stdout]).toEqual([2, ""]);
	expect(stderr).toMatch(/none\.csv: .*no such file/);
});

test("results are entered as they were read, at most 500 at once; what the collector refuses is told with its line", async () => {
	const lines = Array.from(
		{ length: 700 },
		(_, index) => `L${index},d50,${index === 600 ? "<0,3" : index},um,2026-01-05 14:30,,2,weighed again`,
	);
	const file = fileOf(head.replaceAll(",", ";") + lines.join("\n").replaceAll(/(?<!<0),/g, ";"));
	const taken: LabResult[] = [];
	const sizes: number[] = [];
	const server = createServer(async (request, response) => {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		expect([request.method, request.url]).toEqual(["POST", "/api/v1/laboratory/results"]);
		const { results } = resultEntries.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
		sizes.push(results.length);
		const entered = enteredResults(results, { road: "http", enteredMs: 1, enteredBy: "anna" });
		taken.push(...entered.results);
		const refused = results.flatMap(({ lot }, index) =>
			lot === "L650" ? [{ index, code: "LOT_CLOSED", message: "closed" }] : [],
		);
		response.end(JSON.stringify({ refused }));
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => void server.close());
	const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const { code, stdout } = await lab(file, "--time-zone", "UTC", "--api", api, "--json");
	const told = JSON.parse(stdout);
	expect({ code, taken: told.taken, refused: told.refused }).toEqual({
		code: 1,
		taken: 699,
		refused: [{ code: "LOT_CLOSED", message: "closed", line: 652, column: 1 }],
	});
	expect(sizes).toEqual([500, 200]);
	expect(taken[600]).toMatchObject({ lot: "L600", value: 0.3, censored: "below", version: 2, road: "http" });
});

test("a collector that does not answer is named, and nothing is said to be entered", async () => {
	const file = fileOf(`${head}L1,d50,3.02,um,2026-01-05T14:30Z,,,\n`);
	const options = { file, dryRun: false, json: false, api: "http://127.0.0.1:1", env: {} };
	await expect(labImport(options)).rejects.toMatchObject({ code: "API_UNREACHABLE" });
});
