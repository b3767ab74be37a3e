import { expect, test } from "vitest";
import { batchUnits } from "../simulators/plant/small-line.ts";
import { runDemo } from "./run-demo.ts";

test("a clean lot: what the line produced is stored, nothing is missing, violated or told", async () => {
	const { code, document, stderr } = await runDemo(["--lots", "1"]);
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
});
