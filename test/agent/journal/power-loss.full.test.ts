import { expect, test } from "vitest";
import { liveThroughSeeds } from "./power-loss-run.ts";

const seeds = 10_000;
const first = 1_000_001;

test(`in ${seeds} random histories with power cuts, what was durable is there or its gap record is`, async () => {
	const counts = await liveThroughSeeds(first, first + seeds - 1);
	expect(counts.cuts).toBeGreaterThan(seeds);
	expect(counts.gapRecords).toBeGreaterThan(seeds / 2);
});
