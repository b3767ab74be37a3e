import { test } from "vitest";
import { shortBench } from "./short-bench.ts";

test("a short benchmark from the agent's port: nothing lost, nothing doubled, every figure there", () =>
	shortBench("port", 1_000, 20_000));
