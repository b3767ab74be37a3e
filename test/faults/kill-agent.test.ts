import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { seeded, until } from "./until.ts";

interface AgentStatus {
	readonly servers: readonly { readonly connected: boolean; readonly tagsSubscribed: number }[];
	readonly delivery: { readonly unconfirmedRecords: number };
}

/** Every tag gets a value this often, with the generator's tick; the first one missing is at most so much later. */
const periodMs = 250;

describeWithPeer("mosquitto", "kill -9 of agent, collector and broker in turns", (mosquitto) => {
	test("what is stored is stored once, and every hole stands in the ledger with its cause", async () => {
		const seed = 20_261_124;
		const random = seeded(seed);
		const line = new LoadLine({ tags: 200 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 1_000 });
		const subscribed = () =>
			until<AgentStatus>(
				`${line.agentUrl}/status`,
				({ servers }) => servers.every((server) => server.connected && server.tagsSubscribed === 201),
				30_000,
				() => line.logs(),
			);
		const victims = [line.agent, line.collector, line.agent, line.broker, line.agent];
		for (const victim of victims) {
			await subscribed();
			await new Promise((resolve) => setTimeout(resolve, 1_500 + random() * 1_000));
			await victim.kill();
			if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, 500 + random() * 1_000));
			victim.start();
		}
		await subscribed();
		await new Promise((resolve) => setTimeout(resolve, 2_000));
		const { producedByTag } = await line.halt();
		await until<AgentStatus>(
			`${line.agentUrl}/status`,
			() =>
				[...line.examine().last].length === 200 &&
				[...line.examine().last].every(([tag, value]) => value === producedByTag[tag]),
			30_000,
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
		// Three kills of the agent lose what the server sent nobody; the others lose nothing.
		expect(gaps.map(({ cause }) => cause)).toEqual(["agent_down", "agent_down", "agent_down"]);
		expect(missing.length).toBeGreaterThan(0);
	});
});
