import { expect, test } from "vitest";
import { killWhileSealing } from "./kill-turns.ts";

test("100 kill -9 at random moments while parts are sealed and put together lose and double nothing", async () => {
	const { parts } = await killWhileSealing(100, Math.random);
	expect(parts).toBeGreaterThan(0);
}, 900_000);
