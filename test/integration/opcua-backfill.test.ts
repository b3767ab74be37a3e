import { expect, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { wireTo } from "../helpers/wire.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

const soon = { timeout: 25_000 };
const startMs = Date.UTC(2026, 0, 5, 6);

/** A server with history of these tags behind a wire, and a source that has read their first values. */
async function line(kept: readonly ("TT01" | "Count" | "Mode")[], server: object = {}) {
	const plant = new SmallOpcuaServer(temporaryFolder());
	await plant.start();
	plant.keepHistory(...kept);
	const wire = await wireTo(plant.port);
	const rig = await sourceOf(sourceConfig(wire.port, { server }));
	plant.write("TT01", 1, startMs);
	plant.write("Count", [0, 1], startMs);
	plant.write("Mode", "one", startMs);
	plant.write("Heartbeat", new Date(startMs), startMs);
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(4);
	const away = async (work: () => void) => {
		wire.down = true;
		wire.cut();
		await expect.poll(() => rig.source.state().connected, soon).toBe(false);
		plant.loseSubscriptions();
		work();
		wire.down = false;
		await expect.poll(() => rig.source.state().connected, soon).toBe(true);
	};
	const good = (tag: string) => rig.of(tag).filter(({ status }) => status === 0);
	return { plant, away, good, ...rig };
}

test("what an outage left out is read from the server's history, each value once, and the gap is said to be filled", async () => {
	const { plant, away, good, gaps } = await line(["TT01", "Count", "Mode"]);
	await away(() => {
		for (let n = 1; n <= 2_500; n++) plant.write("TT01", n + 1, startMs + n * 10);
		plant.write("Count", [0xffff_ffff, 0xffff_ffff], startMs + 500);
		plant.write("Count", [0, 3], startMs + 501);
		plant.write("Heartbeat", new Date(startMs + 25_000), startMs + 25_000);
	});
	await expect.poll(() => gaps.at(-1)?.backfilled, soon).toBe(true);
	const gap = {
		device: "F500",
		tags: [],
		fromMs: startMs,
		toMs: startMs + 25_000,
		cause: "server_unreachable",
	};
	// The heartbeat has no history, and stays missing as a gap of its own.
	expect(gaps).toEqual([
		{ ...gap, backfilled: false },
		{ ...gap, tags: ["Heartbeat"], backfilled: false },
		{ ...gap, backfilled: true },
	]);
	const values = good("TT01").sort((a, b) => a.sourceMs - b.sourceMs);
	expect(values.map(({ value }) => value)).toEqual(Array.from({ length: 2_501 }, (_, index) => index + 1));
	expect(values.map(({ sourceMs }) => sourceMs)).toEqual(
		Array.from({ length: 2_501 }, (_, index) => startMs + index * 10),
	);
	const counts = good("Count").sort((a, b) => a.sourceMs - b.sourceMs);
	expect(counts.map(({ value }) => value)).toEqual([1n, 0xffff_ffff_ffff_ffffn, 3n]);
	// Nothing happened to it, and nothing is added.
	expect(good("Mode")).toHaveLength(1);
});

test("a server without history leaves the gap as it is, and so does backfill: off", async () => {
	const each = [
		[[], {}],
		[["TT01"], { backfill: "off" }],
	] as const;
	const one = async ([kept, server]: (typeof each)[number]) => {
		const { plant, away, good, gaps } = await line(kept, server);
		await away(() => {
			for (let n = 1; n <= 10; n++) plant.write("TT01", n + 1, startMs + n * 10);
		});
		await expect.poll(() => good("TT01").at(-1)?.value, soon).toBe(11);
		await new Promise((resolve) => setTimeout(resolve, 5_000));
		expect(gaps).toMatchObject([{ cause: "server_unreachable", backfilled: false }]);
		expect(good("TT01").map(({ value }) => value)).toEqual([1, 11]);
	};
	await Promise.all(each.map(one));
});

test("what a queue of the server lost is read from its history, each value once, and only of the tag that lost it", async () => {
	const { plant, of, gaps } = await line(["TT01"], { queue_size: 5, publishing_interval_ms: 500 });
	for (let n = 1; n <= 100; n++) plant.write("TT01", n + 1, startMs + n * 10);
	plant.write("Mode", "two", startMs + 1_005);
	await expect.poll(() => gaps.at(-1)?.backfilled, soon).toBe(true);
	const [first] = gaps;
	expect(first).toMatchObject({ device: "F500", tags: ["TT01"], fromMs: startMs, cause: "server_overflow" });
	// The newest value is not missing, so the gap ends before it.
	expect(first?.toMs).toBeLessThanOrEqual(startMs + 1_000);
	expect(gaps.at(-1)).toEqual({ ...first, backfilled: true });
	// A value with the overflow bit is Good, too.
	const values = of("TT01").sort((a, b) => a.sourceMs - b.sourceMs);
	expect(values.map(({ value }) => value)).toEqual(Array.from({ length: 101 }, (_, index) => index + 1));
});
