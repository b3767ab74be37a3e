import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { comparePositions, type HeldRange } from "../../../agent/pipeline.ts";
import { Delivery } from "../../../agent/publisher/delivery.ts";
import type { Epoch } from "../../../common/contract/ids.ts";

const old: HeldRange = { chain: 1, epoch: 11 as Epoch, first: 4, next: 8 };
const current = (next: number): HeldRange => ({ chain: 2, epoch: 22 as Epoch, first: 1, next });

function deliveryTo(...hosts: string[]): Delivery {
	return new Delivery({ hosts, windowBytes: 1_000, resendAfterMs: 10_000 });
}

/** Sends up to `count` records of 100 bytes from wherever the delivery stands; returns what went out. */
function send(delivery: Delivery, held: readonly HeldRange[], count: number, nowMs = 0): string[] {
	const out: string[] = [];
	for (let sent = 0; sent < count; sent++) {
		const from = delivery.next();
		if (from === undefined) break;
		const range = held.find(
			({ chain, first, next }) =>
				chain >= from.chain && (chain > from.chain || Math.max(from.offset, first) < next),
		);
		if (range === undefined) break;
		const offset = range.chain === from.chain ? Math.max(from.offset, range.first) : range.first;
		delivery.sent({ chain: range.chain, offset }, 100, nowMs);
		out.push(`${range.epoch}:${offset}`);
	}
	return out;
}

describe("delivery", () => {
	test("sends nothing while no host is online, then everything held, the older epoch first", () => {
		const held = [old, current(3)];
		const delivery = deliveryTo("a");
		expect(delivery.next()).toBeUndefined();
		delivery.hostState("a", true, held, 0);
		expect(send(delivery, held, 10)).toEqual(["11:4", "11:5", "11:6", "11:7", "22:1", "22:2"]);
	});

	test("stays within the window until confirmations make room", () => {
		const held = [current(50)];
		const delivery = deliveryTo("a");
		delivery.hostState("a", true, held, 0);
		expect(send(delivery, held, 50)).toHaveLength(10);
		expect(delivery.confirm("a", 22, 4, held, 1)).toBeUndefined();
		expect(delivery.outstandingBytes).toBe(600);
		expect(send(delivery, held, 50)).toEqual(["22:11", "22:12", "22:13", "22:14"]);
	});

	test("waits for the slowest of its hosts before it lets go of a record", () => {
		const held = [current(10)];
		const delivery = deliveryTo("a", "b");
		delivery.hostState("a", true, held, 0);
		send(delivery, held, 9);
		delivery.confirm("a", 22, 9, held, 1);
		expect(delivery.lowWater(held)).toEqual({ chain: 2, offset: 1 });
		delivery.confirm("b", 22, 5, held, 2);
		expect(delivery.lowWater(held)).toEqual({ chain: 2, offset: 6 });
	});

	test("without confirmations goes back to the first unconfirmed record, and says how many go again", () => {
		const held = [current(6)];
		const delivery = deliveryTo("a");
		delivery.hostState("a", true, held, 0);
		send(delivery, held, 5);
		delivery.confirm("a", 22, 2, held, 5_000);
		expect(delivery.tick(held, 14_999)).toBe(0);
		expect(delivery.tick(held, 15_000)).toBe(3);
		expect(send(delivery, held, 5, 15_000)).toEqual(["22:3", "22:4", "22:5"]);
	});

	test.each([
		["an unknown host", "stranger", 22, 1, "unknown_host"],
		["an epoch not held", "a", 99, 1, "epoch_not_held"],
		["more than was sent", "a", 22, 4, "beyond_sent"],
		["the largest number there is", "a", 22, 2 ** 53, "beyond_sent"],
	])("refuses %s", (_, host, epoch, offset, refusal) => {
		const held = [old, current(10)];
		const delivery = deliveryTo("a");
		delivery.hostState("a", true, held, 0);
		send(delivery, held, 7);
		expect(delivery.confirm(host, epoch, offset, held, 1)).toBe(refusal);
		expect(delivery.lowWater(held)).toEqual({ chain: 1, offset: 4 });
	});

	test("takes a confirmation of an earlier run's epoch without having sent it itself", () => {
		const held = [old, current(3)];
		const delivery = deliveryTo("a");
		delivery.hostState("a", true, held, 0);
		expect(delivery.confirm("a", 11, 7, held, 1)).toBeUndefined();
		expect(send(delivery, held, 10)).toEqual(["22:1", "22:2"]);
	});

	test("a host that asks for a record gets it and what follows; one that is not held changes nothing", () => {
		const held = [current(8)];
		const delivery = deliveryTo("a");
		delivery.hostState("a", true, held, 0);
		send(delivery, held, 7);
		expect(delivery.resendFrom("a", 22, 3, held, 1)).toBeUndefined();
		expect(send(delivery, held, 10)).toEqual(["22:3", "22:4", "22:5", "22:6", "22:7"]);
		expect(delivery.resendFrom("a", 22, 99, held, 1)).toBe("offset_not_held");
		expect(delivery.resendFrom("a", 33, 1, held, 1)).toBe("epoch_not_held");
		expect(delivery.resendFrom("stranger", 22, 1, held, 1)).toBe("unknown_host");
		expect(send(delivery, held, 10)).toEqual([]);
	});

	test("under any order of events: the low-water mark never goes back, the window holds, and in the end all is sent", () => {
		const event = fc.oneof(
			fc.record({ do: fc.constant("append" as const), count: fc.integer({ min: 1, max: 20 }) }),
			fc.record({ do: fc.constant("send" as const), count: fc.integer({ min: 1, max: 20 }) }),
			fc.record({ do: fc.constant("confirm" as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
			fc.record({ do: fc.constant("lose" as const) }),
			fc.record({ do: fc.constant("host" as const), online: fc.boolean() }),
		);
		fc.assert(
			fc.property(fc.array(event, { maxLength: 60 }), (events) => {
				const delivery = deliveryTo("a");
				let next = 1;
				let reached = 0;
				let nowMs = 0;
				let low = { chain: 0, offset: 0 };
				const note = (sent: string[]) => {
					for (const place of sent) reached = Math.max(reached, Number(place.split(":")[1]));
				};
				for (const step of events) {
					nowMs += 100;
					const held = [current(next)];
					if (step.do === "append") next += step.count;
					else if (step.do === "send") note(send(delivery, held, step.count, nowMs));
					else if (step.do === "confirm")
						delivery.confirm("a", 22, Math.floor(step.share * reached), held, nowMs);
					else if (step.do === "lose") {
						nowMs += 20_000;
						delivery.tick(held, nowMs);
					} else delivery.hostState("a", step.online, held, nowMs);
					expect(delivery.outstandingBytes).toBeLessThanOrEqual(1_000);
					const mark = delivery.lowWater([current(next)]);
					expect(comparePositions(mark, low)).toBeGreaterThanOrEqual(0);
					low = mark;
				}
				const held = [current(next)];
				delivery.hostState("a", true, held, nowMs);
				for (let round = 0; round <= next; round++) {
					note(send(delivery, held, 100, nowMs));
					if (reached > 0) delivery.confirm("a", 22, reached, held, nowMs);
				}
				expect(delivery.lowWater(held)).toEqual({ chain: 2, offset: next });
			}),
		);
	});
});
