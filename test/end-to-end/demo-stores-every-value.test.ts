import { expect, test } from "vitest";
import { runDemo } from "./run-demo.ts";

test("a clean lot: what the line produced is stored, nothing is missing, violated or told", async () => {
	const { code, document, stderr } = await runDemo(["--lots", "1"]);
	expect(document.valuesProduced).toBeGreaterThan(500_000);
	expect(document.valuesStored, stderr).toBe(document.valuesProduced);
	expect(document).toMatchObject({ gaps: 0, violations: 0, webhooksDelivered: 0 });
	expect(document.lots).toEqual([{ id: expect.stringMatching(/^L\d{5}$/), verdict: "in", violations: 0 }]);
	expect(stderr).not.toMatch(/produced, \d+ stored$/m);
	expect(code).toBe(0);
});
