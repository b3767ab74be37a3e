import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { runDemo } from "./run-demo.ts";

const dayMs = 86_400_000;

test("two days of the line at the demo's own speed: for every tag as many values are stored as were produced", async () => {
	const folder = temporaryFolder();
	const { code, document, stderr } = await runDemo(["--lots", "1", "--data", folder], "default");
	expect(code, stderr).toBe(0);
	expect(document).toMatchObject({ gaps: 0, violations: 0 });
	expect(document.valuesProduced).toBeGreaterThan(500_000);
	expect(document.valuesStored).toBe(document.valuesProduced);
	// The demo names each tag of which another number is stored.
	expect(stderr).not.toMatch(/produced, \d+ stored$/m);
	const db = new DatabaseSync(join(folder, "collector", "store.db"), { readOnly: true });
	const spans = db
		.prepare(
			`SELECT s.device AS unit, max(v.source_ms) - min(v.source_ms) AS ms
			FROM sample v JOIN series s ON s.id = v.series WHERE s.tag = 'Heartbeat' GROUP BY s.device`,
		)
		.all() as { unit: string; ms: number }[];
	const links = db
		.prepare(
			`SELECT s.device AS unit, c.samples AS samples FROM count_by_series c JOIN series s ON s.id = c.series
			WHERE s.tag = 'Genealogy'`,
		)
		.all() as { unit: string; samples: number }[];
	db.close();
	// Ten units, the laboratory, and its results once more.
	expect(spans).toHaveLength(12);
	for (const { unit, ms } of spans) expect(ms / dayMs, unit).toBeGreaterThan(2);
	expect(links.map(({ unit }) => unit).sort()).toEqual(["U200", "U300", "U500", "U650", "U700"]);
	for (const { unit, samples } of links) expect(samples, unit).toBeGreaterThan(1);
});
