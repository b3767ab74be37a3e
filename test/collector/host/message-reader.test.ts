import { describe, expect, test } from "vitest";
import type { EdgeSession } from "../../../agent/publisher/edge-session.ts";
import { AliasTable, roleOf } from "../../../collector/host/alias-table.ts";
import { readBirth, readData, readDeath } from "../../../collector/host/message-reader.ts";
import type { Datatype } from "../../../common/contract/datatype.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import { encodeHeld } from "../../../common/contract/delivery.ts";
import { PayloadWriter } from "../../../common/contract/payload-writer.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";
import { counted } from "../../helpers/quiet-telemetry.ts";
import { wholeBirth } from "../../helpers/whole-birth.ts";
import { eventually } from "../../simulators/plant/eventually.ts";
import { edgeSession, HostRig, tags } from "./host-rig.ts";

const held = [{ epoch: 7, first: 1, next: 2 }];
const hash = new Uint8Array(16).fill(9);
const sourceMs = Date.UTC(2026, 10, 22);

/** Two values of each data type: the ends of its range, and what is easily lost. */
const values: Record<string, SampleValue[]> = {
	Int8: [-128, 127],
	Int16: [-32_768, 32_767],
	Int32: [-(2 ** 31), 2 ** 31 - 1],
	Int64: [-(2n ** 63n), 2n ** 63n - 1n],
	UInt8: [0, 255],
	UInt16: [0, 65_535],
	UInt32: [0, 2 ** 32 - 1],
	UInt64: [0n, 2n ** 64n - 1n],
	Float: [Math.fround(0.1), Number.NaN],
	Double: [Number.MIN_VALUE, Number.NEGATIVE_INFINITY],
	Boolean: [0, 1],
	String: ["", "−45 °C 露点"],
	DateTime: [0, sourceMs],
	Bytes: [Buffer.alloc(0), Buffer.from([0, 255])],
};

function everyType(): SampleColumns {
	const rows = tags
		.filter(({ device }) => device === "U500")
		.flatMap(({ id, name }) => [...(values[name] ?? []), null].map((value) => ({ id, value })));
	const samples = new SampleColumns(rows.length);
	samples.count = rows.length;
	for (const [index, { id, value }] of rows.entries()) {
		samples.tagId[index] = id;
		samples.sourceMs[index] = sourceMs + index;
		samples.sourceRestTicks[index] = (index * 1_234) % 10_000;
		samples.serverLagTicks[index] = index % 3 === 0 ? Number.NaN : index * 77 - 500;
		samples.status[index] = index % 4 === 0 ? 0x8031_0480 : index % 5 === 0 ? 0x40a4_0000 : 0;
		samples.setValue(index, value);
	}
	return samples;
}

function record(samples: SampleColumns, historical = false) {
	return { epoch: 7, offset: 3, last: 3, device: "U500", throughMs: sourceMs, hash, samples, historical };
}

/** The alias table as the host fills it from the births; a series has its tag's id here. */
function aliasesOf(session: EdgeSession): AliasTable {
	const aliases = new AliasTable();
	for (const { topic, payload } of session.births(wholeBirth(1, held), 1_000)) {
		const device = topic.split("/")[4] ?? "";
		for (const { name, alias, datatype } of readBirth(payload).metrics) {
			const series = tags.find((tag) => tag.name === name)?.id ?? 0;
			const role = roleOf(name, datatype);
			aliases.define({ name, role, datatype: datatype as Datatype, series, device, alias });
		}
	}
	return aliases;
}

describe("a record", () => {
	test.each([false, true])("of every data type comes out as it went in (historical: %s)", (historical) => {
		const session = edgeSession();
		const sent = everyType();
		const data = readData(session.data(record(sent, historical), 1_000).payload, "U500", aliasesOf(session));
		expect(data).toMatchObject({
			epoch: 7,
			offset: 3,
			throughMs: sourceMs,
			unknownAliases: 0,
			mistyped: 0,
			foreign: false,
		});
		expect(Buffer.from(data.hash).equals(hash)).toBe(true);
		const { samples } = data;
		expect(samples.count).toBe(sent.count);
		for (let index = 0; index < sent.count; index++) {
			for (const column of [
				"tagId",
				"sourceMs",
				"sourceRestTicks",
				"serverLagTicks",
				"status",
				"kind",
			] as const)
				expect(samples[column][index], `${column} ${index}`).toBe(sent[column][index]);
			expect(samples.value(index)).toEqual(sent.value(index));
		}
	});

	test("keeps its bytes when the message's buffer is used again", () => {
		const session = edgeSession();
		const { payload } = session.data(record(everyType()), 1_000);
		const data = readData(payload, "U500", aliasesOf(session));
		payload.fill(0xee);
		expect(data.samples.other.filter((value) => value instanceof Uint8Array)).toEqual([
			Buffer.alloc(0),
			Buffer.from([0, 255]),
		]);
	});

	test("whose Detail speaks of more samples than there are is no message", () => {
		const session = edgeSession();
		const aliases = aliasesOf(session);
		const whole = session.data(record(everyType()), 1_000).payload;
		// The last metric is cut off: its length stands before it.
		const cut = whole.subarray(0, whole.lastIndexOf(Buffer.from([0x12, 0x0b])));
		expect(cut.length).toBeLessThan(whole.length);
		expect(() => readData(cut, "U500", aliases)).toThrow(/samples as Detail says, found/);
	});

	test("with a time that no plant has, or a value of another kind, is counted as mistyped", () => {
		const session = edgeSession();
		const aliases = aliasesOf(session);
		const writer = new PayloadWriter();
		const misfits: [number, Datatype, SampleValue, number][] = [
			[tags.find(({ name }) => name === "Double")?.id ?? 0, datatypes.Double, 1, 9e15],
			[tags.find(({ name }) => name === "Double")?.id ?? 0, datatypes.String, "12", 1],
			[tags.find(({ name }) => name === "Int8")?.id ?? 0, datatypes.Double, 1, 1],
		];
		writer.begin(1_000, 1);
		for (const [alias, datatype, value, timestampMs] of misfits)
			writer.metric({ alias, datatype, value, timestampMs });
		expect(readData(Buffer.from(writer.finish()), "U500", aliases)).toMatchObject({
			mistyped: misfits.length,
			samples: { count: 0 },
		});
	});

	test("with an alias that no birth declared is refused whole, and births are asked for", async () => {
		const rig = await new HostRig().start();
		const known = edgeSession(tags.slice(0, 3));
		await rig.send(...known.births(wholeBirth(1, held), 1_000));
		await rig.send(edgeSession().data(record(everyType()), 1_000));
		await eventually(() => rig.commands.some(({ rebirth }) => rebirth));
		expect(rig.records).toEqual([]);
	});

	test("with values that do not fit is refused whole and counted", async () => {
		const rig = await new HostRig().start();
		const session = edgeSession();
		await rig.send(...session.births(wholeBirth(1, held), 1_000));
		// The same aliases, and a whole number where the birth says Double.
		const other = edgeSession(tags.map((tag) => ({ ...tag, datatype: datatypes.Int32 })));
		const samples = new SampleColumns(1);
		samples.count = 1;
		samples.tagId[0] = tags.find(({ name }) => name === "Double")?.id ?? 0;
		samples.setValue(0, 1);
		await rig.send(other.data(record(samples), 1_000));
		await rig.send(session.held(held, 1_000), session.held(held, 1_000));
		await eventually(() => rig.held.length === 3);
		expect(rig.records).toEqual([]);
		expect(await counted(rig.telemetry, "messages_refused_total", { reason: "mistyped" })).toBe(1);
	});
});

test("a death of a device counts in the sequence, and its data afterwards asks for births", async () => {
	const rig = await new HostRig().start();
	const session = edgeSession();
	await rig.send(...session.births(wholeBirth(1, held), 1_000));
	const writer = new PayloadWriter();
	writer.begin(1_000, 2);
	await rig.publish("spBv1.0/pilot/DDEATH/line-1/U500", Buffer.from(writer.finish()));
	session.held(held, 1_000);
	await rig.send(session.held(held, 1_000));
	await eventually(() => rig.held.length === 2);
	expect(await counted(rig.telemetry, "rebirths_asked_total")).toBe(0);
	await rig.send(session.data(record(everyType()), 1_000));
	await eventually(() => rig.commands.some(({ rebirth }) => rebirth));
	expect(rig.records).toEqual([]);
});

test("births tell bdSeq, Held and units of measure; a death its bdSeq, or none", () => {
	const session = edgeSession();
	const [nodeBirth, deviceBirth] = [...session.births(wholeBirth(200, held), 1_000)].map(({ payload }) =>
		readBirth(payload),
	);
	expect(nodeBirth).toMatchObject({ bdSeq: 200, held, head: { seq: 0 } });
	expect(deviceBirth?.metrics.find(({ name }) => name === "Double")).toMatchObject({
		datatype: datatypes.Double,
		eu: "degC",
	});
	expect(readDeath(session.death(200, 1_000).payload).bdSeq).toBe(200);
	expect(readDeath(Buffer.alloc(0)).bdSeq).toBe(-1);
});

test.each([
	["an epoch", { epoch: 0, first: 1, next: 2 }],
	["an offset", { epoch: 7, first: 0, next: 2 }],
])("Held with %s that no journal has is no message", (_, wrong) => {
	const writer = new PayloadWriter();
	writer.begin(1_000, 0);
	writer.metric({
		name: "Delivery/Held",
		alias: 1,
		timestampMs: 1_000,
		datatype: datatypes.Bytes,
		withDatatype: true,
		value: encodeHeld([wrong]),
	});
	expect(() => readBirth(writer.finish())).toThrow(/expected epochs and offsets from 1/);
});
