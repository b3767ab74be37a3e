import { expect } from "vitest";
import { runCommand } from "../helpers/run-command.ts";
import { nodeArguments, repository } from "./run-demo.ts";

/** Five seconds of the benchmark: nothing may be lost or doubled, and every figure is there. */
export async function shortBench(source: "opcua" | "port", tags: number, rate: number): Promise<void> {
	const load = ["--source", source, "--tags", String(tags), "--rate", String(rate)];
	const args = ["bench", ...load, "--seconds", "5", "--json"];
	const outcome = await runCommand(process.execPath, [...nodeArguments, ...args], { cwd: repository });
	expect(outcome.code, outcome.stderr).toBe(0);
	const result = JSON.parse(outcome.stdout);
	expect(result).toMatchObject({ source, lost: 0, duplicated: 0 });
	expect(result.stored).toBe(result.offered);
	expect(result.offered).toBeGreaterThan(rate * 4);
	for (const figure of [
		result.agent.cpuSecondsPerMillion,
		result.collector.cpuSecondsPerMillion,
		result.agent.peakMemoryMB,
		result.latencyMs.p99,
		result.journalBytesPerValue,
	]) {
		expect(figure).toBeGreaterThan(0);
	}
	expect(result.journalBytesPerValue).toBeLessThanOrEqual(25);
}
