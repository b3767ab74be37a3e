import { expect } from "vitest";
import type { LoadLine } from "./load-line.ts";
import { seeded, until } from "./until.ts";

interface AgentStatus {
	readonly servers: readonly { readonly connected: boolean; readonly tagsSubscribed: number }[];
}

/** Every tag gets a value this often, with the generator's tick; the first one missing is at most so much later. */
const periodMs = 250;

export type Victim = "agent" | "collector" | "broker";

/**
 * Kills the victims in turn under load, each after a time that the seed decides and sometimes with a pause before its
 * return; then holds the store against the generator's counters: nothing twice, and every hole in the ledger.
 */
export async function killInTurns(line: LoadLine, victims: readonly Victim[], seed: number): Promise<void> {
	const random = seeded(seed);
	const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
	const subscribed = () =>
		until<AgentStatus>(
			`${line.agentUrl}/status`,
			({ servers }) => servers.every((server) => server.connected && server.tagsSubscribed === line.tags + 1),
			60_000,
			() => line.logs(),
		);
	for (const victim of victims) {
		await subscribed();
		await wait(1_500 + random() * 1_000);
		await line[victim].kill();
		if (random() < 0.5) await wait(500 + random() * 1_000);
		line[victim].start();
	}
	await subscribed();
	await wait(2_000);
	const { producedByTag } = await line.halt();
	await until(
		`${line.agentUrl}/status`,
		() => Object.entries(producedByTag).every(([tag, value]) => line.lastStored(tag) === value),
		60_000,
		() => line.logs(),
	);
	const { missing, doubled } = line.examine();
	expect(doubled, `seed ${seed}`).toEqual([]);
	const gaps = line.gaps();
	const unexplained = missing.filter(
		({ tag, fromMs, toMs }) =>
			!gaps.some(
				(gap) => gap.device === tag.split("/")[0] && gap.fromMs <= fromMs + periodMs && gap.toMs >= toMs,
			),
	);
	expect(unexplained, `seed ${seed}; gaps: ${JSON.stringify(gaps)}`).toEqual([]);
	// A kill of the agent costs what the server sent nobody; every other kill costs nothing.
	const agentKills = victims.filter((victim) => victim === "agent").length;
	expect(gaps.map(({ cause }) => cause)).toEqual(Array.from({ length: agentKills }, () => "agent_down"));
	if (agentKills > 0) expect(missing.length).toBeGreaterThan(0);
	else expect(missing).toEqual([]);
}
