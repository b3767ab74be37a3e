import { expect, test } from "vitest";
import { samplesPerSeq } from "../../../collector/pipeline.ts";
import { partsToRetire, recordsToRetire } from "../../../collector/store/keeping-rules.ts";
import type { KeepingState } from "../../../collector/store/keeping-state.ts";

const dayMs = 86_400_000;
const nowMs = 100 * dayMs;

/** Days of 100 bytes of parts, of 1,000 records each, the oldest first; `records`: bytes of record files of two days each. */
function kept(days: number, records: number, more: Partial<KeepingState> = {}): KeepingState {
	const seqOf = (day: number) => 1 + day * 1_000;
	const last = seqOf(days);
	return {
		...{ instance: "i", sealedTo: last * samplesPerSeq, storedTo: last * samplesPerSeq },
		...{ savedTo: last * samplesPerSeq, oldestHotMs: undefined, recordsTo: last, replaced: [], retired: [] },
		heldFrom: Number.MAX_SAFE_INTEGER,
		openLotsFromMs: undefined,
		listed: Array.from({ length: days }, (_, day) => ({
			...{ file: `day ${day}`, level: 1, samples: 9, bytes: 100, sha256: "", sealedMs: 0 },
			...{ fromPos: seqOf(day) * samplesPerSeq, toPos: seqOf(day + 1) * samplesPerSeq },
			...{ minMs: nowMs - (days - day) * dayMs, maxMs: nowMs - (days - day - 1) * dayMs - 1 },
			rollup: `rollup of ${day}`,
		})),
		recordFiles: Array.from({ length: days / 2 }, (_, pair) => ({
			...{ file: `records ${pair}`, fromSeq: seqOf(2 * pair), toSeq: seqOf(2 * pair + 2) },
			...{ records: 2_000, bytes: records, sealedMs: 0 },
		})),
		...more,
	};
}

const retired = (
	state: KeepingState,
	keepBytes: number,
	rollups: readonly (readonly [string, number])[] = [],
) => {
	const bounds = { keepMs: undefined, keepBytes };
	const { parts, heldBytes } = partsToRetire(state, bounds, nowMs, new Map(rollups));
	return { days: parts.map(({ part }) => part.file), heldBytes };
};

test("record files count towards the bound, and one leaves with the last part that it speaks of", () => {
	// 400 of parts, 80 of records.
	expect(retired(kept(4, 40), 480)).toEqual({ days: [], heldBytes: 0 });
	expect(retired(kept(4, 40), 479)).toEqual({ days: ["day 0"], heldBytes: 0 });
	expect(retired(kept(4, 40), 380)).toEqual({ days: ["day 0"], heldBytes: 0 });
	// Two days are 200 with 40 of records; three would be 300 with 80.
	expect(retired(kept(4, 40), 379)).toEqual({ days: ["day 0", "day 1"], heldBytes: 0 });
	expect(retired(kept(4, 40), 240)).toEqual({ days: ["day 0", "day 1"], heldBytes: 0 });
	expect(retired(kept(4, 40), 239)).toEqual({ days: ["day 0", "day 1", "day 2"], heldBytes: 0 });
	expect(retired(kept(4, 40), 139)).toEqual({ days: ["day 0", "day 1", "day 2", "day 3"], heldBytes: 0 });
});

test("a rollup counts with its part", () => {
	const rollups = [0, 1, 2, 3].map((day) => [`rollup of ${day}`, 10] as const);
	expect(retired(kept(4, 0), 440, rollups).days).toEqual([]);
	expect(retired(kept(4, 0), 439, rollups).days).toEqual(["day 0"]);
	expect(retired(kept(4, 0), 330, rollups).days).toEqual(["day 0"]);
});

test("what is needed stays with its record files, and how much too much that is is said", () => {
	const heldFrom = (1 + 1_000) * samplesPerSeq;
	expect(retired(kept(4, 40, { heldFrom }), 150)).toEqual({ days: ["day 0"], heldBytes: 300 + 80 - 150 });
	const openLotsFromMs = nowMs - 2 * dayMs;
	expect(retired(kept(4, 40, { openLotsFromMs }), 0)).toEqual({
		days: ["day 0", "day 1"],
		heldBytes: 200 + 40,
	});
});

test("record files are taken away when no part is left above which they begin", () => {
	const whole = kept(4, 40);
	const after = (...days: number[]): KeepingState => ({
		...whole,
		listed: whole.listed.filter((_, day) => !days.includes(day)),
		retired: days.map(
			(day) => `${1 + day}-${(1 + (day + 1) * 1_000) * samplesPerSeq}-d20261130-0123abcd.parquet`,
		),
	});
	const names = (state: KeepingState) => recordsToRetire(state).map(({ file }) => file);
	expect(names(whole)).toEqual([]);
	expect(names(after(0))).toEqual([]);
	expect(names(after(0, 1))).toEqual(["records 0"]);
	expect(names(after(1, 2))).toEqual([]);
	expect(names(after(0, 1, 2, 3))).toEqual(["records 0", "records 1"]);
});

test("what is too old goes whatever the bytes are", () => {
	const bounds = { keepMs: 2 * dayMs, keepBytes: undefined };
	const { parts, heldBytes } = partsToRetire(kept(4, 40), bounds, nowMs, new Map());
	expect(parts).toMatchObject([
		{ part: { file: "day 0" }, why: "older than store.keep_days" },
		{ part: { file: "day 1" }, why: "older than store.keep_days" },
	]);
	expect(heldBytes).toBe(0);
});
