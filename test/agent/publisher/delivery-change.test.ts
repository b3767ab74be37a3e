import { expect, test } from "vitest";
import type { HeldRange } from "../../../agent/pipeline.ts";
import { Delivery } from "../../../agent/publisher/delivery.ts";
import type { Epoch } from "../../../common/contract/ids.ts";

const held: HeldRange[] = [{ chain: 1, epoch: 11 as Epoch, first: 1, next: 9 }];
const options = { windowBytes: 1_000, resendAfterMs: 10_000 };

/** A delivery to these hosts, online, with everything sent. */
function sent(...hosts: string[]): Delivery {
	const delivery = new Delivery({ hosts, ...options });
	for (const host of hosts) delivery.hostState(host, true, [{ ...(held[0] as HeldRange), next: 1 }], 0);
	for (let offset = 1; offset < 9; offset++)
		delivery.sentLive({ chain: 1, offset, last: offset, bytes: 100 });
	return delivery;
}

test("a host that is left out is not waited for, one that comes has confirmed nothing, one that stays keeps its word", () => {
	const delivery = sent("a", "b");
	expect(delivery.confirm("a", 11, 6, held, 1)).toBeUndefined();
	expect(delivery.lowWater(held)).toEqual({ chain: 1, offset: 1 });
	for (const host of ["a", "b"]) delivery.hostState(host, false, held, 2);
	delivery.change({ hosts: ["a"], ...options });
	expect(delivery.lowWater(held)).toEqual({ chain: 1, offset: 7 });
	expect(delivery.confirm("b", 11, 8, held, 3)).toBe("unknown_host");
	delivery.change({ hosts: ["a", "c"], ...options });
	expect(delivery.lowWater(held)).toEqual({ chain: 1, offset: 1 });
	delivery.hostState("c", true, held, 4);
	expect(delivery.nextCatchUp(5_000)).toEqual({ chain: 1, first: 1, last: 8 });
});

test("a window and a patience that change count at once", () => {
	const delivery = sent("a");
	expect(delivery.tick(held, 9_000)).toBe(0);
	delivery.change({ hosts: ["a"], windowBytes: 100, resendAfterMs: 500 });
	expect(delivery.tick(held, 9_001)).toBe(8);
	delivery.sentCatchUp({ chain: 1, offset: 1, last: 1, bytes: 100 });
	expect(delivery.nextCatchUp(9_002)).toBeUndefined();
	delivery.change({ hosts: ["a"], windowBytes: 101, resendAfterMs: 500 });
	expect(delivery.nextCatchUp(9_002)).toEqual({ chain: 1, first: 2, last: 8 });
});
