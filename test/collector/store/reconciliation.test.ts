import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CountedUnit, type CountPoint, compareCounts } from "../../../collector/store/reconciliation.ts";

/** One cycle of a unit: what its count says, and how many of its values are stored with it. */
interface Cycle extends CountPoint {
	readonly stored: number;
}

/** A unit whose cycles are plain rows; `read` counts the counts that were read one by one. */
class PlainUnit implements CountedUnit {
	read = 0;
	readonly #cycles: readonly Cycle[];

	constructor(cycles: readonly Cycle[]) {
		this.#cycles = cycles;
	}

	async stored(afterMs: number, toMs: number): Promise<number> {
		return this.#cycles
			.filter(({ atMs }) => atMs > afterMs && atMs <= toMs)
			.reduce((sum, { stored }) => sum + stored, 0);
	}

	async countBetween(afterMs: number, beforeMs: number): Promise<CountPoint | undefined> {
		const between = this.#between(afterMs, beforeMs);
		return between[Math.floor(between.length / 2)];
	}

	async countsBetween(afterMs: number, beforeMs: number): Promise<CountPoint[]> {
		const between = this.#between(afterMs, beforeMs);
		this.read += between.length;
		return between;
	}

	#between(afterMs: number, beforeMs: number): Cycle[] {
		return this.#cycles.filter(({ atMs }) => atMs > afterMs && atMs < beforeMs);
	}
}

/** Cycles of 100 values at 1, 2, 3 … from a count on; `change` says what else happens to one. */
function cyclesOf(
	count: number,
	change: (index: number) => { lost?: number; again?: boolean } = () => ({}),
): Cycle[] {
	let written = 5_000_000n;
	return Array.from({ length: count }, (_, index) => {
		const { lost = 0, again = false } = change(index);
		written = again ? 100n : written + 100n;
		return { atMs: index, count: written, stored: 100 - lost };
	});
}

async function compare(cycles: readonly Cycle[], pieces?: number) {
	const unit = new PlainUnit(cycles);
	const [first, last] = [cycles[0] as Cycle, cycles.at(-1) as Cycle];
	return { ...(await compareCounts(unit, first, last, pieces)), read: unit.read };
}

describe("what is counted against what is stored", () => {
	test("whole: one sum, and no count is read", async () => {
		expect(await compare(cyclesOf(10_001))).toEqual({
			produced: 1_000_000,
			stored: 1_000_000,
			restarted: false,
			complete: true,
			read: 0,
		});
	});

	test("what is lost is missing, wherever it is", async () => {
		const cycles = cyclesOf(10_001, (index) => ({ lost: index === 7_000 ? 100 : index === 9_999 ? 1 : 0 }));
		expect(await compare(cycles)).toMatchObject({
			produced: 1_000_000,
			stored: 999_899,
			restarted: false,
			complete: true,
		});
	});

	test("a restart cuts the period, and little is read to find it", async () => {
		const cycles = cyclesOf(10_001, (index) => ({ again: index === 6_000 }));
		const { read, ...compared } = await compare(cycles);
		// Cycle 6,000 is between the last count before and the first one after.
		expect(compared).toEqual({ produced: 999_900, stored: 999_900, restarted: true, complete: true });
		expect(read).toBeLessThan(1_000);
	});

	test("a restart that has counted further than before is found as well", async () => {
		const cycles = cyclesOf(100_001, (index) => ({ again: index === 20_000 }));
		expect(await compare(cycles)).toMatchObject({ produced: 9_999_900, stored: 9_999_900, restarted: true });
	});

	test("at its bound the search says so, and counts nothing that it cannot compare", async () => {
		const cycles = cyclesOf(10_001, (index) => ({ again: index === 6_000 }));
		expect(await compare(cycles, 1)).toMatchObject({ restarted: true, complete: false });
		expect(await compare(cycles, 0)).toMatchObject({
			produced: 0,
			stored: 0,
			restarted: true,
			complete: false,
		});
		const lossy = cyclesOf(10_001, () => ({ lost: 1 }));
		expect(await compare(lossy, 3)).toMatchObject({ produced: 1_000_000, stored: 990_000, complete: false });
	});

	test("two runs whose source times overlap are not taken for many restarts", async () => {
		const cycles = Array.from({ length: 200 }, (_, atMs) => ({
			atMs,
			count: BigInt(atMs % 2 === 0 ? 1_000 + atMs : atMs),
			stored: 2,
		}));
		const { complete, restarted, produced } = await compare(cycles);
		expect({ complete, restarted }).toEqual({ complete: false, restarted: true });
		expect(produced).toBeLessThan(50_000);
	});

	test("a large piece without counts in it is not read", async () => {
		const ends = { complete: false, restarted: false };
		const cycles = [
			{ atMs: 0, count: 0n, stored: 0 },
			{ atMs: 1, count: 2_000_002n, stored: 2_000_001 },
		];
		expect(await compare(cycles)).toEqual({ ...ends, produced: 2_000_002, stored: 2_000_001, read: 0 });
	});

	test("equals reading everything (property)", async () => {
		const cycle = fc.record({
			values: fc.integer({ min: 1, max: 9_000 }),
			lost: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 9_000 })),
			again: fc.oneof({ weight: 40, arbitrary: fc.constant(false) }, fc.constant(true)),
		});
		await fc.assert(
			fc.asyncProperty(fc.array(cycle, { minLength: 1, maxLength: 80 }), async (given) => {
				fc.pre(given.filter(({ again }) => again).length <= 20);
				// Far more than can be lost was written before, so that no loss looks like a restart.
				let written = 9_000_000_000n;
				let begun = written;
				const expected = { produced: 0, stored: 0, restarted: false };
				const cycles = given.map(({ values, lost, again }, index) => {
					const stored = Math.max(0, values - lost);
					if (again && index > 0) {
						begun -= 50_000_000n;
						written = begun;
						expected.restarted = true;
					} else {
						written += BigInt(values);
						if (index > 0) {
							expected.produced += values;
							expected.stored += stored;
						}
					}
					return { atMs: index, count: written, stored };
				});
				expect(await compare(cycles)).toMatchObject({ ...expected, complete: true });
			}),
			{ numRuns: 300 },
		);
	});
});
