import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { collectorConfig } from "../../collector/config.ts";
import { traceLinks } from "../../collector/genealogy/trace.ts";
import type { LinksQuery } from "../../collector/genealogy-port.ts";
import { specificationConfig } from "../../collector/specification.ts";
import { readChart, readCharts } from "../../collector/store/chart-query.ts";
import { readLinks } from "../../collector/store/genealogy-table.ts";
import { loadConfigFile } from "../../common/runtime/config-file.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { batchUnits } from "../simulators/plant/small-line.ts";
import { runDemo } from "./run-demo.ts";

const example = (name: string) => new URL(`../../examples/pilot-line/${name}.yaml`, import.meta.url).pathname;

test("a clean lot: what the line produced is stored, nothing is missing, violated or told", async () => {
	const folder = temporaryFolder();
	const { code, document, stderr } = await runDemo(["--lots", "1", "--data", folder]);
	expect(document.valuesProduced).toBeGreaterThan(500_000);
	expect(document.valuesStored, stderr).toBe(document.valuesProduced);
	expect(document).toMatchObject({ gaps: 0, violations: 0, webhooksDelivered: 0 });
	expect(document.lots).toEqual([{ id: expect.stringMatching(/^L\d{5}$/), verdict: "in", violations: 0 }]);
	const lot = String(document.lots[0]?.id);
	const rows = document.reconciliation[lot] ?? [];
	expect(Object.keys(document.reconciliation)).toEqual([lot]);
	expect(rows.map(({ unit }) => unit).sort()).toEqual(batchUnits.map(({ id }) => id).sort());
	for (const row of rows) {
		expect(row.produced).toBeGreaterThan(100);
		expect(row).toMatchObject({ lot, stored: row.produced, missing: 0, restarted: false, complete: true });
	}
	expect(stderr).not.toMatch(/produced, \d+ stored$/m);
	expect(code).toBe(0);
	chartsHaveTheLot(join(folder, "collector", "store.db"), lot);
	await madeOfWhatWasTold(join(folder, "collector", "store.db"), lot);
});

/** The lot's materials, batches and packages are known, and nothing of that holds it. */
async function madeOfWhatWasTold(path: string, lot: string): Promise<void> {
	const db = new DatabaseSync(path, { readOnly: true });
	const reading = async (query: LinksQuery) => readLinks(db, query);
	const { found } = await traceLinks(lot, "back", reading);
	const materials = new Set(found.filter(({ is }) => is === "material").map(({ material }) => material));
	expect([...materials].sort()).toEqual(["argon", "li2s", "licl", "p2s5", "solvent"]);
	expect(found.some(({ is }) => is === "batch")).toBe(true);
	const packed = (await traceLinks(lot, "forward", reading)).found;
	expect(packed.length).toBeGreaterThan(2);
	expect(new Set(packed.map(({ is }) => is))).toEqual(new Set(["package"]));
	const [supplied] = found.filter(({ material }) => material === "li2s");
	const forward = (await traceLinks(String(supplied?.id), "forward", reading)).found.map(({ id }) => id);
	expect(forward).toEqual(expect.arrayContaining([lot, packed[0]?.id]));
	const verdicts = db.prepare("SELECT canonical FROM lot_judgement WHERE lot = ?").all(lot);
	expect(verdicts.length).toBeGreaterThan(0);
	for (const { canonical } of verdicts) expect(String(canonical)).not.toContain("genealogy_gap");
	db.close();
}

/** Each window of the route has a chart, and the lot a point on it that counts and lies within the window. */
function chartsHaveTheLot(store: string, lot: string): void {
	const { value: specification } = loadConfigFile(example("specification"), specificationConfig, {});
	const { value: collector } = loadConfigFile(example("collector"), collectorConfig, {});
	const windows = specification.windows.filter(({ unit }) => collector.route.includes(unit));
	const db = new DatabaseSync(store, { readOnly: true });
	expect(readCharts(db, 500).map(({ characteristic }) => characteristic)).toEqual(
		windows.map(({ id }) => `${id}/mean`).sort(),
	);
	for (const { id, low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY } of windows) {
		const points = readChart(db, { characteristic: `${id}/mean`, limit: 500 })?.points ?? [];
		const point = points.find((one) => one.lot === lot);
		expect(point, id).toMatchObject({ revision: 1, rejected: undefined });
		expect(point?.samples, id).toBeGreaterThan(0);
		expect(point?.value, id).toBeGreaterThanOrEqual(low);
		expect(point?.value, id).toBeLessThanOrEqual(high);
	}
	db.close();
}
