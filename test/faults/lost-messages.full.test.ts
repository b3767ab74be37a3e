import { expect, onTestFinished, test } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { Commander } from "./commander.ts";
import { LoadLine } from "./load-line.ts";
import { anyOf, everyNth, type Loss, shareOf } from "./mqtt-proxy.ts";
import { flowing } from "./outages.ts";
import { seeded } from "./until.ts";
import { agentIs, expectWhole, pause } from "./whole.ts";

const minuteMs = 60_000;
const seed = 20_261_127;

describeWithPeer("mosquitto", "messages that are lost for minutes, until the very end", (mosquitto) => {
	const lineOf = async (): Promise<LoadLine> => {
		const line = new LoadLine({ tags: 100 });
		onTestFinished(() => line.stop());
		await line.start(mosquitto, {
			rate: 1_000,
			agentFile: (file) => {
				for (const server of file.servers) server.publishing_interval_ms = 50;
				file.delivery = { window_bytes: "64KiB", resend_after_ms: 2_000 };
			},
		});
		await flowing(line);
		return line;
	};

	const random = seeded(seed);
	const losses: readonly (readonly [string, { agent?: Loss; collector?: Loss }])[] = [
		["a twentieth of the data on its way to the broker", { agent: everyNth(20, "toServer", "DDATA") }],
		["a twentieth of the data on its way to the collector", { collector: everyNth(20, "toClient", "DDATA") }],
		["half of the commands", { agent: shareOf(0.5, random, "toClient", "NCMD") }],
		[
			"a twentieth of everything that may be lost, births and what the agent says it holds among it",
			{
				agent: anyOf(
					...["NBIRTH", "DBIRTH", "NDATA", "DDATA"].map((type) => shareOf(0.05, random, "toServer", type)),
					shareOf(0.05, random, "toClient", "NCMD"),
				),
			},
		],
	];
	for (const [title, { agent, collector }] of losses) {
		test(`${title}: all is stored once`, { timeout: 5 * minuteMs }, async () => {
			const line = await lineOf();
			line.agentWire.loss = agent;
			line.collectorWire.loss = collector;
			await pause(minuteMs);
			await expectWhole(line, 2 * minuteMs);
			const lost = [...line.agentWire.lost.values(), ...line.collectorWire.lost.values()];
			expect(lost.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(30);
		});
	}

	test("rebirths every second while the backlog of two minutes is replayed", {
		timeout: 8 * minuteMs,
	}, async () => {
		const line = await lineOf();
		const commander = await Commander.connect(line.brokerUrl);
		onTestFinished(() => commander.close());
		await line.collector.kill();
		await pause(2 * minuteMs);
		line.collectorWire.latency("toClient", 200);
		line.collectorWire.latency("toServer", 200);
		line.collector.start();
		const rebirths = setInterval(() => void commander.rebirth(), 1_000);
		onTestFinished(() => clearInterval(rebirths));
		await agentIs(line, ({ delivery }) => delivery.unconfirmedRecords < 40, 3 * minuteMs);
		clearInterval(rebirths);
		await expectWhole(line);
	});
});
