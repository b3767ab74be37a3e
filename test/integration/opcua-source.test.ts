import { StatusCodes } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import { statusCodes } from "../../common/contract/status.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { wireTo } from "../helpers/wire.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

const startMs = Date.UTC(2026, 0, 5, 6);
const soon = { timeout: 20_000 };

function writeAll(server: SmallOpcuaServer, atMs: number): void {
	server.write("TT01", 20, atMs);
	server.write("Count", [0, 1], atMs);
	server.write("Mode", "IDLE", atMs);
	server.write("Heartbeat", new Date(atMs), atMs);
}

async function running(): Promise<SmallOpcuaServer> {
	const server = new SmallOpcuaServer(temporaryFolder());
	onTestFinished(() => server.stop());
	await server.start();
	writeAll(server, startMs);
	return server;
}

test("every value of a burst arrives, in order, with its own time, status and all of its 64 bits", async () => {
	const server = await running();
	const { source, of } = await sourceOf(sourceConfig(server.port));
	source.start();
	await expect.poll(() => of("Count").length, soon).toBe(1);
	for (let count = 1; count <= 500; count++) {
		const status = count % 100 === 0 ? StatusCodes.UncertainSensorNotAccurate : StatusCodes.Good;
		server.write("TT01", count / 8, startMs + count * 10, status);
		server.write("Count", [0x8000_0000, count], startMs + count * 10);
	}
	server.write("TT01", 0, startMs + 5_010, StatusCodes.BadSensorFailure);
	await expect.poll(() => of("TT01").length, soon).toBe(502);
	await expect.poll(() => of("Count").length, soon).toBe(501);
	expect(of("TT01").slice(1, 501)).toEqual(
		Array.from({ length: 500 }, (_, index) => ({
			tag: "TT01",
			sourceMs: startMs + (index + 1) * 10,
			status: (index + 1) % 100 === 0 ? StatusCodes.UncertainSensorNotAccurate.value : 0,
			value: (index + 1) / 8,
		})),
	);
	expect(of("TT01").at(-1)).toMatchObject({ status: StatusCodes.BadSensorFailure.value });
	expect(
		of("Count")
			.slice(1)
			.map(({ value }) => value),
	).toEqual(Array.from({ length: 500 }, (_, index) => 2n ** 63n + BigInt(index + 1)));
	expect(source.state()).toMatchObject({ connected: true, tags: 4, tagsSubscribed: 4, lastError: undefined });
});

test("a heartbeat says how far a device is complete", async () => {
	const server = await running();
	const { source, throughs } = await sourceOf(sourceConfig(server.port, { timeBase: { tag: "Heartbeat" } }));
	source.start();
	await expect.poll(() => throughs, soon).toEqual([startMs]);
	server.write("TT01", 21, startMs + 1_000);
	server.write("Heartbeat", new Date(startMs + 1_000), startMs + 1_000);
	await expect.poll(() => throughs, soon).toEqual([startMs, startMs + 1_000]);
});

test("with publish cycles as the time base, data says how far a device is complete, also from a server that leaves the publish time out", async () => {
	const server = await running();
	const { source, throughs } = await sourceOf(sourceConfig(server.port));
	const beforeMs = Date.now();
	source.start();
	// A value in every cycle, so that no keep-alive with a time of its own comes in between.
	for (let count = 1; count <= 20; count++) {
		server.write("TT01", count, beforeMs + count);
		await new Promise((resolve) => setTimeout(resolve, 60));
	}
	await expect.poll(() => throughs.length, soon).toBeGreaterThan(10);
	const latenessMs = 1_000;
	for (const throughMs of throughs) {
		expect(throughMs).toBeGreaterThanOrEqual(beforeMs - latenessMs);
		expect(throughMs).toBeLessThanOrEqual(Date.now() - latenessMs);
	}
});

test("a node that the server does not have is that tag's trouble only", async () => {
	const server = await running();
	const tags = [
		{ name: "Ghost", node: "s=NoSuchNode", type: "Double" },
		{ name: "Wrong", node: "s=Mode", type: "Double" },
	];
	const { source, of } = await sourceOf(sourceConfig(server.port, { tags }));
	source.start();
	await expect.poll(() => of("Ghost").length, soon).toBe(1);
	await expect.poll(() => of("TT01").length, soon).toBe(1);
	await expect.poll(() => of("Wrong").length, soon).toBe(1);
	expect(of("Ghost")[0]).toMatchObject({ status: StatusCodes.BadNodeIdUnknown.value, value: null });
	expect(of("Wrong")[0]).toMatchObject({ status: statusCodes.BadTypeMismatch, value: null });
	expect(of("TT01")[0]).toMatchObject({ status: 0, value: 20 });
	expect(source.state()).toMatchObject({ tags: 6, tagsSubscribed: 5 });
});

test("a server that stops makes its tags Bad; when it is back they are Good again, and the hole is written down", async () => {
	const server = await running();
	const { source, of, taken, gaps } = await sourceOf(sourceConfig(server.port));
	source.start();
	await expect.poll(() => taken.length, soon).toBe(4);
	server.write("TT01", 21, startMs + 1_000);
	await expect.poll(() => of("TT01").length, soon).toBe(2);
	await server.stop();
	await expect.poll(() => taken.length, soon).toBe(9);
	const bad = taken.slice(5);
	expect(bad.map(({ tag }) => tag).sort()).toEqual(["Count", "Heartbeat", "Mode", "TT01"]);
	for (const sample of bad) {
		expect(sample).toMatchObject({ status: statusCodes.BadNoCommunication, value: null });
		// Plant time went on from the newest sample; our own clock, months later, has no say in it.
		expect(sample.sourceMs).toBeGreaterThanOrEqual(startMs + 1_000);
		expect(sample.sourceMs).toBeLessThan(startMs + 60_000);
	}
	expect(source.state()).toMatchObject({
		connected: false,
		tagsSubscribed: 0,
		lastError: expect.any(String),
	});

	await server.start();
	writeAll(server, startMs + 90_000);
	await expect.poll(() => of("TT01").at(-1), soon).toMatchObject({ status: 0, sourceMs: startMs + 90_000 });
	await expect.poll(() => gaps, soon).toHaveLength(1);
	expect(gaps).toEqual([
		{
			device: "F500",
			tags: [],
			fromMs: startMs + 1_000,
			toMs: startMs + 90_000,
			cause: "server_unreachable",
			backfilled: false,
		},
	]);
	server.write("TT01", 22, startMs + 91_000);
	await expect.poll(() => of("TT01").at(-1), soon).toMatchObject({ status: 0, value: 22 });
	expect(source.state()).toMatchObject({ connected: true, tagsSubscribed: 4 });
});

test("a broken network in front of a server that lives: what its queues held comes late, nothing is missing or double", async () => {
	const server = await running();
	const wire = await wireTo(server.port);
	const { source, of, gaps, taken } = await sourceOf(sourceConfig(wire.port));
	source.start();
	await expect.poll(() => taken.length, soon).toBe(4);
	wire.down = true;
	wire.cut();
	await expect.poll(() => source.state().connected, soon).toBe(false);
	for (let count = 1; count <= 100; count++) server.write("TT01", count, startMs + 100_000 + count);
	wire.down = false;
	const good = () => of("TT01").filter(({ status }) => status === 0);
	await expect.poll(() => good().length, soon).toBe(101);
	expect(
		good()
			.slice(1)
			.map(({ value }) => value),
	).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
	expect(of("TT01").filter(({ status }) => status === statusCodes.BadNoCommunication)).toHaveLength(1);
	await expect.poll(() => source.state().connected, soon).toBe(true);
	expect(gaps).toEqual([]);
});

test("a queue that overflows is a gap with an end and a beginning, even in the first cycle of all", async () => {
	const server = await running();
	const { source, of, gaps } = await sourceOf(
		sourceConfig(server.port, { server: { queue_size: 5, publishing_interval_ms: 1_000 } }),
	);
	source.start();
	await expect.poll(() => source.state().connected, soon).toBe(true);
	for (let count = 1; count <= 100; count++) server.write("TT01", count, startMs + count * 10);
	await expect.poll(() => of("TT01").at(-1)?.value, soon).toBe(100);
	const overflow = gaps.find(({ cause }) => cause === "server_overflow");
	const lost = of("TT01").find(({ status }) => (status & 0x480) === 0x480);
	expect(overflow).toMatchObject({ device: "F500", tags: ["TT01"], toMs: lost?.sourceMs, backfilled: false });
	expect(overflow?.fromMs).toBeLessThanOrEqual(overflow?.toMs as number);
	expect(of("TT01").length).toBeLessThanOrEqual(6);
});

test("an unreachable server is tried again and does not hold a stop", async () => {
	const wire = await wireTo(1);
	const { source, taken } = await sourceOf(sourceConfig(wire.port));
	source.start();
	await expect.poll(() => source.state().connected, soon).toBe(false);
	const startedMs = performance.now();
	await Promise.all([source.stop(), source.stop()]);
	expect(performance.now() - startedMs).toBeLessThan(3_500);
	expect(taken).toEqual([]);
});
