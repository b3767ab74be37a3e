import { describe, expect, test } from "vitest";
import type { HeldRange } from "../../../agent/pipeline.ts";
import { Delivery } from "../../../agent/publisher/delivery.ts";
import type { Epoch } from "../../../common/contract/ids.ts";

const old: HeldRange = { chain: 1, epoch: 11 as Epoch, first: 4, next: 8 };
const current = (next: number): HeldRange => ({ chain: 2, epoch: 22 as Epoch, first: 1, next });

function deliveryTo(...hosts: string[]): Delivery {
	return new Delivery({ hosts, windowBytes: 1_000, resendAfterMs: 10_000 });
}

const settledMs = 2_000;

/** A delivery to one host that has come and said that it has nothing yet. */
function listening(held: readonly HeldRange[]): Delivery {
	const delivery = deliveryTo("a");
	delivery.hostState("a", true, held, 0);
	return delivery;
}

/** Sends up to `count` records of 100 bytes of the catch-up lane; returns what went out. */
function catchUp(delivery: Delivery, count: number, nowMs = settledMs): string[] {
	const out: string[] = [];
	for (let sent = 0; sent < count; sent++) {
		const next = delivery.nextCatchUp(nowMs);
		if (next === undefined) break;
		delivery.sentCatchUp({ chain: next.chain, offset: next.first, last: next.first, bytes: 100 });
		out.push(`${next.chain}:${next.first}`);
	}
	return out;
}

/** Sends what is durable of the live lane. */
function live(delivery: Delivery, held: readonly HeldRange[]): string[] {
	const out: string[] = [];
	for (let from = delivery.nextLive(); from !== undefined; from = delivery.nextLive()) {
		if (from.offset >= (held.at(-1) as HeldRange).next) break;
		delivery.sentLive({ chain: from.chain, offset: from.offset, last: from.offset, bytes: 100 });
		out.push(`${from.chain}:${from.offset}`);
	}
	return out;
}

describe("delivery", () => {
	test("sends nothing while no host is online; then what is held is catch-up, oldest first, and what follows is live", () => {
		const held = [old, current(3)];
		const delivery = deliveryTo("a");
		expect(delivery.nextLive()).toBeUndefined();
		delivery.hostState("a", true, held, 0);
		expect(live(delivery, held)).toEqual([]);
		expect(live(delivery, [old, current(5)])).toEqual(["2:3", "2:4"]);
		expect(catchUp(delivery, 10)).toEqual(["1:4", "1:5", "1:6", "1:7", "2:1", "2:2"]);
	});

	test("a backlog waits until the host has said what it has, two seconds at most", () => {
		const held = [old, current(3)];
		const delivery = listening(held);
		expect(catchUp(delivery, 10, 1_999)).toEqual([]);
		expect(delivery.confirm("a", 11, 6, held, 1)).toBeUndefined();
		expect(catchUp(delivery, 10, 1_999)).toEqual(["1:7", "2:1", "2:2"]);
	});

	test("the backlog stays within its window until confirmations make room; live does not wait", () => {
		const held = [current(50)];
		const delivery = listening(held);
		expect(catchUp(delivery, 50)).toHaveLength(10);
		expect(live(delivery, [current(70)])).toHaveLength(20);
		expect(delivery.confirm("a", 22, 4, held, 1)).toBeUndefined();
		expect(delivery.outstandingBytes).toBe(600);
		expect(catchUp(delivery, 50)).toEqual(["2:11", "2:12", "2:13", "2:14"]);
	});

	test("a full window lets out what is older than everything on its way, and nothing else", () => {
		const held = [current(50)];
		const delivery = listening(held);
		catchUp(delivery, 50);
		delivery.confirm("a", 22, 2, held, 1);
		expect(delivery.resend("a", 22, 3, 3, held)).toBeUndefined();
		expect(catchUp(delivery, 50)).toEqual(["2:3", "2:11", "2:12"]);
		delivery.resend("a", 22, 3, 3, held);
		delivery.resend("a", 22, 5, 5, held);
		expect(catchUp(delivery, 1)).toEqual(["2:3"]);
		expect(catchUp(delivery, 1)).toEqual(["2:5"]);
	});

	test("waits for the slowest of its hosts before it lets go of a record", () => {
		const held = [current(10)];
		const delivery = deliveryTo("a", "b");
		delivery.hostState("a", true, held, 0);
		catchUp(delivery, 9);
		delivery.confirm("a", 22, 9, held, 1);
		expect(delivery.lowWater(held)).toEqual({ chain: 2, offset: 1 });
		expect(delivery.outstandingBytes).toBe(0);
		delivery.hostState("b", true, held, 0);
		expect(catchUp(delivery, 9)).toHaveLength(9);
		delivery.confirm("b", 22, 5, held, 2);
		expect(delivery.lowWater(held)).toEqual({ chain: 2, offset: 6 });
	});

	test("the second host gets its own backlog while the first goes on live", () => {
		const delivery = deliveryTo("a", "b");
		delivery.hostState("a", true, [current(1)], 0);
		live(delivery, [current(5)]);
		delivery.confirm("a", 22, 4, [current(5)], 1);
		delivery.hostState("b", true, [current(5)], 0);
		live(delivery, [current(7)]);
		expect(catchUp(delivery, 10)).toEqual(["2:1", "2:2", "2:3", "2:4"]);
	});

	test("without confirmations sends again what is on its way, after a pause that grows eightfold at most", () => {
		const held = [current(6)];
		const delivery = listening(held);
		catchUp(delivery, 5);
		delivery.confirm("a", 22, 2, held, 5_000);
		expect(delivery.tick(held, 14_999)).toBe(0);
		expect(delivery.tick(held, 15_000)).toBe(3);
		expect(catchUp(delivery, 5, 15_000)).toEqual(["2:3", "2:4", "2:5"]);
		expect(delivery.tick(held, 34_999)).toBe(0);
		expect(delivery.tick(held, 35_000)).toBe(3);
	});

	test("live records that nobody confirms are sent again by the catch-up lane", () => {
		const delivery = listening([current(1)]);
		live(delivery, [current(4)]);
		expect(delivery.tick([current(4)], 9_999)).toBe(0);
		expect(delivery.tick([current(4)], 10_000)).toBe(3);
		expect(catchUp(delivery, 5)).toEqual(["2:1", "2:2", "2:3"]);
	});

	test("live records are not sent again while the backlog before them drains", () => {
		const held = [current(31)];
		const delivery = listening(held);
		live(delivery, [current(40)]);
		const again: number[] = [];
		for (let nowMs = settledMs, confirmed = 0; nowMs < 60_000; nowMs += 5_000) {
			catchUp(delivery, 2, nowMs);
			confirmed = Math.min(confirmed + 2, 30);
			delivery.confirm("a", 22, confirmed === 30 ? 39 : confirmed, [current(40)], nowMs);
			again.push(delivery.tick([current(40)], nowMs));
		}
		expect(again.every((count) => count === 0)).toBe(true);
	});

	test("a live lane that cannot keep up becomes catch-up", () => {
		const delivery = listening([current(1)]);
		delivery.overtake([current(9)]);
		expect(live(delivery, [current(10)])).toEqual(["2:9"]);
		expect(catchUp(delivery, 3)).toEqual(["2:1", "2:2", "2:3"]);
	});

	test.each([
		["an unknown host", "stranger", 22, 1, "unknown_host"],
		["an epoch not held", "a", 99, 1, "epoch_not_held"],
		["more than was sent", "a", 22, 4, "beyond_sent"],
		["what waits before what was sent live", "a", 22, 11, "beyond_sent"],
		["the largest number there is", "a", 22, 2 ** 53, "beyond_sent"],
	])("refuses %s", (_, host, epoch, offset, refusal) => {
		const held = [old, current(10)];
		const delivery = listening(held);
		catchUp(delivery, 7);
		live(delivery, [old, current(12)]);
		expect(delivery.confirm(host, epoch, offset, held, 1)).toBe(refusal);
		expect(delivery.lowWater(held)).toEqual({ chain: 1, offset: 4 });
	});

	test("a confirmation of an epoch that was just let go is late, not wrong", () => {
		const delivery = listening([old, current(3)]);
		expect(delivery.confirm("a", 11, 7, [old, current(3)], 1)).toBeUndefined();
		expect(delivery.confirm("a", 11, 7, [current(3)], 2)).toBeUndefined();
		expect(delivery.confirm("a", 12, 7, [current(3)], 2)).toBe("epoch_not_held");
	});

	test("takes a confirmation of an earlier run's epoch without having sent it itself", () => {
		const held = [old, current(3)];
		const delivery = listening(held);
		expect(delivery.confirm("a", 11, 7, held, 1)).toBeUndefined();
		expect(catchUp(delivery, 10)).toEqual(["2:1", "2:2"]);
	});

	test("a host that asks for a range gets it and nothing else; what is not held changes nothing", () => {
		const held = [current(8)];
		const delivery = listening(held);
		catchUp(delivery, 7);
		expect(delivery.resend("a", 22, 3, 4, held)).toBeUndefined();
		expect(catchUp(delivery, 10)).toEqual(["2:3", "2:4"]);
		expect(delivery.resend("a", 22, 99, 99, held)).toBe("offset_not_held");
		expect(delivery.resend("a", 22, 5, 4, held)).toBe("offset_not_held");
		expect(delivery.resend("a", 33, 1, 1, held)).toBe("epoch_not_held");
		expect(delivery.resend("stranger", 22, 1, 1, held)).toBe("unknown_host");
		expect(catchUp(delivery, 10)).toEqual([]);
	});

	test("a host that asks for what it had confirmed has lost it: it is kept for it again", () => {
		const held = [current(8)];
		const delivery = listening(held);
		catchUp(delivery, 7);
		delivery.confirm("a", 22, 7, held, 1);
		expect(delivery.lowWater(held)).toEqual({ chain: 2, offset: 8 });
		expect(delivery.resend("a", 22, 3, 7, held)).toBeUndefined();
		expect(delivery.lowWater(held)).toEqual({ chain: 2, offset: 3 });
		expect(catchUp(delivery, 10)).toEqual(["2:3", "2:4", "2:5", "2:6", "2:7"]);
	});
});
