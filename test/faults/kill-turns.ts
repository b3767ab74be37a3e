import { expect } from "vitest";
import type { LoadLine } from "./load-line.ts";
import { seeded } from "./until.ts";
import { expectExplained, pause, subscribed } from "./whole.ts";

export type Victim = "agent" | "collector" | "broker";

/**
 * Kills the victims in turn under load, each after a time that the seed decides and sometimes with a pause before its
 * return; then holds the store against the generator's counters: nothing twice, and every hole in the ledger.
 */
export async function killInTurns(line: LoadLine, victims: readonly Victim[], seed: number): Promise<void> {
	const random = seeded(seed);
	for (const victim of victims) {
		await subscribed(line);
		await pause(1_500 + random() * 1_000);
		await line[victim].kill();
		if (random() < 0.5) await pause(500 + random() * 1_000);
		line[victim].start();
	}
	await subscribed(line);
	await pause(2_000);
	// A kill of the agent costs what the server sent nobody; every other kill costs nothing.
	const agentKills = victims.filter((victim) => victim === "agent").length;
	const missing = await expectExplained(
		line,
		Array.from({ length: agentKills }, () => "agent_down"),
		120_000,
	);
	if (agentKills > 0) expect(missing).toBeGreaterThan(0);
	else expect(missing).toBe(0);
}
