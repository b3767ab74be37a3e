import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer, withoutPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { caughtUp, flowing } from "./outages.ts";
import { expectWhole, pause } from "./whole.ts";

/** Makes the fsyncs of a process and all its threads fail, those that `when` picks; ends with `detach`. */
async function failSyncs(
	strace: string,
	pid: number,
	when: string,
): Promise<{ failed(): number; detach(): Promise<void>; refusal: string | undefined }> {
	const inject = `inject=fsync,fdatasync:error=EIO:when=${when}`;
	const child = spawn(strace, ["-f", "-p", String(pid), "-e", "trace=fsync,fdatasync", "-e", inject]);
	let said = "";
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		said += text;
	});
	const ended = once(child, "exit");
	while (!said.includes(`Process ${pid} attached`) && child.exitCode === null) await pause(20);
	return {
		failed: () => said.split("(INJECTED)").length - 1,
		detach: async () => {
			if (child.exitCode === null) child.kill("SIGINT");
			await ended;
		},
		refusal: said.includes("Operation not permitted") ? said : undefined,
	};
}

describeWithPeer("mosquitto", "a disk that fails", (mosquitto) => {
	describeWithPeer("strace", "when the collector's store asks for durability", (strace) => {
		for (const [when, title] of [
			["3", "one fsync"],
			["2+2", "every second fsync"],
			["1+", "every fsync for a while"],
		] as const) {
			test(`${title} gives EIO: the collector goes on or ends with a clear message, and all is stored once`, async (context) => {
				const line = new LoadLine({ tags: 50 });
				onTestFinished(() => line.stop());
				await line.start(mosquitto, { rate: 500 });
				await flowing(line);
				const faults = await failSyncs(strace, line.collector.pid, when);
				if (faults.refusal !== undefined) {
					withoutPeer(`the right to trace a process is missing: ${faults.refusal}`, process.env, context);
					return;
				}
				await expect.poll(() => faults.failed(), { timeout: 20_000 }).toBeGreaterThan(0);
				await pause(3_000);
				await faults.detach();
				if (line.collector.running) {
					expect(line.collector.log).toContain("nothing of a batch was stored or confirmed");
					await caughtUp(line, 60_000);
				} else {
					expect(line.collector.log).toMatch(/STORE_FAILED|disk I\/O error/);
				}
				// What a failed fsync left in the page cache must not count: only a new process reads the disk itself.
				await line.collector.restart();
				await caughtUp(line, 60_000);
				await expectWhole(line);
				expect(line.store.rows("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
			});
		}
	});
});
