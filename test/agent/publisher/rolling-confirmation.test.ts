import { expect, test } from "vitest";
import { Delivery } from "../../../agent/publisher/delivery.ts";
import {
	RollingConfirmation,
	rollingHost,
	rollingKeepMs,
} from "../../../agent/publisher/rolling-confirmation.ts";
import type { Epoch } from "../../../common/contract/ids.ts";

const held = (next: number) => [{ chain: 1, epoch: 7 as Epoch, first: 1, next }];

function line() {
	const delivery = new Delivery({
		hosts: [rollingHost],
		windowBytes: Number.POSITIVE_INFINITY,
		resendAfterMs: 10_000,
	});
	const rolling = new RollingConfirmation(30_000);
	const send = (next: number) => {
		for (let from = delivery.nextLive(); from !== undefined && from.offset < next; from = delivery.nextLive())
			delivery.sentLive({ chain: 1, offset: from.offset, last: from.offset, bytes: 100 });
	};
	return { delivery, rolling, send };
}

test("a record is kept for one and a half keep-alive periods and ten seconds", () => {
	expect(rollingKeepMs(15)).toBe(32_500);
});

test("what was sent counts after its time over a connection that stood, and nothing else does", () => {
	const { delivery, rolling, send } = line();
	delivery.hostState(rollingHost, true, held(1), 0);
	send(5);
	rolling.tick(delivery, held(5), 1_000);
	send(9);
	rolling.tick(delivery, held(9), 2_000);
	rolling.tick(delivery, held(12), 30_999);
	expect(delivery.lowWater(held(12)).offset).toBe(1);
	rolling.tick(delivery, held(12), 31_000);
	expect(delivery.lowWater(held(12)).offset).toBe(5);
	rolling.tick(delivery, held(12), 32_000);
	expect(delivery.lowWater(held(12)).offset).toBe(9);
});

test("after a reconnect everything that did not count goes out again", () => {
	const { delivery, rolling, send } = line();
	delivery.hostState(rollingHost, true, held(1), 0);
	send(5);
	rolling.tick(delivery, held(5), 1_000);
	rolling.lost();
	delivery.hostState(rollingHost, false, held(5), 20_000);
	delivery.hostState(rollingHost, true, held(5), 25_000);
	rolling.tick(delivery, held(5), 40_000);
	expect(delivery.lowWater(held(5)).offset).toBe(1);
	expect(delivery.nextCatchUp(40_000)).toEqual({ chain: 1, first: 1, last: 4 });
});

test("who asks for births has missed something: everything that did not count goes out again, at most every five seconds", () => {
	const { delivery, rolling, send } = line();
	delivery.hostState(rollingHost, true, held(1), 0);
	const again = (atMs: number) => {
		const range = delivery.nextCatchUp(atMs);
		if (range === undefined) return undefined;
		for (let offset = range.first; offset <= range.last; offset++)
			delivery.sentCatchUp({ chain: 1, offset, last: offset, bytes: 100 });
		return range;
	};
	send(5);
	rolling.tick(delivery, held(5), 1_000);
	rolling.missed(delivery, held(5), 2_000);
	expect(again(4_000)).toEqual({ chain: 1, first: 1, last: 4 });
	rolling.missed(delivery, held(5), 4_500);
	rolling.tick(delivery, held(5), 6_999);
	expect(again(9_000)).toBeUndefined();
	rolling.tick(delivery, held(5), 7_000);
	expect(again(9_000)).toEqual({ chain: 1, first: 1, last: 4 });
	// It counts from the last time it was sent.
	rolling.tick(delivery, held(5), 10_000);
	rolling.tick(delivery, held(5), 39_999);
	expect(again(39_999)).toBeUndefined();
	expect(delivery.lowWater(held(5)).offset).toBe(1);
	rolling.tick(delivery, held(5), 40_000);
	expect(delivery.lowWater(held(5)).offset).toBe(5);
});
