import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { specificationConfig } from "../../collector/specification.ts";
import { loadConfigFile } from "../../common/runtime/config-file.ts";
import { contextTags, JudgedLine, recordsOf, route } from "../collector/quality/final/judged-line.ts";
import { seeded, threeLots } from "../collector/quality/final/judged-story.ts";
import { runCommand } from "../helpers/run-command.ts";

const repository = new URL("../../", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "pilotline-test-"));

function specification(version: number, high: number): string {
	const path = join(folder, `specification-${version}.yaml`);
	writeFileSync(
		path,
		`kind: specification
schema: 1
product: { code: P, formula: F }
version: ${version}
author: one
approved_by: another
effective_from: 2026-01-01T00:00:00Z
windows:
  - { id: soak, unit: U1, tag: T1, phases: [SOAK], eu: K, low: 0, high: ${high}, concerns: [technical], reaction: look }
`,
	);
	return path;
}

async function replay(...args: string[]) {
	const program = ["--disable-warning=ExperimentalWarning", "cli/main.ts", "replay"];
	const config = ["--config", join(folder, "collector.yaml")];
	return await runCommand(process.execPath, [...program, ...config, ...args], { cwd: repository });
}

beforeAll(async () => {
	const first = specification(1, 10);
	specification(2, 20);
	writeFileSync(
		join(folder, "collector.yaml"),
		`kind: collector
schema: 1
host: test
groups: [pilot]
data_dir: .
broker: { url: "mqtt://127.0.0.1:1", insecure: true }
api: { port: 0 }
specification: specification-1.yaml
context: { batch: ${contextTags.batch}, lot: ${contextTags.lot}, recipe: ${contextTags.recipe}, phase: ${contextTags.phase} }
route: [${route.join(", ")}]
`,
	);
	const line = new JudgedLine(folder, loadConfigFile(first, specificationConfig, {}).value);
	await line.start();
	await line.deliver(recordsOf(threeLots(seeded(20_261_130)), (index) => index % 3 === 0));
	await line.judged();
	await line.stop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the present version gives again what is stored, byte for byte", async () => {
	const { code, stdout, stderr } = await replay("--json");
	expect(stderr).toBe("");
	const { lots } = JSON.parse(stdout);
	expect(lots.map((lot: { lot: string; same: boolean }) => [lot.lot, lot.same])).toEqual([
		["L1", true],
		["L2", true],
		["L3", true],
	]);
	expect(code).toBe(0);
});

test("a wider window: the lot that was out would be in, and it is said which window and why", async () => {
	const { code, stdout } = await replay("--spec", join(folder, "specification-2.yaml"));
	expect(stdout).toBe(`lot  verdict          now  window  batch  was  would be  why
L2   out (version 1)  in   soak    B1     out  in
3 lots by version 2 (specification-2.yaml): 1 would have another verdict.
`);
	expect(code).toBe(0);
});

test("a lot without a verdict is refused by name", async () => {
	const { code, stderr } = await replay("--lot", "L9");
	expect(stderr).toContain("expected a lot that has a verdict, found L9");
	expect(code).toBe(2);
});
