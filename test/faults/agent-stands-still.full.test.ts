import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { LoadLine } from "./load-line.ts";
import { flowing } from "./outages.ts";
import { agentIs, counter, expectExplained, pause } from "./whole.ts";

describeWithPeer("mosquitto", "an agent that stands still", (mosquitto) => {
	test.each([
		{ name: "longer than its requests last", frozenMs: 40_000 },
		{ name: "longer than its sessions live", frozenMs: 75_000 },
	])(
		"$name invents no value: nothing twice, no Bad, every hole in the ledger as the agent's",
		{
			timeout: 5 * 60_000,
		},
		async ({ frozenMs }) => {
			const line = new LoadLine({ tags: 200 });
			onTestFinished(() => line.stop());
			await line.start(mosquitto, { rate: 1_000 });
			await flowing(line);
			const stoodBefore = await counter(line.agentUrl, "pilotline_agent_stood_still_total");
			line.agent.freeze();
			await pause(frozenMs);
			line.agent.thaw();
			await agentIs(line, ({ servers }) => servers.every(({ connected }) => connected), 10_000);
			await flowing(line);
			expect(await counter(line.agentUrl, "pilotline_agent_stood_still_total"), line.logs()).toBe(
				stoodBefore + 1,
			);
			const missing = await expectExplained(line, undefined);
			const notGood = line.store.rows<{ n: number }>(
				"SELECT count(*) AS n FROM sample s JOIN series x ON x.id = s.series WHERE x.tag LIKE 'T%' AND s.status <> 0",
			);
			const causes = new Set(line.store.gaps().map(({ cause }) => cause));
			process.stderr.write(
				`stood still for ${frozenMs} ms: ${missing} values missing, ${[...causes].join(", ") || "no"} gaps\n`,
			);
			expect({
				notGood: notGood[0]?.n,
				causes: [...causes].filter((cause) => cause !== "agent_down" && cause !== "server_overflow"),
			}).toEqual({ notGood: 0, causes: [] });
		},
	);
});
