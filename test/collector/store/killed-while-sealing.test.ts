import { expect, test } from "vitest";
import { killWhileSealing } from "./kill-turns.ts";

test("after kill -9 while parts are sealed and put together, every confirmed sample is there once", async () => {
	let turn = 0;
	const { parts } = await killWhileSealing(4, () => ((turn++ * 7) % 11) / 11);
	expect(parts).toBeGreaterThan(0);
});
