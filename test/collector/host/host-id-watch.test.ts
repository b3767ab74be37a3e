import { describe, expect, test } from "vitest";
import { HostIdWatch, OwnSessions } from "../../../collector/host/host-id-watch.ts";

const mineMs = 4_000;
const state = (changes: { online?: boolean; timestampMs?: number } = {}) => ({
	online: true,
	timestampMs: 5_000,
	...changes,
});

function listening(ownSessions: readonly number[] = [mineMs]): HostIdWatch {
	const own = new OwnSessions();
	for (const timestampMs of ownSessions) own.began(timestampMs);
	const watch = new HostIdWatch(own);
	watch.subscribed(1_000);
	return watch;
}

describe("a collector that comes", () => {
	test("waits for its subscription, and a second for what is retained", () => {
		const watch = new HostIdWatch(new OwnSessions());
		expect(watch.decision(60_000)).toBe("wait");
		watch.subscribed(60_000);
		expect(watch.decision(60_999)).toBe("wait");
		expect(watch.decision(61_000)).toBe("go");
	});

	test.each([
		["nobody is online under the id", state({ online: false })],
		["it was online itself", state({ timestampMs: mineMs })],
	])("goes on at once when %s", (_, retained) => {
		const watch = listening();
		watch.state(retained, true, 1_001);
		expect(watch.decision(1_001)).toBe("go");
	});

	test("listens 30 s when the id was online, and goes on when its owner is silent", () => {
		const watch = listening();
		watch.state(state(), true, 1_001);
		expect(watch.decision(30_999)).toBe("wait");
		expect(watch.decision(31_000)).toBe("go");
	});

	test("gives way when the owner speaks [tck-id-operational-behavior-host-application-host-id]", () => {
		const watch = listening();
		watch.state(state(), true, 1_001);
		watch.state(state(), false, 11_000);
		expect(watch.decision(11_000)).toBe("taken");
	});
});

describe("of two that are online", () => {
	test("the one whose session is younger gives way", () => {
		const younger = listening([6_000]);
		younger.stateWhileOnline(state({ timestampMs: 5_000 }), 6_000);
		expect(younger.decision(60_000)).toBe("taken");
		const older = listening([5_000]);
		older.stateWhileOnline(state({ timestampMs: 6_000 }), 5_000);
		expect(older.decision(60_000)).toBe("go");
	});

	test("its own repetition, one of its earlier sessions or of another server, and another's death say nothing", () => {
		const watch = listening([3_000, 4_000, 6_000]);
		for (const timestampMs of [3_000, 4_000, 6_000]) watch.stateWhileOnline(state({ timestampMs }), 6_000);
		watch.stateWhileOnline(state({ online: false }), 6_000);
		expect(watch.decision(60_000)).toBe("go");
	});
});

test("of its own sessions the last 1,000 are known", () => {
	const own = new OwnSessions();
	for (let timestampMs = 0; timestampMs <= 1_000; timestampMs++) own.began(timestampMs);
	expect([own.has(0), own.has(1), own.has(1_000)]).toEqual([false, true, true]);
});
