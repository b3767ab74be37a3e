import { describe, expect, test } from "vitest";
import { AliasTable, roleOf } from "../../../collector/host/alias-table.ts";
import { EdgeNodeState } from "../../../collector/host/edge-node.ts";
import { datatypes } from "../../../common/contract/datatype.ts";

describe("an edge node", () => {
	test("dies only by the death of its own session [tck-id-operational-behavior-edge-node-ndeath-bdseq-match]", () => {
		const node = new EdgeNodeState();
		expect(node.died(3, 0)).toBe(false);
		node.born(3, 0, 0);
		expect([node.died(2, 0), node.online]).toEqual([false, true]);
		expect([node.died(3, 0), node.online]).toEqual([true, false]);
	});

	test("is stale with all its devices from its death on, by our clock; a device that died before, from its own [tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale]", () => {
		const node = new EdgeNodeState();
		node.born(3, 0, 0);
		node.deviceBorn("U1");
		node.deviceBorn("U2");
		node.deviceDied("U1", 1_000);
		expect([node.isAlive("U1"), node.isAlive("U2"), node.isAlive("U3")]).toEqual([false, true, false]);
		node.died(3, 5_000);
		expect([node.staleSinceMs, ...node.devices]).toEqual([5_000, ["U1", 1_000], ["U2", 5_000]]);
		node.lost(9_000);
		expect(node.staleSinceMs).toBe(5_000);
		node.born(4, 0, 0);
		expect([node.staleSinceMs, node.devices.size]).toEqual([undefined, 0]);
		node.deviceBorn("U1");
		expect(node.isAlive("U1")).toBe(true);
	});

	test("is asked for births with growing pauses, up to a minute, as long as nothing of it is understood", () => {
		const node = new EdgeNodeState(() => 1);
		const askedS: number[] = [];
		for (let s = 0; s < 400; s++) {
			// Messages in sequence alone do not show that it was worth asking.
			node.sequence.take(s % 256, s * 1_000);
			if (node.rebirthRequest(s * 1_000, "sequence") !== undefined) askedS.push(s);
		}
		expect(askedS).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363]);
		node.born(1, 0, 400_000);
		expect(node.rebirthRequest(400_000, "sequence")).toBeDefined();
		expect(node.rebirthRequest(401_001, "sequence")).toBeUndefined();
		node.understood();
		expect(node.rebirthRequest(460_000, "sequence")).toBeDefined();
		expect(node.rebirthRequest(461_000, "sequence")).toBeDefined();
	});

	test("is asked six times within a minute when nothing more is heard of it, until it is born or lost", () => {
		const node = new EdgeNodeState(() => 1);
		expect(node.repeatedRequest(0)).toBeUndefined();
		const repeatedS = (fromS: number, toS: number) =>
			Array.from({ length: toS - fromS }, (_, index) => fromS + index).filter(
				(s) => node.repeatedRequest(s * 1_000)?.reason === "unknown_alias",
			);
		expect(node.rebirthRequest(0, "unknown_alias")).toBeDefined();
		expect(repeatedS(1, 400)).toEqual([5, 10, 15, 23, 39]);
		// A message that calls for births begins anew, also when it comes too soon to be followed by a request at once.
		node.rebirthRequest(400_000, "sequence");
		expect(node.rebirthRequest(401_000, "unknown_alias")).toBeUndefined();
		expect(repeatedS(402, 470)).toEqual([460]);
		node.born(1, 0, 470_000);
		expect(repeatedS(471, 600)).toEqual([]);
		node.rebirthRequest(600_000, "unknown_alias");
		node.lost(600_100);
		expect(repeatedS(601, 800)).toEqual([]);
	});

	test("is asked without data types, with them when it does not answer, and always so if that helped [tck-id-payloads-metric-datatype-not-req]", () => {
		const node = new EdgeNodeState(() => 1);
		const asked = (nowMs: number) => node.rebirthRequest(nowMs, "sequence")?.withDatatype;
		expect(asked(0)).toBe(false);
		node.born(1, 0, 100);
		expect([asked(200), asked(100_000), asked(200_000)]).toEqual([false, true, true]);
		node.born(1, 0, 200_100);
		expect(asked(300_000)).toBe(true);
	});

	test("forgets aliases and devices with each birth", () => {
		const node = new EdgeNodeState();
		node.aliases.define({
			name: "T1",
			role: "tag",
			datatype: datatypes.Double,
			series: 1,
			device: "U1",
			alias: 5,
		});
		node.deviceBorn("U1");
		node.born(1, 0, 0);
		expect([node.aliases.size, node.devices.size, node.aliases.find("U1", -1, "T1")]).toEqual([
			0,
			0,
			undefined,
		]);
	});
});

test("an alias table finds by alias or by name, and a device's birth replaces its rows only", () => {
	const table = new AliasTable();
	const of = (device: string, name: string, alias: number) => ({
		name,
		alias,
		role: "tag" as const,
		datatype: datatypes.Double,
		series: 1,
		device,
	});
	table.define(of("U1", "T", 1));
	table.define(of("U2", "T", 2));
	table.define(of("U2", "named", -1));
	expect(table.find("U1", 2, undefined)?.device).toBe("U2");
	expect(table.find("U2", -1, "named")?.name).toBe("named");
	expect(table.find("U1", -1, "named")).toBeUndefined();
	table.clearDevice("U2");
	expect([table.find("U2", 2, undefined), table.find("U2", -1, "named")]).toEqual([undefined, undefined]);
	expect(table.find("U1", 1, undefined)?.name).toBe("T");
});

test.each([
	["T1", datatypes.Double, "tag"],
	["Delivery/Epoch", datatypes.Int64, "epoch"],
	["bdSeq", datatypes.Int64, "control"],
	["Node Control/Rebirth", datatypes.Boolean, "control"],
	["Device Control/Reboot", datatypes.Boolean, "control"],
	["T2", datatypes.DataSet, "unknown"],
	["T3", datatypes.Template, "unknown"],
	["T4", 99, "unknown"],
])("%s of data type %i is %s to the collector", (name, datatype, role) => {
	expect(roleOf(name, datatype)).toBe(role);
});
