import { onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { killInTurns, type Victim } from "./kill-turns.ts";
import { LoadLine } from "./load-line.ts";
import { seeded } from "./until.ts";

const kills = 200;
const seed = 20_261_125;
const victims: readonly Victim[] = ["agent", "collector", "broker"];

describeWithPeer("mosquitto", `${kills} kills in random turns`, (mosquitto) => {
	test("what is stored is stored once, and every hole stands in the ledger with its cause", {
		timeout: 50 * 60_000,
	}, async () => {
		const random = seeded(seed);
		const line = new LoadLine({ tags: 200 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { rate: 1_000 });
		await killInTurns(
			line,
			Array.from({ length: kills }, () => victims[Math.floor(random() * victims.length)] as Victim),
			seed,
		);
	});
});
