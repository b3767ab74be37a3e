import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { describeWithPeer } from "../helpers/peers.ts";
import { Commander } from "./commander.ts";
import { LoadLine } from "./load-line.ts";
import { anyOf, everyNth, shareOf } from "./mqtt-proxy.ts";
import { seeded } from "./until.ts";
import { agentIs, counter, expectWhole, pause } from "./whole.ts";

const seed = 20_261_126;
const refusedTotal = "pilotline_agent_commands_refused_total";

// One line for all of it, in this order, so that starting processes does not take the time that faults need.
describeWithPeer("mosquitto", "a broker that forges, forgets and interrupts", (mosquitto) => {
	const line = new LoadLine({ tags: 100 });
	let commander: Commander;

	beforeAll(async () => {
		await line.start(mosquitto, {
			rate: 1_000,
			agentFile: (file) => {
				// Twenty records a second, so that a twentieth of them is soon some.
				for (const server of file.servers) server.publishing_interval_ms = 50;
				file.delivery = { window_bytes: "64KiB", resend_after_ms: 2_000 };
				file.journal = { memory_bytes: "1MiB", segment_bytes: "64KiB" };
			},
		});
		commander = await Commander.connect(line.brokerUrl);
	});
	afterAll(async () => {
		await commander?.close();
		await line.stop();
	});

	const forge = async (host: string, epoch: number, confirmed: bigint) => {
		const before = await counter(line.agentUrl, refusedTotal);
		await commander.confirm(host, epoch, confirmed);
		await vi.waitFor(
			async () =>
				expect(await counter(line.agentUrl, refusedTotal), `${host} ${epoch} ${confirmed}`).toBe(before + 1),
			{ timeout: 3_000, interval: 50 },
		);
	};

	test("confirmations that cannot be true are refused and counted, and nothing is forgotten", async () => {
		const { journal } = await agentIs(
			line,
			({ journal, delivery }) => journal.durable > 40 && delivery.unconfirmedRecords < 20,
			40_000,
		);
		await line.collector.kill();
		const held = await agentIs(line, ({ delivery }) => delivery.unconfirmedRecords > 40, 20_000);
		await forge("bench", journal.epoch, BigInt(Number.MAX_SAFE_INTEGER));
		await forge("bench", journal.epoch, BigInt(held.journal.durable) + 100_000n);
		// What is on disk and was never sent, because nobody listens.
		await forge("bench", journal.epoch, BigInt(held.journal.durable));
		await forge("nobody", journal.epoch, 1n);
		await forge("bench", 4_711, 1n);
		const after = await agentIs(line, () => true, 5_000);
		expect(after.delivery.unconfirmedRecords).toBeGreaterThanOrEqual(held.delivery.unconfirmedRecords);
		expect(after.journal.held).toMatchObject(held.journal.held.map(({ epoch, first }) => ({ epoch, first })));
	});

	test("so are numbers that no offset can be", async () => {
		const { journal } = await agentIs(line, () => true, 5_000);
		await forge("bench", journal.epoch, 2n ** 53n);
		await forge("bench", journal.epoch, 2n ** 63n);
	});

	test("a rebirth every second does not keep a backlog from being replayed", async () => {
		await line.collector.kill();
		// A backlog that takes a while.
		await agentIs(line, ({ delivery }) => delivery.unconfirmedRecords > 80, 20_000);
		line.collectorWire.latency("toClient", 300);
		line.collectorWire.latency("toServer", 300);
		line.collector.start();
		await agentIs(line, ({ broker }) => broker.hostsOnline.includes("bench"), 20_000);
		const before = await counter(line.agentUrl, "pilotline_agent_births_total", { reason: "asked" });
		const rebirths = setInterval(() => void commander.rebirth(), 1_000);
		try {
			// Live records are on their way for more than half a second all the time.
			await agentIs(line, ({ delivery }) => delivery.unconfirmedRecords < 40, 40_000);
		} finally {
			clearInterval(rebirths);
			line.collectorWire.latency("toClient", 0);
			line.collectorWire.latency("toServer", 0);
		}
		const births = await counter(line.agentUrl, "pilotline_agent_births_total", { reason: "asked" });
		expect(births - before).toBeGreaterThan(2);
	});

	test("a twentieth of the data and half of the commands are lost, and nothing is missing afterwards", async () => {
		const random = seeded(seed);
		line.agentWire.loss = anyOf(everyNth(20, "toServer", "DDATA"), shareOf(0.3, random, "toClient", "NCMD"));
		line.collectorWire.loss = anyOf(
			shareOf(0.05, random, "toClient", "DDATA"),
			shareOf(0.3, random, "toServer", "NCMD"),
		);
		await vi.waitFor(
			() => {
				expect(line.agentWire.lostOf("toServer", "DDATA")).toBeGreaterThan(2);
				expect(line.collectorWire.lostOf("toClient", "DDATA")).toBeGreaterThan(2);
				expect(line.agentWire.lostOf("toClient", "NCMD")).toBeGreaterThan(2);
				expect(line.collectorWire.lostOf("toServer", "NCMD")).toBeGreaterThan(2);
			},
			{ timeout: 30_000, interval: 100 },
		);
		// It keeps up while the losses go on: what is on disk now is confirmed soon, whatever is lost of it on the way.
		const before = await agentIs(line, () => true, 5_000);
		await agentIs(
			line,
			({ journal, delivery }) => journal.durable - delivery.unconfirmedRecords >= before.journal.durable,
			20_000,
		);
		line.agentWire.loss = undefined;
		line.collectorWire.loss = undefined;
	});

	test("the last message is lost and silence follows: it is stored within ten seconds", async () => {
		await agentIs(line, ({ delivery }) => delivery.unconfirmedRecords < 20, 20_000);
		const before = line.agentWire.lostOf("toServer", "DDATA");
		line.agentWire.loss = everyNth(1, "toServer", "DDATA");
		await vi.waitFor(() => expect(line.agentWire.lostOf("toServer", "DDATA")).toBeGreaterThan(before), {
			...{ timeout: 10_000, interval: 20 },
		});
		await line.halt();
		// What the plant server still had is published and lost by then; what is sent again must pass.
		await pause(700);
		line.agentWire.loss = undefined;
		await expectWhole(line, 10_000);
	});
});
