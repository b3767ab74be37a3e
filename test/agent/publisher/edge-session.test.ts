import { describe, expect, test } from "vitest";
import { CurrentValues } from "../../../agent/publisher/current-values.ts";
import { EdgeSession } from "../../../agent/publisher/edge-session.ts";
import type { Tag } from "../../../agent/tag-book.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import { decodeDetail, decodeHeld } from "../../../common/contract/delivery.ts";
import type { EdgeNodeId, GroupId } from "../../../common/contract/ids.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { statusCodes } from "../../../common/contract/status.ts";
import { oracleDecode } from "../../common/contract/sparkplug-oracle.ts";
import { wholeBirth } from "../../helpers/whole-birth.ts";

const nowMs = 1_790_000_000_000;
const tag = (
	id: number,
	device: string,
	name: string,
	datatype: Tag["datatype"],
	more: Partial<Tag> = {},
): Tag => ({
	id,
	device,
	name,
	datatype,
	configured: true,
	...more,
});
const tags: Tag[] = [
	tag(1, "", "Data/Gap", datatypes.String),
	tag(2, "", "Data/Opened", datatypes.String),
	tag(3, "F500", "TT01", datatypes.Double, { eu: "degC", low: 0, high: 1200 }),
	tag(4, "F500", "Mode", datatypes.String),
	tag(5, "M300", "TT01", datatypes.Float),
	tag(6, "F500", "TT01", datatypes.Int32, { configured: false }),
];
const held = [{ epoch: 9, first: 4, next: 8 }];

interface Metric {
	readonly name?: string;
	readonly alias?: string;
	readonly datatype?: number;
	readonly properties?: { keys: string[]; values: Record<string, unknown>[] };
	readonly [field: string]: unknown;
}

function sessionWith(values: (samples: SampleColumns) => void = () => undefined) {
	const current = new CurrentValues(new SampleColumns(tags.length + 1));
	const samples = new SampleColumns(3);
	values(samples);
	current.update({ device: "F500", samples, throughMs: undefined });
	return new EdgeSession({ group: "site" as GroupId, edgeNode: "agent" as EdgeNodeId, tags, current });
}

function decoded({ topic, payload }: { topic: string; payload: Buffer }) {
	const { timestamp, seq, metrics } = oracleDecode(payload) as {
		timestamp: string;
		seq?: string;
		metrics: Metric[];
	};
	return {
		topic,
		timestamp,
		seq,
		metrics,
		named: (name: string) => metrics.find((metric) => metric.name === name),
	};
}

const births = (session: EdgeSession, bdSeq = 7) =>
	[...session.births(wholeBirth(bdSeq, held), nowMs)].map(decoded);

function record(samples: SampleColumns, device = "F500", more = {}) {
	return {
		epoch: 5,
		offset: 12,
		last: 12,
		device,
		throughMs: nowMs,
		hash: Buffer.alloc(16, 1),
		samples,
		historical: false,
		...more,
	};
}

function oneSample(tagId: number, value: number, status = 0): SampleColumns {
	const samples = new SampleColumns(1);
	samples.count = 1;
	samples.tagId[0] = tagId;
	samples.sourceMs[0] = nowMs - 5;
	samples.serverLagTicks[0] = 20_000;
	samples.status[0] = status;
	samples.setValue(0, value);
	return samples;
}

describe("births", () => {
	test("are NBIRTH with sequence 0, then a DBIRTH for each device, one up each [tck-id-topics-nbirth-seq-num, tck-id-topics-dbirth-seq]", () => {
		const session = sessionWith();
		session.data(record(oneSample(3, 1)), nowMs);
		expect(births(session).map(({ topic, seq }) => [topic, seq])).toEqual([
			["spBv1.0/site/NBIRTH/agent", "0"],
			["spBv1.0/site/DBIRTH/agent/F500", "1"],
			["spBv1.0/site/DBIRTH/agent/M300", "2"],
		]);
	});

	test("give every metric name, time and data type, and an alias that no other metric of the node has [tck-id-payloads-alias-uniqueness, tck-id-payloads-name-birth-data-requirement]", () => {
		const all = births(sessionWith()).flatMap(({ metrics }) => metrics);
		for (const metric of all) {
			expect(metric).toMatchObject({
				name: expect.any(String),
				timestamp: String(nowMs),
				datatype: expect.any(Number),
			});
		}
		const aliases = all.flatMap(({ alias }) => (alias === undefined ? [] : [alias]));
		expect(new Set(aliases).size).toBe(aliases.length);
		// An alias is forbidden for it [tck-id-operational-behavior-data-commands-rebirth-name-aliases].
		expect(all.filter(({ alias }) => alias === undefined).map(({ name }) => name)).toEqual([
			"Node Control/Rebirth",
		]);
	});

	test("of the node carry bdSeq as Int64, the rebirth control as false, and what the journal holds [tck-id-payloads-nbirth-bdseq, tck-id-topics-nbirth-rebirth-metric]", () => {
		const [node] = births(sessionWith(), 255);
		expect(node?.named("bdSeq")).toMatchObject({ datatype: datatypes.Int64, long_value: "255" });
		expect(node?.named("Node Control/Rebirth")).toMatchObject({
			datatype: datatypes.Boolean,
			boolean_value: false,
		});
		expect(node?.named("Delivery/Version")).toMatchObject({ int_value: 1 });
		expect(decodeHeld(Uint8Array.from(node?.named("Delivery/Held")?.bytes_value as number[]))).toEqual(held);
		expect(node?.named("Data/Gap")).toBeDefined();
	});

	test("declare the delivery metrics of every device, transient and without a value [tck-id-topics-dbirth-metrics]", () => {
		for (const birth of births(sessionWith())) {
			for (const name of ["Delivery/Epoch", "Delivery/Offset", "Delivery/Through", "Delivery/Detail"]) {
				expect(birth.named(name)).toMatchObject({ is_transient: true, is_null: true });
			}
		}
	});

	test("repeat current values with unit and range; a tag without a value yet is null and says why", () => {
		const session = sessionWith((samples) => {
			samples.count = 1;
			samples.tagId[0] = 3;
			samples.sourceMs[0] = 1_000;
			samples.setValue(0, 640.5);
		});
		const f500 = births(session)[1];
		expect(f500?.named("TT01")).toMatchObject({
			alias: "3",
			timestamp: "1000",
			double_value: 640.5,
			properties: {
				keys: ["engUnit", "engLow", "engHigh"],
				values: [
					{ type: datatypes.String, string_value: "degC" },
					{ type: datatypes.Double, double_value: 0 },
					{ type: datatypes.Double, double_value: 1200 },
				],
			},
		});
		expect(f500?.named("Mode")).toMatchObject({
			is_null: true,
			properties: { keys: ["Quality", "StatusCode"] },
		});
		expect(f500?.named("Mode")?.properties?.values[1]).toMatchObject({
			int_value: statusCodes.BadWaitingForInitialData,
		});
	});

	test("declare a tag that only old records hold; with a data type of the past its name tells it apart", () => {
		const names = births(sessionWith())[1]?.metrics.map(({ name, alias }) => `${name} ${alias}`);
		expect(names).toContain("TT01 3");
		expect(names).toContain("TT01@6 6");
	});
});

describe("data", () => {
	test("goes by alias alone, without name or data type, status only when not Good [tck-id-payloads-alias-data-cmd-requirement, tck-id-payloads-metric-datatype-not-req]", () => {
		const session = sessionWith();
		births(session);
		const good = decoded(session.data(record(oneSample(3, 1)), nowMs));
		const bad = decoded(session.data(record(oneSample(3, 2, 0x8031_0000)), nowMs));
		for (const metric of [...good.metrics, ...bad.metrics]) {
			expect(metric).not.toHaveProperty("name");
			expect(metric).not.toHaveProperty("datatype");
			expect(metric).toHaveProperty("alias");
		}
		expect(good.metrics.filter(({ properties }) => properties !== undefined)).toEqual([]);
		expect(bad.metrics.at(-1)).toMatchObject({ alias: "3", properties: { keys: ["Quality", "StatusCode"] } });
	});

	test("says where the record stands, how far its device is complete, and what plain fields cannot hold", () => {
		const session = sessionWith();
		const [node, f500] = births(session);
		const message = decoded(session.data(record(oneSample(3, 1), "F500", { epoch: 2 ** 53 - 1 }), nowMs));
		expect(message.topic).toBe("spBv1.0/site/DDATA/agent/F500");
		const value = (name: string) => {
			const alias = f500?.named(name)?.alias;
			return message.metrics.find((metric) => metric.alias === alias);
		};
		expect(value("Delivery/Epoch")?.long_value).toBe(String(2 ** 53 - 1));
		expect(value("Delivery/Offset")?.long_value).toBe("12");
		expect(value("Delivery/Through")?.long_value).toBe(String(nowMs));
		const samples = new SampleColumns(1);
		const detail = decodeDetail(Uint8Array.from(value("Delivery/Detail")?.bytes_value as number[]), samples);
		expect(detail).toMatchObject({ count: 1, hash: new Uint8Array(16).fill(1) });
		expect(samples.serverLagTicks[0]).toBe(20_000);
		const gap = decoded(session.data(record(oneSample(1, 0), ""), nowMs));
		expect(gap.topic).toBe("spBv1.0/site/NDATA/agent");
		expect(node?.metrics.map(({ alias }) => alias)).toEqual(
			expect.arrayContaining(gap.metrics.map(({ alias }) => alias)),
		);
	});

	test("counts up over node and devices together and is 0 again after 255 [tck-id-payloads-sequence-num-incrementing]", () => {
		const session = sessionWith();
		births(session);
		const seqs: number[] = [];
		for (let message = 0; message < 300; message++) {
			const next =
				message % 3 === 0
					? session.held(held, nowMs)
					: message % 3 === 1
						? session.progress("M300", 5, 12, nowMs, nowMs)
						: session.data(record(oneSample(5, 1), "M300"), nowMs);
			seqs.push(Number(decoded(next).seq));
		}
		expect(seqs).toEqual(seqs.map((_, index) => (3 + index) % 256));
	});

	test("that is replayed says so; what the journal holds and mere progress are no samples", () => {
		const session = sessionWith();
		births(session);
		const replayed = decoded(session.data(record(oneSample(3, 1), "F500", { historical: true }), nowMs));
		expect(
			replayed.metrics.filter(({ is_historical }) => is_historical === true).map(({ alias }) => alias),
		).toEqual(["3"]);
		const progress = decoded(session.progress("F500", 5, 12, nowMs, nowMs));
		const ids = tags.map(({ id }) => String(id));
		expect(progress.metrics.filter(({ alias }) => ids.includes(alias as string))).toEqual([]);
	});
});

test("a death names bdSeq as Int64 and nothing else, without a sequence number [tck-id-payloads-ndeath-seq, tck-id-payloads-ndeath-bdseq]", () => {
	const death = decoded(sessionWith().death(255, nowMs));
	expect(death).toMatchObject({ topic: "spBv1.0/site/NDEATH/agent", seq: undefined });
	expect(death.metrics).toEqual([
		{ name: "bdSeq", timestamp: String(nowMs), datatype: datatypes.Int64, long_value: "255" },
	]);
});
