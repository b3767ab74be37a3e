import { expect, test } from "vitest";
import { agentConfig, type SamplingConfig, type ServerConfig } from "../../../agent/config.ts";
import { autoQueueSize, ownSampling, SamplingRules, widthOf } from "../../../agent/source/sampling.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import { sourceConfig } from "../../integration/source-rig.ts";

test.each([
	// Every change: as deep as it always was.
	[0, 500, 1_000],
	[100, 500, 300],
	[1_000, 500, 30],
	// Four publishing intervals are longer than 30 s.
	[1_000, 60_000, 240],
	[-1, 500, 60],
	[60_000, 500, 10],
	[1, 60_000, 10_000],
])("a queue for %i ms of sampling and %i ms of publishing holds %i values", (sampling, publishing, size) => {
	expect(autoQueueSize(sampling, publishing)).toBe(size);
});

function rules(server: object = {}): SamplingRules {
	return new SamplingRules(sourceConfig(4840, { server }).servers[0] as ServerConfig);
}

const deadband = { kind: "absolute", width: 0.5 } as const;

test("a tag's own setting is before its device's, and that before the server's", () => {
	const server = { sampling_interval_ms: 100, queue_size: "auto", discard: "newest" };
	const device: SamplingConfig = { sampling_interval_ms: 200, trigger: "status_value" };
	const tag: SamplingConfig = { trigger: "status", queue_size: 7 };
	const known = rules(server);
	expect(known.of(ownSampling(device, tag), datatypes.Double, true)).toMatchObject({
		...{ intervalMs: 200, queueSize: 7, discardOldest: false, trigger: "status", pollMs: undefined },
	});
	expect(known.of(ownSampling(device, undefined), datatypes.Double, true)).toMatchObject({
		...{ intervalMs: 200, queueSize: 150, trigger: "status_value" },
	});
	expect(ownSampling({}, {})).toBeUndefined();
	expect(ownSampling({ polling: { interval_ms: 100 } }, { polling: "off" })).toEqual({ polling: "off" });
	expect(known.of({ polling: "off" }, datatypes.Double, true).pollMs).toBeUndefined();
	// 20,000 tags share one object.
	expect(known.of({ queue_size: 7 }, datatypes.Double, true)).toBe(
		known.of({ queue_size: 7 }, datatypes.Int32, true),
	);
});

test("only whole numbers have a deadband, and with one a new time alone is no sample", () => {
	const known = rules();
	expect(known.of({ deadband }, datatypes.Int64, true)).toMatchObject({ deadband, trigger: "status_value" });
	for (const type of [datatypes.Boolean, datatypes.String, datatypes.DateTime, datatypes.Bytes])
		expect(known.of({ deadband }, type, true)).toMatchObject({
			...{ deadband: undefined, trigger: "status_value_timestamp" },
		});
	expect(known.of({ deadband }, datatypes.Double, false).deadband).toBeUndefined();
	expect(known.of({ deadband: { kind: "absolute", width: 0 } }, datatypes.Double, true)).toMatchObject({
		...{ deadband: undefined, trigger: "status_value_timestamp" },
	});
});

test("what the agent leaves out itself follows from deadband, range and trigger", () => {
	const known = rules();
	const width = (own: SamplingConfig, range = {}) => widthOf(known.of(own, datatypes.Double, true), range);
	const percent = { kind: "percent", width: 2 } as const;
	expect(width({})).toBeUndefined();
	expect(width({ trigger: "status_value" })).toBe(0);
	expect(width({ trigger: "status" })).toBe(Number.POSITIVE_INFINITY);
	expect(width({ deadband })).toBe(0.5);
	expect(width({ deadband: percent }, { low: 100, high: 600 })).toBe(10);
	expect(width({ deadband: percent }, { low: 100 })).toBeUndefined();
});

test.each([
	[0.5, { kind: "absolute", width: 0.5 }],
	["1%", { kind: "percent", width: 1 }],
	["0.5 %", { kind: "percent", width: 0.5 }],
	[{ percent: 3 }, { kind: "percent", width: 3 }],
])("a deadband is written as %j", (written, read) => {
	const config = sourceConfig(4840, { server: { deadband: written } });
	expect(config.servers[0]?.deadband).toEqual(read);
});

test.each(["101%", "1 K", -1, { percent: 101 }])("a deadband is not written as %j", (written) => {
	expect(() => sourceConfig(4840, { server: { deadband: written } })).toThrow();
});

test("settings that contradict each other are named", () => {
	const config = sourceConfig(4840, {
		server: { trigger: "status", deadband: 1 },
		tags: [{ name: "X", node: "s=X", type: "Double", polling: { interval_ms: 1_000 } }],
		timeBase: { tag: "Heartbeat" },
	});
	expect(agentConfig.crossCheck?.(config)).toMatchObject([
		{ path: ["servers", 0, "deadband"] },
		{ path: ["devices", 0, "time_base"], message: expect.stringContaining("found X with another polling") },
	]);
});
