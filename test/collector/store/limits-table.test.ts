import { afterEach, beforeEach, expect, test } from "vitest";
import { readEvents } from "../../../collector/store/events.ts";
import { endOtherLimits } from "../../../collector/store/limits-table.ts";
import { StoreFile } from "../../../collector/store/store-file.ts";
import type { WindowLimits } from "../../../collector/window-limits.ts";
import { beganMs, hourMs, KnownStore } from "./known-store.ts";

let store: KnownStore;
beforeEach(() => {
	store = new KnownStore();
});
afterEach(() => store.remove());

const limits: WindowLimits = {
	...{ id: "run-1", window: "soak", specVersion: 1, unit: "U500", tag: "T1", batch: "B1", lot: "L1" },
	...{ low: 495, high: undefined, fromMs: beganMs, toMs: undefined, atMs: beganMs },
};
const told = () => {
	const { events } = readEvents(store.file.db, { afterN: 0, limit: 100 });
	return events.map(({ row }) => row);
};

test("what is told of a run stands in order, each as the run is now", () => {
	store.commit({ limits: [limits] });
	expect(told()).toEqual([limits]);
	const ended = { ...limits, toMs: beganMs + hourMs, atMs: undefined };
	store.commit({ limits: [ended] });
	expect(told()).toEqual([{ ...ended, atMs: beganMs }, ended]);
});

test("a version that is no longer in force ends where its unit had come to, once; the others go on", () => {
	const other = { ...limits, id: "run-2", unit: "U600" };
	const now = { ...limits, id: "run-3", specVersion: 2 };
	store.commit({
		limits: [limits, other, now],
		throughs: [{ edgeNode: 1, device: "U500", throughMs: beganMs + hourMs }],
	});
	for (let twice = 0; twice < 2; twice++) endOtherLimits(store.file, [2]);
	const end = { atMs: undefined };
	// Nothing was ever heard of the other unit, so that its limits applied for no time at all.
	expect(told().slice(3)).toEqual([
		{ ...limits, ...end, toMs: beganMs + hourMs },
		{ ...other, ...end, toMs: beganMs },
		{ ...other, toMs: beganMs },
	]);
	expect(told()[2]).toEqual(now);
});

test("a store of before gets the table when it is opened", () => {
	store.file.db.exec("DROP TABLE window_limits");
	const again = new StoreFile(store.path);
	expect(again.all("SELECT count(*) AS n FROM window_limits")).toEqual([{ n: 0 }]);
	again.close();
});
