import type { LabOverdue } from "../laboratory-port.ts";
import type { SpecTest } from "../specification.ts";
import { labId } from "./result-id.ts";

/** A lot that has left the line, and what the laboratory has said of it. */
export interface ExpectingLot {
	readonly lot: string;
	/** Source times. */
	readonly openedMs: number;
	readonly leftMs: number;
	/** How many lots left the line before it; equal times by name. */
	readonly place: number;
	/** Tests of which a result is there, whatever it says. */
	readonly tests: readonly string[];
	/** What was raised for it and not cleared. */
	readonly open: readonly LabOverdue[];
	/** Ids of everything that was ever raised for it. */
	readonly raised: readonly string[];
}

const hourMs = 3_600_000;

/**
 * Whether a lot needs a test of which one in so many lots is done: the first lot that left the line, and each so-manieth after it.
 * The order is that of source time, so that it is the same whenever it is asked.
 */
export function isTestDue({ every_lots: every }: Pick<SpecTest, "every_lots">, place: number): boolean {
	return place % every === 0;
}

/** Results that are missing at a plant time, and since when; `testsAt` are those asked of what was made at a source time. Pure. */
export function missingResults(
	lots: readonly ExpectingLot[],
	testsAt: (madeMs: number) => readonly SpecTest[],
	atMs: number,
): LabOverdue[] {
	return lots.flatMap(({ lot, openedMs, leftMs, place, tests: there }) =>
		testsAt(openedMs).flatMap((test): LabOverdue[] => {
			const dueMs = leftMs + test.expected_within_h * hourMs;
			if (dueMs >= atMs || !isTestDue(test, place) || there.includes(test.test)) return [];
			const id = labId("overdue", lot, test.id);
			return [
				{ id, lot, window: test.id, test: test.test, leftMs, dueMs, raisedMs: atMs, clearedMs: undefined },
			];
		}),
	);
}

/** What has to be raised, once for each lot and test, and what is cleared because a result has come. Pure. */
export function overdueChanges(
	lots: readonly ExpectingLot[],
	testsAt: (madeMs: number) => readonly SpecTest[],
	atMs: number,
): { raised: LabOverdue[]; cleared: LabOverdue[] } {
	const known = new Set(lots.flatMap(({ raised }) => raised));
	const raised = missingResults(lots, testsAt, atMs).filter(({ id }) => !known.has(id));
	const cleared = lots.flatMap(({ open, tests: there }) =>
		open
			.filter(({ test }) => there.includes(test))
			.map((row) => ({ ...row, clearedMs: Math.max(atMs, row.raisedMs) })),
	);
	return { raised, cleared };
}
