import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CreateMonitoredItemsRequest, type ModifyMonitoredItemsRequest, StatusCodes } from "node-opcua";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

const soon = { timeout: 20_000 };
const folder = mkdtempSync(join(tmpdir(), "pilotline-test-"));
const server = new SmallOpcuaServer(folder);
let nowMs = Date.UTC(2026, 0, 5, 6);

beforeAll(async () => {
	await server.start();
	server.addRange("TT01", 0, 100);
});
afterAll(async () => {
	await server.stop();
	rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
	nowMs += 1_000_000;
	server.write("TT01", 20, nowMs);
	server.write("Count", [0, 1], nowMs);
	server.write("Mode", "IDLE", nowMs);
	server.write("Heartbeat", new Date(nowMs), nowMs);
});

/** A source whose temperature has these settings, once every tag has given its first value. */
async function reading(own: object, options: Parameters<typeof sourceConfig>[1] = {}) {
	const config = sourceConfig(server.port, options);
	const device = config.devices[0] as (typeof config.devices)[number];
	const tags = device.tags.map((tag) => (tag.name === "TT01" ? { ...tag, ...own } : tag));
	config.devices[0] = { ...device, tags };
	const lines: string[] = [];
	const rig = await sourceOf(config, { lines });
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(4);
	const count = async (name: string, labels: object = { server: "small" }) => {
		const metric = await rig.telemetry.registry.getSingleMetric(`pilotline_agent_${name}`)?.get();
		const isOf = (found: object) => JSON.stringify(found) === JSON.stringify(labels);
		return metric?.values.find((one) => isOf(one.labels))?.value ?? 0;
	};
	const temperatures = () => rig.of("TT01").map(({ value }) => value);
	return { ...rig, lines, count, temperatures, tags };
}

/** Writes temperatures, then a mark that comes after them. */
async function write(rig: Awaited<ReturnType<typeof reading>>, ...values: number[]): Promise<void> {
	for (const value of values) server.write("TT01", value, ++nowMs);
	const mark = `mark ${++nowMs}`;
	server.write("Mode", mark, nowMs);
	await expect.poll(() => rig.of("Mode").at(-1)?.value, soon).toBe(mark);
}

test.each([
	["half a degree", { kind: "absolute", width: 0.5 }],
	["half a percent of the node's EURange", { kind: "percent", width: 0.5 }],
])(
	"a deadband of %s leaves out at the server what is within it, and never another status",
	async (_, deadband) => {
		const rig = await reading({ deadband });
		await write(rig, 20.2, 20.5, 20.6, 20.9, 21.2);
		expect(rig.temperatures()).toEqual([20, 20.6, 21.2]);
		server.write("TT01", 21.2, ++nowMs, StatusCodes.UncertainSensorNotAccurate);
		await write(rig);
		expect(rig.of("TT01").at(-1)).toMatchObject({
			status: StatusCodes.UncertainSensorNotAccurate.value,
			value: 21.2,
		});
		expect(await rig.count("samples_left_out_total")).toBe(0);
		expect(rig.source.state()).toMatchObject({ tagsSubscribed: 4, deadbandsInAgent: 0 });
	},
);

test("a deadband that the server refuses is applied by the agent: counted, and named once", async () => {
	// The counter has no EURange at the server, but a range in the configuration.
	const options = { tags: [{ name: "Count2", node: "s=Count", type: "UInt64", low: 0, high: 200 }] };
	const config = sourceConfig(server.port, options);
	const lines: string[] = [];
	for (const device of config.devices) device.tags.splice(0, 4);
	for (const device of config.devices)
		for (const tag of device.tags) tag.deadband = { kind: "percent", width: 1 };
	const rig = await sourceOf(config, { lines });
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(1);
	for (const count of [2, 3, 4, 5, 6]) server.write("Count", [0, count], ++nowMs);
	server.write("Count", [0, 6], ++nowMs, StatusCodes.BadSensorFailure);
	await expect.poll(() => rig.taken.at(-1)?.status, soon).toBe(StatusCodes.BadSensorFailure.value);
	expect(rig.of("Count2").map(({ value }) => value)).toEqual([1n, 4n, 6n]);
	expect(rig.source.state()).toMatchObject({ tagsSubscribed: 1, deadbandsInAgent: 1 });
	const left = await rig.telemetry.registry.getSingleMetric("pilotline_agent_samples_left_out_total")?.get();
	expect(left?.values).toMatchObject([{ value: 4 }]);
	const refused = lines.map((line) => JSON.parse(line)).filter(({ msg }) => /does not filter/.test(msg));
	expect(refused).toMatchObject([
		{ reason: "BadMonitoredItemFilterUnsupported", tags: 1, first: ["F500/Count2"] },
	]);
});

test("a percentage of a range that nobody knows leaves out nothing, and that is said", async () => {
	const config = sourceConfig(server.port);
	const lines: string[] = [];
	for (const device of config.devices) device.tags = device.tags.filter(({ name }) => name === "Count");
	for (const one of config.servers) one.deadband = { kind: "percent", width: 50 };
	const rig = await sourceOf(config, { lines });
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(1);
	server.write("Count", [0, 2], ++nowMs);
	await expect.poll(() => rig.taken.length, soon).toBe(2);
	expect(lines.some((line) => line.includes("a range that nobody knows"))).toBe(true);
});

test("with status_value a value that is only written again is no sample; by default it is one", async () => {
	const rig = await reading({ trigger: "status_value" });
	await write(rig, 20, 20, 21, 21);
	expect(rig.temperatures()).toEqual([20, 21]);
	const other = await reading({});
	await write(other, 21, 22);
	expect(other.temperatures()).toEqual([21, 21, 22]);
});

test("a tag that is silent within its deadband is read after its longest silence", async () => {
	const rig = await reading({ deadband: { kind: "absolute", width: 5 }, longest_silence_s: 1 });
	const readAtMs = nowMs + 1;
	await write(rig, 21);
	expect(rig.temperatures()).toEqual([20]);
	await expect.poll(() => rig.of("TT01").at(-1), soon).toMatchObject({ sourceMs: readAtMs, value: 21 });
	await write(rig, 30);
	expect(rig.temperatures()).toEqual([20, 21, 30]);
});

test("settings that change while the agent runs are changed in the items, which keep their queues", async () => {
	const created: number[] = [];
	const modified: number[] = [];
	server.onRequest<CreateMonitoredItemsRequest>("CreateMonitoredItems", ({ itemsToCreate }) =>
		created.push(itemsToCreate?.length ?? 0),
	);
	server.onRequest<ModifyMonitoredItemsRequest>("ModifyMonitoredItems", ({ itemsToModify }) =>
		modified.push(itemsToModify?.length ?? 0),
	);
	const rig = await reading({});
	await write(rig, 20.1);
	const deadband = { kind: "absolute", width: 1 } as const;
	await rig.change(
		rig.tags.map(({ name, node = "", type = "Double" }) => ({
			...{ name, node, type, sampling: name === "TT01" ? { deadband } : undefined },
		})),
	);
	await expect.poll(() => modified, soon).toEqual([1]);
	await write(rig, 20.5, 21, 21.2);
	expect(rig.temperatures()).toEqual([20, 20.1, 21.2]);
	expect(created).toEqual([4]);
});

test("a full queue keeps the oldest values where the configuration says so, and either way it is a gap", async () => {
	const rig = await reading(
		{ queue_size: 3, discard: "newest" },
		{ server: { publishing_interval_ms: 500 } },
	);
	await write(rig, 21, 22, 23, 24, 25);
	expect(rig.temperatures()).toEqual([20, 21, 22, 25]);
	expect(rig.gaps).toMatchObject([{ cause: "server_overflow" }]);
});

test("a device is complete only up to the slowest sampling of its tags", async () => {
	const lateness = 200;
	const slow = await reading({ sampling_interval_ms: 3_000 }, { server: { lateness_ms: lateness } });
	await expect.poll(() => slow.throughs.length, soon).toBeGreaterThan(0);
	expect(Date.now() - (slow.throughs.at(-1) as number)).toBeGreaterThanOrEqual(3_000 + lateness);
	const fast = await reading({}, { server: { lateness_ms: lateness } });
	await expect.poll(() => fast.throughs.length, soon).toBeGreaterThan(0);
	expect(Date.now() - (fast.throughs[0] as number)).toBeLessThan(3_000);
});

test("what a server makes of intervals and queues shows, is warned about once, and counts for completeness", async () => {
	const coarse = new SmallOpcuaServer(temporaryFolder(), undefined, {
		minSupportedSampleRate: 2_000,
	});
	await coarse.start();
	onTestFinished(() => coarse.stop());
	for (const name of ["TT01", "Count", "Mode", "Heartbeat"] as const) coarse.write(name, null, nowMs);
	const lines: string[] = [];
	const config = sourceConfig(coarse.port, { server: { lateness_ms: 0, queue_size: 20_000 } });
	const rig = await sourceOf(config, { lines });
	rig.source.start();
	await expect.poll(() => rig.throughs.length, soon).toBeGreaterThan(0);
	expect(rig.source.state()).toMatchObject({ itemsRevised: { samplingInterval: 4, queueSize: 4 } });
	expect(Date.now() - (rig.throughs[0] as number)).toBeGreaterThanOrEqual(2_000);
	await coarse.stop();
	await coarse.start();
	for (const name of ["TT01", "Count", "Mode", "Heartbeat"] as const) coarse.write(name, null, nowMs);
	await expect.poll(() => rig.source.state().connected, soon).toBe(true);
	expect(lines.filter((line) => line.includes("shorter queues"))).toHaveLength(1);
});
