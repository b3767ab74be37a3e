// The heart of the promise: whatever happens to the collector on the way, the same journal gives the same verdicts.

import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { LotJudgement } from "../../collector/judgement-port.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { FaultLine } from "./fault-line.ts";
import { LineVerdicts } from "./line-verdicts.ts";
import { seeded } from "./until.ts";
import { pause } from "./whole.ts";

const lineHours = 110;
const speed = 4_000;
const lotsLeast = 2;
/** The collector comes when so much of the line has run: live values and a backlog then arrive side by side. */
const heardFromShare = 0.6;

/** A second host that never comes: the journal forgets nothing, and can be delivered again. */
const recording = (text: string) =>
	text
		.replace("hosts:\n  - id: pilotline\n", "hosts:\n  - id: pilotline\n  - id: recorder\n")
		.replaceAll("queue_size: 5000", "queue_size: 1000");

/** Half way a server's queue overflows; what it lost is read from the server's history, behind what came later. */
const withBackfill = (text: string) =>
	`${text.replace("history_values: 0", "history_values: 3000")}
server_faults:
  - { kind: overflow, server: dry-and-fire, from_hours: 50, size: 1500 }
`;

describeWithPeer("mosquitto", "one recorded journal", (mosquitto) => {
	test("gives the same verdicts, byte for byte, in any order of the lanes, after 20 random kill -9 of the collector and when judged anew", async () => {
		const seed = 20_261_201;
		const random = seeded(seed);
		const line = new FaultLine();
		onTestFinished(() => line.stop());
		await line.start(mosquitto, {
			...{ speed, startsHoursAgo: lineHours, unheard: true },
			...{ agentFile: recording, simulatorFile: withBackfill },
		});
		const verdicts = new LineVerdicts(line);
		const lineMs = (lineHours * 3_600_000) / speed;
		await pause(lineMs * heardFromShare);
		line.collector.start();
		await pause(lineMs * (1 - heardFromShare) + 5_000);
		const { produced } = await line.halt();
		const lanes = await verdicts.settled({ samples: produced, lots: lotsLeast });
		// The same again by a program that knows nothing but what is stored.
		const replay = await line.command(["replay", "--config", "examples/pilot-line/collector.yaml"]);
		expect(replay.code, replay.printed).toBe(0);
		const facts = verdicts.stored();
		expect(facts.filled, "a gap that was filled from a server's history").toBeGreaterThan(0);
		expect(facts.results, "laboratory results").toBeGreaterThan(0);
		expect(facts.overtaken, "records that a later one overtook").toBeGreaterThan(0);
		await line.simulator.kill();
		const recorded = join(line.directory, "recorded");
		cpSync(join(line.directory, "agent"), recorded, { recursive: true });
		expect(readdirSync(recorded).length, line.logs()).toBeGreaterThan(0);

		const deliver = async (meanwhile: () => Promise<void>): Promise<Map<string, string>> => {
			verdicts.deliver(recorded);
			await meanwhile();
			return await verdicts.settled({ samples: produced, lots: lotsLeast });
		};
		const straight = await deliver(async () => {});
		const killed = await deliver(async () => {
			for (let kill = 0; kill < 20; kill++) {
				await pause(400 + random() * 2_600);
				await line.collector.restart();
			}
		});
		for (const [how, forms] of Object.entries({ killed, lanes })) {
			expect([...forms.keys()], `seed ${seed}, ${how}`).toEqual([...straight.keys()]);
			for (const [lot, form] of straight)
				expect(forms.get(lot) === form, `seed ${seed}, ${how}: ${lot}`).toBe(true);
		}
		const judged = [...straight.values()].map((form) => JSON.parse(form) as LotJudgement);
		process.stdout.write(
			`${judged.map(({ lot, stage, verdict }) => `${lot} ${stage} ${verdict}`).join(", ")}; ${facts.filled} filled, ${facts.results} results, ${facts.overtaken} records overtaken\n`,
		);
		expect(judged.filter(({ verdict }) => verdict === "in").length).toBeGreaterThanOrEqual(lotsLeast);
	}, 1_200_000);
});
