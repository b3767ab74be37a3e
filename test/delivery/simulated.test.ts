import { expect, test } from "vitest";
import { liveThrough } from "./runs.ts";

const seeds = 1_000;

test(`in ${seeds} random lives of an agent and its collectors everything is stored once, or stands as a gap`, () => {
	for (let seed = 1; seed <= seeds; seed++) {
		try {
			liveThrough(seed);
		} catch (error) {
			throw new Error(`seed ${seed}`, { cause: error });
		}
	}
	expect.hasAssertions();
});
