import { expect, test } from "vitest";
import { runCommand } from "../helpers/run-command.ts";
import { nodeArguments, repository } from "./run-demo.ts";

test.each([
	["opcua", "200", "1000"],
	["port", "1000", "20000"],
])(
	"a short benchmark from %s: nothing lost, nothing doubled, every figure there",
	async (source, tags, rate) => {
		const args = ["bench", "--source", source, "--tags", tags, "--rate", rate, "--seconds", "5", "--json"];
		const outcome = await runCommand(process.execPath, [...nodeArguments, ...args], { cwd: repository });
		expect(outcome.code, outcome.stderr).toBe(0);
		const result = JSON.parse(outcome.stdout);
		expect(result).toMatchObject({ source, lost: 0, duplicated: 0 });
		expect(result.stored).toBe(result.offered);
		expect(result.offered).toBeGreaterThan(Number(rate) * 4);
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
	},
);
