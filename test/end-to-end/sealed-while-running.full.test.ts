import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { runDemo } from "./run-demo.ts";

test("a lot whose values are sealed while agent and line run: as many are stored as were produced, and it is judged in", async () => {
	const folder = temporaryFolder();
	const sealedAt = 10_000;
	const { code, document, stderr } = await runDemo(["--lots", "1", "--data", folder], "default", {
		PILOTLINE_SEAL_SAMPLES_MAX: String(sealedAt),
	});
	expect(code, stderr).toBe(0);
	expect(document).toMatchObject({ gaps: 0, violations: 0 });
	expect(document.valuesProduced).toBeGreaterThan(500_000);
	expect(document.valuesStored, stderr).toBe(document.valuesProduced);
	expect(document.lots).toEqual([{ id: expect.stringMatching(/^L\d{5}$/), verdict: "in", violations: 0 }]);
	expect(stderr).not.toMatch(/produced, \d+ stored$/m);

	const collector = join(folder, "collector");
	const db = new DatabaseSync(join(collector, "store.db"), { readOnly: true });
	const parts = db.prepare("SELECT file, samples FROM part WHERE state = 'listed'").all();
	const hot = Number(db.prepare("SELECT count(*) AS n FROM sample").get()?.n);
	const counted = Number(db.prepare("SELECT sum(samples) AS n FROM count_by_series").get()?.n);
	db.close();
	const sealed = parts.reduce((sum, { samples }) => sum + Number(samples), 0);
	expect(sealed).toBeGreaterThan(document.valuesStored / 2);
	// Rows that are sealed may not be deleted yet.
	expect(sealed + hot).toBeGreaterThanOrEqual(counted);
	const files = readdirSync(join(collector, "parts"));
	for (const { file } of parts) expect(files).toContain(String(file));
	expect(parts.length).toBeGreaterThan(10);
	expect(parts.length).toBeLessThan((2 * counted) / sealedAt);
});
