import { describe, expect, test } from "vitest";
import { decodeGap, encodeGap, gapCauses } from "../../../common/contract/gap.ts";
import type { DeviceId, EdgeNodeId, GroupId, HostId } from "../../../common/contract/ids.ts";
import { isEpoch, isOffset } from "../../../common/contract/ids.ts";
import { decodeOpened, encodeOpened } from "../../../common/contract/opened.ts";
import { decodeHostState, encodeHostState } from "../../../common/contract/state.ts";
import {
	deviceMessageTypes,
	groupFilter,
	nodeMessageTypes,
	nodeTopic,
	parseTopic,
	stateTopic,
} from "../../../common/contract/topics.ts";

const group = "Ulsan line 1" as GroupId;
const edgeNode = "agent-β" as EdgeNodeId;

describe("a topic [tck-id-topic-structure-namespace-a]", () => {
	test.each(nodeMessageTypes)("of type %s names group and edge node", (type) => {
		const topic = nodeTopic(group, type, edgeNode);
		expect(topic).toBe(`spBv1.0/Ulsan line 1/${type}/agent-β`);
		expect(parseTopic(topic)).toEqual({ kind: "node", group, type, edgeNode, device: "" });
	});

	test.each(deviceMessageTypes)("of type %s names the device as well", (type) => {
		const topic = nodeTopic(group, type, edgeNode, "F500" as DeviceId);
		expect(topic).toBe(`spBv1.0/Ulsan line 1/${type}/agent-β/F500`);
		expect(parseTopic(topic)).toEqual({ kind: "node", group, type, edgeNode, device: "F500" });
	});

	test("of a host's state [tck-id-host-topic-phid-birth-topic]", () => {
		expect(stateTopic("collector" as HostId)).toBe("spBv1.0/STATE/collector");
		expect(parseTopic("spBv1.0/STATE/collector")).toEqual({ kind: "state", host: "collector" });
		expect(groupFilter(group)).toBe("spBv1.0/Ulsan line 1/#");
	});

	test.each([
		["another namespace", "spAv1.0/g/NDATA/n"],
		["version 2.2's STATE", "STATE/collector"],
		["too few levels", "spBv1.0/g"],
		["no edge node", "spBv1.0/g/NDATA"],
		["a level too many", "spBv1.0/g/DDATA/n/d/more"],
		["a state with a level too many", "spBv1.0/STATE/host/more"],
		["an unknown type", "spBv1.0/g/XDATA/n"],
		["a node message with a device", "spBv1.0/g/NDATA/n/d"],
		["a device message without one", "spBv1.0/g/DDATA/n"],
		["an empty level", "spBv1.0//NDATA/n"],
		["an empty device", "spBv1.0/g/DDATA/n/"],
		["a wildcard", "spBv1.0/g/NDATA/+"],
		["a control character", "spBv1.0/g/NDATA/n\u0000"],
		["a level of 129 characters", `spBv1.0/g/NDATA/${"n".repeat(129)}`],
		["nothing", ""],
	])("with %s is none", (_, topic) => {
		expect(parseTopic(topic)).toBeUndefined();
	});
});

describe("a host's state [tck-id-host-topic-phid-birth-payload]", () => {
	test("reads back", () => {
		for (const state of [
			{ online: true, timestampMs: 1_790_000_000_000 },
			{ online: false, timestampMs: 0 },
		]) {
			expect(decodeHostState(Buffer.from(encodeHostState(state)))).toEqual(state);
		}
		expect(JSON.parse(encodeHostState({ online: true, timestampMs: 5 }))).toEqual({
			online: true,
			timestamp: 5,
		});
	});

	test.each([
		["the text of version 2.2", "ONLINE"],
		["no object", "null"],
		["online as text", '{"online":"true","timestamp":1}'],
		["no timestamp", '{"online":true}'],
		["nothing", ""],
		["a large one", `{"online":true,"timestamp":1,"x":"${"x".repeat(5_000)}"}`],
	])("that is %s is none", (_, payload) => {
		expect(decodeHostState(Buffer.from(payload))).toBeUndefined();
	});
});

describe("a gap", () => {
	test.each(gapCauses)("caused by %s reads back", (cause) => {
		const gap = {
			device: "F500",
			tags: ["TT01", "PT01"],
			fromMs: 1,
			toMs: 2,
			cause,
			backfilled: cause === "clock",
		};
		expect(decodeGap(encodeGap(gap))).toEqual(gap);
	});

	test("of a newer version's cause is kept, as unknown", () => {
		const text = '{"device":"","tags":[],"fromMs":1,"toMs":2,"cause":"solar_flare","backfilled":1}';
		expect(decodeGap(text)).toMatchObject({ cause: "unknown", backfilled: false });
	});

	test.each([
		["no JSON", "{"],
		["no object", "null"],
		["no device", '{"tags":[],"fromMs":1,"toMs":2,"cause":"clock"}'],
		["an end that is no number", '{"device":"","tags":[],"fromMs":1,"toMs":null,"cause":"clock"}'],
		["tags that are no texts", '{"device":"","tags":[1],"fromMs":1,"toMs":2,"cause":"clock"}'],
	])("that is %s is none", (_, text) => {
		expect(decodeGap(text)).toBeUndefined();
	});
});

test("an opening reads back, and anything else is none", () => {
	const opened = { epoch: Number.MAX_SAFE_INTEGER, previousEpoch: 0, previousLast: 0 };
	expect(decodeOpened(encodeOpened(opened))).toEqual(opened);
	for (const text of ["{", "null", "{}", '{"epoch":1.5,"previousEpoch":0,"previousLast":0}']) {
		expect(decodeOpened(text), text).toBeUndefined();
	}
});

test("epochs and offsets are exact integers from 1 on", () => {
	const numbers = [1, Number.MAX_SAFE_INTEGER, 0, -1, 1.5, 2 ** 53, Number.NaN];
	expect(numbers.map(isEpoch)).toEqual([true, true, false, false, false, false, false]);
	expect(numbers.map(isOffset)).toEqual([true, true, false, false, false, false, false]);
});
