import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { runDemo } from "./run-demo.ts";

const frozenMs = 40_000;

test("an agent that stands still for 40 s loses nothing, says nothing of the plant, and its lot is judged", {
	timeout: 7 * 60_000,
}, async () => {
	const folder = temporaryFolder();
	const running = runDemo(["--lots", "1", "--data", folder], "default");
	const fileOf = (...path: string[]) => {
		try {
			return readFileSync(join(folder, ...path), "utf8");
		} catch {
			return "";
		}
	};
	const log = () => fileOf("logs", "agent.log");
	const connected = () => log().split("plant server connected and subscribed").length - 1;
	await vi.waitFor(() => expect(connected()).toBe(4), { timeout: 60_000, interval: 200 });
	// Its lock begins with the process id.
	const pid = Number.parseInt(fileOf("agent", "lock"), 10);
	expect(pid).toBeGreaterThan(1);
	process.kill(pid, "SIGSTOP");
	onTestFinished(() => {
		try {
			process.kill(pid, "SIGCONT");
		} catch {
			// The demonstration has ended it.
		}
	});
	await new Promise((resolve) => setTimeout(resolve, frozenMs));
	process.kill(pid, "SIGCONT");
	const { code, document, stderr } = await running;
	expect(fileOf("logs", "agent.log")).toContain("the agent itself stood still");
	expect(code, stderr).toBe(0);
	expect(document).toMatchObject({ lots: [{ verdict: "in" }], gaps: 0, violations: 0 });
	expect(document.valuesStored).toBe(document.valuesProduced);
	expect(stderr).not.toMatch(/produced, \d+ stored$/m);
});
