import fc from "fast-check";
import { expect, test } from "vitest";
import { comparePositions, type HeldRange, type Position } from "../../../agent/pipeline.ts";
import { Delivery } from "../../../agent/publisher/delivery.ts";
import type { Epoch } from "../../../common/contract/ids.ts";

const windowBytes = 1_000;
const hosts = ["a", "b"];
const host = fc.constantFrom(...hosts);
const share = fc.integer({ min: 0, max: 24 }).map((twentieths) => twentieths / 20);
const event = fc.oneof(
	fc.record({ do: fc.constant("append" as const), count: fc.integer({ min: 1, max: 20 }) }),
	fc.record({ do: fc.constant("send" as const), count: fc.integer({ min: 1, max: 20 }) }),
	fc.record({ do: fc.constant("confirm" as const), host, old: fc.boolean(), share }),
	fc.record({ do: fc.constant("resend" as const), host, old: fc.boolean(), share }),
	fc.record({ do: fc.constant("host" as const), host, online: fc.boolean() }),
	fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 100, max: 20_000 }) }),
	fc.record({ do: fc.constant("drop" as const), count: fc.integer({ min: 1, max: 5 }) }),
	fc.record({ do: fc.constant("rebirth" as const) }),
);

/** A journal of an earlier epoch and the present one, a delivery over it, and what went out. */
class Line {
	readonly delivery = new Delivery({ hosts, windowBytes, resendAfterMs: 10_000 });
	readonly sent = new Set<string>();
	readonly online = new Set<string>();
	nowMs = 0;
	oldFirst = 3;
	next = 1;

	get held(): HeldRange[] {
		const current = { chain: 2, epoch: 22 as Epoch, first: 1, next: this.next };
		return this.oldFirst < 8
			? [{ chain: 1, epoch: 11 as Epoch, first: this.oldFirst, next: 8 }, current]
			: [current];
	}

	/** The record at a place or the next one after it, as the journal reads. */
	#record({ chain, offset }: Position): Position | undefined {
		for (const range of this.held) {
			const at = range.chain === chain ? Math.max(offset, range.first) : range.first;
			if (range.chain >= chain && at < range.next) return { chain: range.chain, offset: at };
		}
		return undefined;
	}

	send(count: number): void {
		for (let record = 0; record < count; record++) {
			const from = this.delivery.next();
			if (from === undefined) return;
			expect(this.online.size, "sent although nobody listens").toBeGreaterThan(0);
			const position = this.#record(from);
			if (position === undefined) return;
			this.delivery.sent(position, 100, this.nowMs);
			this.sent.add(`${position.chain}:${position.offset}`);
		}
	}

	setHost(name: string, online: boolean): void {
		if (online) this.online.add(name);
		else this.online.delete(name);
		this.delivery.hostState(name, online, this.held, this.nowMs);
	}

	/** Trims what all have confirmed, as the publisher does, an old epoch only as a whole. */
	trim(): void {
		if (this.delivery.lowWater(this.held).chain === 2) this.oldFirst = 8;
	}
}

test("under any order of events, with two hosts and an older epoch: the window holds, the low-water mark never goes back, nothing is confirmed that was not sent, and in the end all is sent and let go", () => {
	fc.assert(
		fc.property(fc.array(event, { maxLength: 80 }), (events) => {
			const line = new Line();
			const { delivery } = line;
			let low: Position = { chain: 0, offset: 0 };
			for (const step of events) {
				line.nowMs += 100;
				if (step.do === "append") line.next += step.count;
				else if (step.do === "send") line.send(step.count);
				else if (step.do === "host") line.setHost(step.host, step.online);
				else if (step.do === "rebirth") delivery.rewind(line.held, line.nowMs);
				else if (step.do === "wait") {
					line.nowMs += step.ms;
					delivery.tick(line.held, line.nowMs);
				} else if (step.do === "drop") line.oldFirst = Math.min(8, line.oldFirst + step.count);
				else {
					const [epoch, last] = step.old ? [11, 7] : [22, line.next - 1];
					const offset = Math.floor(step.share * last);
					if (step.do === "resend") delivery.resendFrom(step.host, epoch, offset, line.held, line.nowMs);
					else {
						const refusal = delivery.confirm(step.host, epoch, offset, line.held, line.nowMs);
						if (!step.old && offset > 0 && refusal === undefined) expect(line.sent).toContain(`2:${offset}`);
						line.trim();
					}
				}
				expect(delivery.outstandingBytes).toBeLessThanOrEqual(windowBytes);
				const mark = delivery.lowWater(line.held);
				expect(comparePositions(mark, low)).toBeGreaterThanOrEqual(0);
				low = mark;
			}
			line.setHost("b", true);
			const unsent = line.held.flatMap(({ chain, first, next }) =>
				Array.from({ length: next - first }, (_, index) => ({ chain, offset: first + index })),
			);
			const waiting = unsent.filter((position) => comparePositions(position, low) >= 0);
			for (let round = 0; round <= line.next + 8; round++) {
				line.nowMs += 10_000;
				delivery.tick(line.held, line.nowMs);
				line.send(100);
				const reached = Math.max(
					0,
					...[...line.sent].filter((id) => id.startsWith("2:")).map((id) => Number(id.slice(2))),
				);
				for (const name of hosts) {
					delivery.confirm(name, 11, 7, line.held, line.nowMs);
					delivery.confirm(name, 22, reached, line.held, line.nowMs);
				}
				line.trim();
			}
			// What was confirmed by all before its turn came need not be sent any more: an earlier epoch, by an earlier run.
			const missing = waiting.filter(
				({ chain, offset }) => chain === 2 && !line.sent.has(`${chain}:${offset}`),
			);
			expect(missing).toEqual([]);
			expect(delivery.lowWater(line.held)).toEqual({ chain: 2, offset: line.next });
		}),
		{ numRuns: 2_000 },
	);
});
