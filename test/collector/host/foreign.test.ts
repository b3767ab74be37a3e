import { expect, test } from "vitest";
import { oracleEncode } from "../../common/contract/sparkplug-oracle.ts";
import { counted } from "../../helpers/quiet-telemetry.ts";
import { eventually } from "../../simulators/plant/eventually.ts";
import { HostRig, reorderTimeoutMs } from "./host-rig.ts";

const bdSeq = { name: "bdSeq", timestamp: 1, datatype: 4, long_value: 0 };
const rebirth = { name: "Node Control/Rebirth", timestamp: 1, datatype: 11, boolean_value: false };
const startMs = Date.UTC(2026, 10, 23);

/** An edge node that is not ours: it knows Sparkplug, and nothing of confirmed delivery. */
class Stranger {
	readonly #rig: HostRig;
	#seq = 0;

	constructor(rig: HostRig) {
		this.#rig = rig;
	}

	async born(atMs: number, values: readonly object[], device: readonly object[] = []): Promise<void> {
		this.#seq = 0;
		await this.#say("NBIRTH", "", atMs, [bdSeq, rebirth, ...values], 0);
		await this.#say("DBIRTH", "/D1", atMs, device);
	}

	/** `lose`: the message takes its number and never comes. */
	async data(atMs: number, metrics: readonly object[], options: { lose?: boolean; device?: string } = {}) {
		const { lose = false, device = "/D1" } = options;
		if (lose) this.#seq++;
		else await this.#say("DDATA", device, atMs, metrics);
	}

	async deviceDies(atMs: number): Promise<void> {
		await this.#say("DDEATH", "/D1", atMs, []);
	}

	async deviceBorn(atMs: number, metrics: readonly object[]): Promise<void> {
		await this.#say("DBIRTH", "/D1", atMs, metrics);
	}

	async dies(): Promise<void> {
		const payload = oracleEncode({ timestamp: 1, metrics: [bdSeq] });
		await this.#rig.publish("spBv1.0/pilot/NDEATH/stranger", payload);
	}

	async #say(type: string, device: string, timestamp: number, metrics: readonly object[], seq = ++this.#seq) {
		const payload = oracleEncode({ timestamp, seq: seq % 256, metrics });
		await this.#rig.publish(`spBv1.0/pilot/${type}/stranger${device}`, payload);
	}
}

const born = (sourceMs: number, value: number) => ({
	...{ name: "T1", alias: 7, timestamp: sourceMs, datatype: 10, double_value: value },
});
const said = (sourceMs: number, value: number, more: object = {}) => ({
	...{ alias: 7, timestamp: sourceMs, double_value: value, ...more },
});
const stored = (rig: HostRig) =>
	rig.records.flatMap(({ samples }) =>
		Array.from({ length: samples.count }, (_, index) => [
			(samples.sourceMs[index] as number) - startMs,
			samples.value(index),
		]),
	);

test("values of births and data are stored with positions of their own, and a repeat is not", async () => {
	const rig = await new HostRig().start();
	const stranger = new Stranger(rig);
	await stranger.born(startMs, [], [born(startMs - 5_000, 1)]);
	await stranger.data(startMs + 100, [said(startMs + 100, 2), said(startMs + 100, 3)]);
	// The same again, as after a lost connection; and two of them under another value or time.
	await stranger.data(startMs + 200, [said(startMs + 100, 2), said(startMs + 100, 4), said(startMs + 90, 2)]);
	await stranger.born(startMs + 300, [], [born(startMs + 100, 4)]);
	await stranger.data(startMs + 400, [said(startMs + 400, 5)]);
	await eventually(() => stored(rig).length >= 6);
	expect(stored(rig)).toEqual([
		[-5_000, 1],
		[100, 2],
		[100, 3],
		[90, 2],
		[100, 4],
		[400, 5],
	]);
	expect(rig.records.map(({ epoch, offset }) => [epoch, offset])).toEqual([1, 2, 3, 4].map((n) => [1, n]));
	expect(rig.records.map(({ throughMs = 0 }) => throughMs - startMs)).toEqual([-5_000, 100, 100, 400]);
	expect(rig.gaps).toEqual([]);
	expect(await counted(rig.telemetry, "foreign_samples_total", { outcome: "repeated" })).toBe(2);
	expect(await counted(rig.telemetry, "rebirths_asked_total")).toBe(0);
});

test("a sequence number that never comes is a gap row between the messages around it, and births are asked for", async () => {
	const rig = await new HostRig().start();
	const stranger = new Stranger(rig);
	await stranger.born(startMs, [], [born(startMs, 1)]);
	await stranger.data(startMs + 1_000, [said(startMs + 1_000, 2)]);
	await stranger.data(startMs + 2_000, [said(startMs + 2_000, 3)], { lose: true });
	await stranger.data(startMs + 3_000, [said(startMs + 3_000, 4)]);
	await eventually(() => rig.commands.some((command) => command.rebirth), 5 * reorderTimeoutMs);
	expect(rig.gaps).toMatchObject([
		{ device: "", cause: "sequence", fromMs: startMs + 1_000, toMs: startMs + 3_000, backfilled: false },
	]);
	expect(stored(rig).map(([, value]) => value)).toEqual([1, 2, 4]);
});

test("while it is dead nobody knows what was: a gap from its last message to its next birth", async () => {
	const rig = await new HostRig().start();
	const stranger = new Stranger(rig);
	await stranger.born(startMs, [], [born(startMs, 1)]);
	await stranger.dies();
	await eventually(() => rig.host.edgeNodes()[0]?.online === false);
	await stranger.born(startMs + 60_000, [], [born(startMs + 50_000, 2)]);
	await eventually(() => rig.gaps.length === 1);
	expect(rig.gaps).toMatchObject([
		{ device: "", cause: "agent_down", fromMs: startMs, toMs: startMs + 60_000 },
	]);
});

test("while one of its devices is dead there is a gap of that device; while we are blind, one of the node", async () => {
	const rig = await new HostRig().start();
	const stranger = new Stranger(rig);
	await stranger.born(startMs, [], [born(startMs, 1)]);
	await stranger.deviceDies(startMs + 1_000);
	await stranger.deviceBorn(startMs + 9_000, [born(startMs + 9_000, 2)]);
	await eventually(() => rig.gaps.length === 1);
	expect(rig.gaps[0]).toMatchObject({
		...{ device: "D1", cause: "server_unreachable", fromMs: startMs + 1_000, toMs: startMs + 9_000 },
	});
	rig.cut();
	await eventually(() => rig.host.edgeNodes()[0]?.online === false);
	await eventually(() => rig.host.connected && rig.states.at(-1)?.payload.online === true);
	await stranger.born(startMs + 20_000, [], [born(startMs + 20_000, 3)]);
	await eventually(() => rig.gaps.length === 2);
	expect(rig.gaps[1]).toMatchObject({
		...{ device: "", cause: "unknown", fromMs: startMs + 9_000, toMs: startMs + 20_000 },
	});
});

test("quality, history, null and a metric by name come as they are; a template and a DataSet are named and counted", async () => {
	const rig = await new HostRig().start();
	const stranger = new Stranger(rig);
	const named = { name: "T2", timestamp: startMs, datatype: 3, is_null: true };
	const odd = [
		{ name: "odd", timestamp: startMs, datatype: 19, template_value: { is_definition: false } },
		{ name: "table", timestamp: startMs, datatype: 16, dataset_value: { num_of_columns: 0 } },
	];
	await stranger.born(startMs, odd, [born(startMs, 1), named]);
	const stale = { properties: { keys: ["Quality"], values: [{ type: 3, int_value: 500 }] } };
	await stranger.data(startMs + 1, [said(startMs + 1, 2, stale)]);
	await stranger.data(startMs + 2, [{ name: "T2", timestamp: startMs + 2, int_value: 2 ** 32 - 5 }]);
	await stranger.data(startMs + 3, [said(startMs - 77, 9, { is_historical: true })]);
	await eventually(() => rig.records.length === 4);
	expect(stored(rig)).toEqual([
		[0, 1],
		[0, null],
		[1, 2],
		[2, -5],
		[-77, 9],
	]);
	expect(rig.records.map(({ historical }) => historical)).toEqual([false, false, false, true]);
	expect(rig.records[1]?.samples.status[0]).toBe(0x80310000);
	expect(await counted(rig.telemetry, "messages_refused_total", { reason: "datatype" })).toBe(2);
});

test("what no birth declared, and what comes before one, is counted and a gap until the next birth; the rest of a message is stored", async () => {
	const rig = await new HostRig().start();
	const stranger = new Stranger(rig);
	await stranger.data(startMs - 900, [said(startMs - 900, 1)]);
	await stranger.data(startMs - 800, [said(startMs - 800, 1)]);
	await stranger.born(startMs, [], [born(startMs, 2)]);
	await stranger.data(startMs + 1, [said(startMs + 1, 3), { alias: 99, timestamp: startMs, int_value: 4 }]);
	await stranger.data(startMs + 2, [said(startMs + 2, 5)], { device: "/D2" });
	await eventually(() => stored(rig).length === 2);
	expect(stored(rig).map(([, value]) => value)).toEqual([2, 3]);
	const refused = (reason: string) => counted(rig.telemetry, "messages_refused_total", { reason });
	await eventually(() => rig.commands.length > 0);
	expect([await refused("before_birth"), await refused("unknown_alias")]).toEqual([3, 1]);
	const gap = (device: string, from: number, to: number) => ({
		...{ device, cause: "unknown", fromMs: startMs + from, toMs: startMs + to },
	});
	expect(rig.gaps).toMatchObject([gap("D1", -900, 0)]);
	await stranger.born(startMs + 10, [], [born(startMs + 10, 6)]);
	await eventually(() => stored(rig).length === 3);
	expect(rig.gaps).toMatchObject([gap("D1", -900, 0), gap("D1", 1, 10), gap("D2", 2, 10)]);
});

test("arrays, text, UUID and files are stored as they are packed", async () => {
	const rig = await new HostRig().start();
	const stranger = new Stranger(rig);
	const packed = [1, 2, 255];
	const array = { timestamp: startMs, datatype: 26, bytes_value: packed };
	await stranger.born(
		startMs,
		[],
		[
			{ name: "A", alias: 1, ...array },
			{ name: "B", alias: 2, timestamp: startMs, datatype: 14, string_value: "text" },
			{ name: "C", alias: 3, timestamp: startMs, datatype: 15, string_value: "uuid" },
			{ name: "D", alias: 4, timestamp: startMs, datatype: 18, bytes_value: [9] },
		],
	);
	await eventually(() => stored(rig).length === 4);
	expect(stored(rig).map(([, value]) => value)).toEqual([
		...[Buffer.from(packed), "text", "uuid", Buffer.from([9])],
	]);
	expect(rig.series.map(({ datatype }) => datatype)).toEqual([26, 14, 15, 18]);
	expect(await counted(rig.telemetry, "messages_refused_total")).toBe(0);
});

test("values far apart in time stand in records of their own, so that each is found by its time", async () => {
	const rig = await new HostRig().start();
	const stranger = new Stranger(rig);
	const metrics = Array.from({ length: 1_200 }, (_, index) => ({
		...{ name: `M${index}`, alias: 100 + index, datatype: 10, double_value: index },
		timestamp: index === 0 ? startMs - 86_400_000 : startMs,
	}));
	await stranger.born(startMs, [], metrics);
	await eventually(() => stored(rig).length === 1_200);
	expect(rig.records.map(({ samples }) => samples.count)).toEqual([1, 500, 500, 199]);
});
