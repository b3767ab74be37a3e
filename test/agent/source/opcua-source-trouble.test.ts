import { DataChangeNotification, StatusCodes } from "node-opcua";
import { expect, onTestFinished, test, vi } from "vitest";
import { statusCodes } from "../../../common/contract/status.ts";
import { loadedSource, unexplained } from "./load-rig.ts";

const soon = { timeout: 30_000 };
const slow = 60_000;

test("statuses arrive as they were given, Bad without a number, and nothing is missing", {
	timeout: slow,
}, async () => {
	const rig = await loadedSource({ statuses: ["5:BadSensorFailure", "10:UncertainLastUsableValue"] });
	rig.source.start();
	await expect.poll(() => rig.load.everythingMonitored, soon).toBe(true);
	rig.load.run();
	await expect.poll(rig.newest, soon).toBeGreaterThan(100);
	rig.load.halt();
	const { produced, producedByStatus } = rig.load.ledger();
	const all = () => [...rig.taken.values()].flat();
	await expect.poll(() => all().length, soon).toBe(produced);
	const withStatus = (status: number) => all().filter((sample) => sample.status === status);
	expect(withStatus(StatusCodes.BadSensorFailure.value)).toHaveLength(
		producedByStatus.BadSensorFailure as number,
	);
	expect(withStatus(StatusCodes.BadSensorFailure.value).every(({ value }) => value === undefined)).toBe(true);
	expect(withStatus(StatusCodes.UncertainLastUsableValue.value)).toHaveLength(
		producedByStatus.UncertainLastUsableValue as number,
	);
	expect(rig.gaps).toEqual([]);
});

test("connections that break again and again lose nothing as long as the subscription is kept", {
	timeout: slow,
}, async () => {
	const rig = await loadedSource({ chaos: ["cut:86400"] });
	rig.source.start();
	await expect.poll(() => rig.load.everythingMonitored, soon).toBe(true);
	rig.load.run();
	for (let turn = 0; turn < 4; turn++) {
		const before = rig.newest();
		await expect.poll(rig.newest, soon).toBeGreaterThan(before + 20);
		rig.load.trouble("cut");
		await expect.poll(() => rig.source.state().connected, soon).toBe(false);
		await expect.poll(() => rig.source.state().connected, soon).toBe(true);
	}
	rig.load.halt();
	await expect.poll(rig.hasEverything, soon).toBe(true);
	expect(unexplained(rig.taken, rig.gaps)).toEqual([]);
	expect(rig.gaps).toEqual([]);
});

test.each(["sessions", "subscriptions"] as const)(
	"when the server loses its %s, the tags are Bad, come back, and the hole is written down",
	{ timeout: slow },
	async (action) => {
		const rig = await loadedSource();
		rig.source.start();
		await expect.poll(() => rig.load.everythingMonitored, soon).toBe(true);
		rig.load.run();
		await expect.poll(rig.newest, soon).toBeGreaterThan(20);
		rig.load.trouble(action);
		await expect.poll(() => rig.source.state().connected, soon).toBe(false);
		await expect.poll(() => rig.source.state().connected, soon).toBe(true);
		const after = rig.newest();
		await expect.poll(rig.newest, soon).toBeGreaterThan(after + 20);
		rig.load.halt();
		await expect.poll(rig.hasEverything, soon).toBe(true);
		expect(unexplained(rig.taken, rig.gaps)).toEqual([]);
		expect(rig.gaps).toHaveLength(1);
		expect(rig.gaps[0]).toMatchObject({ device: "L001", cause: "server_unreachable" });
		for (const [tag, samples] of rig.taken)
			expect(samples.filter(({ status }) => status === statusCodes.BadNoCommunication).length, tag).toBe(1);
	},
);

test("a server that answers nothing for a while loses nothing", { timeout: slow }, async () => {
	const rig = await loadedSource({ chaos: ["freeze:86400:1"] });
	rig.source.start();
	await expect.poll(() => rig.load.everythingMonitored, soon).toBe(true);
	rig.load.run();
	await expect.poll(rig.newest, soon).toBeGreaterThan(20);
	rig.load.trouble("freeze", 2_000);
	const before = rig.newest();
	await expect.poll(rig.newest, soon).toBeGreaterThan(before + 50);
	rig.load.halt();
	await expect.poll(rig.hasEverything, soon).toBe(true);
	expect(unexplained(rig.taken, rig.gaps)).toEqual([]);
	expect(rig.gaps).toEqual([]);
});

test("a client that was given up after a long silence leaves everything to the next one", {
	timeout: slow,
}, async () => {
	const rig = await loadedSource({ chaos: ["freeze:86400:1"] });
	rig.source.start();
	await expect.poll(() => rig.load.everythingMonitored, soon).toBe(true);
	rig.load.run();
	await expect.poll(rig.newest, soon).toBeGreaterThan(20);
	rig.load.trouble("freeze", 6_000);
	// A little at a time: an agent that finds itself a minute later at once has stood still itself.
	const faster = setInterval(() => rig.advance(1_000), 500);
	onTestFinished(() => clearInterval(faster));
	await expect.poll(() => rig.source.state().connected, soon).toBe(false);
	clearInterval(faster);
	await expect.poll(() => rig.source.state().connected, soon).toBe(true);
	const after = rig.newest();
	await expect.poll(rig.newest, soon).toBeGreaterThan(after + 20);
	rig.load.halt();
	await expect.poll(rig.hasEverything, soon).toBe(true);
	expect(unexplained(rig.taken, rig.gaps)).toEqual([]);
	expect(rig.gaps).toEqual([]);
});

test("an agent that stood still for a minute and lost its connection over it calls no tag Bad and stores nothing twice", {
	timeout: slow,
}, async () => {
	const rig = await loadedSource({ chaos: ["cut:86400"] });
	rig.source.start();
	await expect.poll(() => rig.load.everythingMonitored, soon).toBe(true);
	rig.load.run();
	await expect.poll(rig.newest, soon).toBeGreaterThan(100);
	rig.advance(61_000);
	rig.load.trouble("cut");
	await expect.poll(() => rig.source.state().connected, soon).toBe(false);
	await expect.poll(() => rig.source.state().connected, soon).toBe(true);
	const after = rig.newest();
	await expect.poll(rig.newest, soon).toBeGreaterThan(after + 150);
	rig.load.halt();
	await expect.poll(rig.hasEverything, soon).toBe(true);
	expect([...rig.taken.values()].flat().filter(({ value }) => value === undefined)).toEqual([]);
	expect([...rig.taken.values()].flat()).toHaveLength(rig.load.ledger().produced);
	expect(unexplained(rig.taken, rig.gaps)).toEqual([]);
	expect(rig.gaps).toEqual([]);
});

test("a notification that cannot be read costs a session and a hole, never silence", {
	timeout: slow,
}, async () => {
	const rig = await loadedSource();
	rig.source.start();
	await expect.poll(() => rig.load.everythingMonitored, soon).toBe(true);
	rig.load.run();
	await expect.poll(rig.newest, soon).toBeGreaterThan(20);
	const decode = DataChangeNotification.prototype.decode;
	const damage = vi.spyOn(DataChangeNotification.prototype, "decode");
	onTestFinished(() => damage.mockRestore());
	damage.mockImplementationOnce(function (this: DataChangeNotification, stream) {
		// The count of its items says more than there are.
		stream.buffer.writeInt32LE(1_000_000, stream.length);
		decode.call(this, stream);
	});
	await expect.poll(() => rig.gaps.length, soon).toBe(1);
	const after = rig.newest();
	await expect.poll(rig.newest, soon).toBeGreaterThan(after + 20);
	rig.load.halt();
	await expect.poll(rig.hasEverything, soon).toBe(true);
	expect(unexplained(rig.taken, rig.gaps)).toEqual([]);
});

test("messages lost on the way after a keep-alive are asked for again", { timeout: slow }, async () => {
	const rig = await loadedSource({ chaos: ["freeze:86400:1"] });
	rig.source.start();
	await expect.poll(() => rig.load.everythingMonitored, soon).toBe(true);
	await expect.poll(() => rig.newest(), soon).toBe(1);
	// With nothing to say the server sends a keep-alive, which names the number of the message that follows.
	const age = () => rig.source.state().lastNotificationAgeMs;
	await expect.poll(age, { ...soon, interval: 5 }).toBeGreaterThan(200);
	await expect.poll(age, { ...soon, interval: 5 }).toBeLessThan(100);
	rig.load.trouble("freeze", 1_500);
	rig.load.run();
	await expect.poll(() => rig.load.produced, { ...soon, interval: 5 }).toBeGreaterThan(1_000);
	// The server has answered every publish request it had, and the answers never arrive.
	rig.load.trouble("cut");
	await expect.poll(() => rig.newest(), soon).toBeGreaterThan(50);
	rig.load.halt();
	await expect.poll(rig.hasEverything, soon).toBe(true);
	expect(unexplained(rig.taken, rig.gaps)).toEqual([]);
	expect(rig.gaps).toEqual([]);
});
