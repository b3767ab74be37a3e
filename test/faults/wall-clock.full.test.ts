import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { caughtUp, flowing, without } from "./outages.ts";
import type { ProcessUnderTest } from "./process-under-test.ts";
import { expectExplained, expectWhole, pause, settle, subscribed } from "./whole.ts";

const hourMs = 3_600_000;

const sharedMemory = "/dev/shm";

/**
 * Removes what faketime left of processes that were killed: a later process of the same number would find it and not
 * start.
 */
function removeLeftovers(): void {
	for (const name of readdirSync(sharedMemory)) {
		const pid = /^(?:sem\.)?faketime_(?:sem|shm)_(\d+)$/.exec(name)?.[1];
		if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(sharedMemory, name), { force: true });
	}
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code !== "ESRCH";
	}
}

/** A process's wall clock, moved while it runs; its monotonic clock stays as it is. */
class MovedClock {
	readonly env: NodeJS.ProcessEnv;
	readonly #file: string;

	constructor(faketime: string, file: string) {
		this.#file = file;
		removeLeftovers();
		const settings = execFileSync(faketime, ["-m", "-f", "+0", "env"], { encoding: "utf8" });
		const library = /^LD_PRELOAD=(.*)$/m.exec(settings)?.[1];
		if (library === undefined) throw new Error(`expected faketime to name its library, found ${settings}`);
		this.env = {
			LD_PRELOAD: library,
			FAKETIME_TIMESTAMP_FILE: file,
			FAKETIME_NO_CACHE: "1",
			FAKETIME_DONT_FAKE_MONOTONIC: "1",
			DONT_FAKE_MONOTONIC: "1",
		};
		this.move(0);
	}

	move(ms: number): void {
		writeFileSync(this.#file, `${ms < 0 ? "-" : "+"}${Math.abs(ms / 1_000)}\n`);
	}
}

/** How far the clock is off by which a process wrote its last line. */
function offMs({ log }: ProcessUnderTest): number {
	const last = log.trimEnd().split("\n").at(-1) ?? "";
	return Date.parse((JSON.parse(last) as { time: string }).time) - Date.now();
}

describeWithPeer("mosquitto", "a wall clock that jumps by an hour", (mosquitto) => {
	describeWithPeer("faketime", "under the plant server, agent and collector", (faketime) => {
		const lineOf = async (): Promise<{ line: LoadLine; agent: MovedClock; collector: MovedClock }> => {
			const line = new LoadLine({ tags: 50 });
			// The last one registered comes first: what the processes leave is removed when they have ended.
			onTestFinished(removeLeftovers);
			onTestFinished(() => line.stop());
			const agent = new MovedClock(faketime, join(line.directory, "agent.clock"));
			const collector = new MovedClock(faketime, join(line.directory, "collector.clock"));
			await line.start(mosquitto, { rate: 500, agentEnv: agent.env, collectorEnv: collector.env });
			await flowing(line);
			return { line, agent, collector };
		};

		test("there and back, together: nothing is lost, doubled or stuck", async () => {
			const { line, agent, collector } = await lineOf();
			for (const ms of [hourMs, 0, -hourMs, 0]) {
				agent.move(ms);
				collector.move(ms);
				await pause(2_000);
				await flowing(line);
				await without(line, "broker", 3_000, 30_000);
				expect(Math.abs(offMs(line.agent) - ms), `clock moved by ${ms} ms`).toBeLessThan(60_000);
				expect(Math.abs(offMs(line.collector) - ms), `clock moved by ${ms} ms`).toBeLessThan(60_000);
			}
			await expectWhole(line);
		});

		test("only the collector's, which starts again an hour earlier than it was", async () => {
			const { line, collector } = await lineOf();
			collector.move(hourMs);
			await without(line, "collector", 2_000, 30_000);
			// The agent has seen a STATE of the hour ahead and stays connected.
			collector.move(0);
			await without(line, "collector", 2_000, 30_000);
			collector.move(-hourMs);
			await without(line, "collector", 2_000, 30_000);
			await expectWhole(line);
		});

		test("only the plant server's: the hour that it leaves out is a gap, the hour that comes twice is stored twice", async () => {
			const line = new LoadLine({ tags: 50 });
			onTestFinished(() => line.stop());
			const plant = new MovedClock(faketime, join(line.directory, "plant.clock"));
			await line.start(mosquitto, { rate: 500, loadEnv: plant.env });
			await flowing(line);
			for (const ms of [hourMs, 0, hourMs]) {
				plant.move(ms);
				await pause(2_000);
				await flowing(line);
			}
			await settle(line, 60_000);
			// Source times go back here, so the order in which things came about is that of positions.
			const counted = line.store.rows<{ tag: string; stored: number; different: number; newest: number }>(
				`SELECT tag, count(*) AS stored, count(DISTINCT value) AS different, max(value) AS newest
				FROM sample JOIN series ON series.id = sample.series WHERE device = 'L001' AND tag <> 'Phase' AND status = 0 GROUP BY series`,
			);
			const { producedByTag } = await line.halt();
			for (const { tag, ...counts } of counted) {
				const produced = producedByTag[`L001/${tag}`];
				expect(counts, tag).toEqual({ stored: produced, different: produced, newest: produced });
			}
			expect(counted).toHaveLength(Object.keys(producedByTag).length);
			expect(line.store.conflicts()).toBe(0);
			const gaps = line.store.gaps();
			expect(gaps.map(({ cause }) => cause)).toEqual(["clock", "clock"]);
			for (const { fromMs, toMs } of gaps) expect(toMs - fromMs).toBeGreaterThan(0.99 * hourMs);
		});

		test("only the agent's, which starts again an hour earlier than it was", async () => {
			const { line, agent } = await lineOf();
			for (const ms of [hourMs, -hourMs]) {
				agent.move(ms);
				await flowing(line);
				await line.agent.kill();
				line.agent.start();
				await subscribed(line);
				await caughtUp(line, 30_000);
				await flowing(line);
			}
			await expectExplained(line, ["agent_down", "agent_down"]);
		});
	});
});
