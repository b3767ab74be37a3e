import { expect, test } from "vitest";
import type { JournalStats } from "../../../agent/pipeline.ts";
import { OldTags } from "../../../agent/publisher/old-tags.ts";

const journal = (chain: number, offset: number, pendingBytes = 0) => ({
	durable: { chain, offset },
	stats: () => ({ pendingBytes }) as JournalStats,
});

test("tags that are no longer configured wait as long as records of earlier epochs do", () => {
	const tags = new OldTags();
	expect(tags.mayWait({ chain: 1, offset: 9 }, journal(2, 5))).toBe(true);
	expect(tags.mayWait({ chain: 2, offset: 1 }, journal(2, 5))).toBe(false);
});

test("after a change they wait until everything before it is confirmed, however long that takes to be on disk", () => {
	const tags = new OldTags();
	tags.changed();
	expect(tags.mayWait({ chain: 2, offset: 6 }, journal(2, 5, 100))).toBe(true);
	expect(tags.mayWait({ chain: 2, offset: 8 }, journal(2, 8, 100))).toBe(true);
	expect(tags.mayWait({ chain: 2, offset: 9 }, journal(2, 9))).toBe(true);
	expect(tags.mayWait({ chain: 2, offset: 9 }, journal(2, 20))).toBe(true);
	expect(tags.mayWait({ chain: 2, offset: 10 }, journal(2, 20))).toBe(false);
	tags.changed();
	expect(tags.mayWait({ chain: 2, offset: 20 }, journal(2, 20))).toBe(true);
	expect(tags.mayWait({ chain: 2, offset: 21 }, journal(2, 20))).toBe(false);
});
