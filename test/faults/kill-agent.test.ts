import { onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { killInTurns } from "./kill-turns.ts";
import { LoadLine } from "./load-line.ts";

describeWithPeer("mosquitto", "kill -9 of agent, collector and broker in turns", (mosquitto) => {
	test("what is stored is stored once, and every hole stands in the ledger with its cause", async () => {
		const line = new LoadLine({ tags: 200 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 1_000 });
		await killInTurns(line, ["agent", "collector", "agent", "broker", "agent"], 20_261_124);
	});
});
