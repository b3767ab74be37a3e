import { expect, test } from "vitest";
import { runDemo } from "./run-demo.ts";

test("a dew-point excursion violates the window of the packing room, makes the lot out and is told", async () => {
	const { code, document, stderr } = await runDemo(["--lots", "1", "--scenario", "dew-point-excursion"]);
	expect(document.valuesStored, stderr).toBe(document.valuesProduced);
	expect(document.gaps).toBe(0);
	expect(document.lots).toEqual([
		{ id: expect.stringMatching(/^L\d{5}$/), verdict: "out", violations: expect.any(Number) },
	]);
	expect(document.lots[0]?.violations).toBeGreaterThanOrEqual(1);
	expect(document.violations).toBeGreaterThanOrEqual(1);
	expect(document.webhooksDelivered).toBeGreaterThanOrEqual(1);
	expect(stderr).toMatch(
		/Webhook violation\.raised: K700\.AT03-pack in U700, lot L\d{5}, -\d+(\.\d+)? against -45 degC/,
	);
	// Nothing but what the scenario disturbs: the desiccant wheel, the dry room, and H2S in it.
	const windows = new Set([...stderr.matchAll(/Webhook violation\.raised: (\S+)/g)].map((match) => match[1]));
	expect([...windows].sort()).toEqual(["K700.AT03-pack", "K700.AT04-pack", "Y830.TT01-wheel"]);
	expect(code).toBe(0);
});
