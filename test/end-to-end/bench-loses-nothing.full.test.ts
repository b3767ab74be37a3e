import { test } from "vitest";
import { shortBench } from "./short-bench.ts";

test("a short benchmark from OPC UA: nothing lost, nothing doubled, every figure there", () =>
	shortBench("opcua", 200, 1_000));
