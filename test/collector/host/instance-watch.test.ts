import { describe, expect, test } from "vitest";
import { InstanceWatch } from "../../../collector/host/instance-watch.ts";

const mine = "instance-b";
const state = (changes: { online?: boolean; instance?: string; timestampMs?: number } = {}) => ({
	online: true,
	timestampMs: 5_000,
	instance: "instance-a",
	...changes,
});

function listening(): InstanceWatch {
	const watch = new InstanceWatch(mine);
	watch.subscribed(1_000);
	return watch;
}

describe("a collector that comes", () => {
	test("waits for its subscription, and a second for what is retained", () => {
		const watch = new InstanceWatch(mine);
		expect(watch.decision(60_000)).toBe("wait");
		watch.subscribed(60_000);
		expect(watch.decision(60_999)).toBe("wait");
		expect(watch.decision(61_000)).toBe("go");
	});

	test.each([
		["nobody is online under the id", state({ online: false })],
		["it was online itself", state({ instance: mine })],
		["a host of another make was", { online: true, timestampMs: 5_000 }],
	])("goes on at once when %s", (_, retained) => {
		const watch = listening();
		watch.state(retained, true, 1_001);
		expect(watch.decision(1_001)).toBe("go");
	});

	test("listens 30 s when another instance was online, and goes on when that one is silent", () => {
		const watch = listening();
		watch.state(state(), true, 1_001);
		expect(watch.decision(30_999)).toBe("wait");
		expect(watch.decision(31_000)).toBe("go");
	});

	test("gives way when the other instance speaks [tck-id-operational-behavior-host-application-host-id]", () => {
		const watch = listening();
		watch.state(state(), true, 1_001);
		watch.state(state({ timestampMs: 5_000 }), false, 11_000);
		expect(watch.decision(11_000)).toBe("taken");
	});
});

describe("of two that are online", () => {
	test("the one whose session is younger gives way", () => {
		const younger = listening();
		younger.stateWhileOnline(state({ timestampMs: 5_000 }), 6_000);
		expect(younger.decision(60_000)).toBe("taken");
		const older = listening();
		older.stateWhileOnline(state({ timestampMs: 6_000 }), 5_000);
		expect(older.decision(60_000)).toBe("go");
	});

	test("exactly one of two sessions of the same millisecond", () => {
		const taken = ["instance-a", "instance-b"].map((instance) => {
			const watch = new InstanceWatch(instance);
			watch.subscribed(0);
			const other = instance === "instance-a" ? "instance-b" : "instance-a";
			watch.stateWhileOnline(state({ instance: other }), 5_000);
			return watch.decision(2_000);
		});
		expect(taken).toEqual(["go", "taken"]);
	});

	test("its own repetition, and another's death, say nothing", () => {
		const watch = listening();
		watch.stateWhileOnline(state({ instance: mine }), 6_000);
		watch.stateWhileOnline(state({ online: false }), 6_000);
		expect(watch.decision(60_000)).toBe("go");
	});
});
