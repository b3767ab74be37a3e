import { expect, test } from "vitest";
import { liveThrough } from "./runs.ts";

const first = 1_000_001;
const seeds = 100_000;

test(`in ${seeds} random lives of an agent and its collectors everything is stored once, or stands as a gap`, () => {
	for (let seed = first; seed < first + seeds; seed++) {
		try {
			liveThrough(seed);
		} catch (error) {
			throw new Error(`seed ${seed}`, { cause: error });
		}
	}
	expect.hasAssertions();
});
