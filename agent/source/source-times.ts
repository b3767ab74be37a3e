import type { SampleColumns } from "../../common/contract/samples.ts";
import type { CycleCounts } from "./cycle-counts.ts";

/** What is wrong with a tag's source times; the values are kept as they came. */
export const timeFault = { none: 0, future: 1, frozen: 2 } as const;

/** A source's clock may be this far ahead of the server's before its times count as from the future. */
const futureAfterMs = 10_000;
/** So many further values with the source time of the one before them: a clock that stands still. */
const frozenAfter = 3;
/**
 * Beyond this a time is nonsense and does not move the device on: one value of the year 9999 would otherwise end every
 * gap and every phase for good. A time zone that is set wrongly stays below.
 */
export const implausibleAfterMs = 86_400_000;

/** The last source time of each tag, by place, and what is known of it. */
interface TimesByPlace {
	readonly seen: Uint8Array;
	readonly last: SampleColumns;
	readonly sameTimes: Uint8Array;
	readonly fault: Uint8Array;
}

/**
 * Looks at a sample's source time before it becomes its tag's last one, and says what is wrong with the tag's times now.
 * `serverMs` is the server's own time, as the response with the sample has it.
 */
export function checkTime(
	{ seen, last, sameTimes, fault }: TimesByPlace,
	place: number,
	samples: SampleColumns,
	index: number,
	serverMs: number,
): number {
	const sourceMs = samples.sourceMs[index] as number;
	const isSame =
		seen[place] === 1 &&
		sourceMs === last.sourceMs[place] &&
		samples.sourceRestTicks[index] === last.sourceRestTicks[place];
	const same = isSame ? Math.min((sameTimes[place] as number) + 1, frozenAfter) : 0;
	sameTimes[place] = same;
	const found =
		sourceMs > serverMs + futureAfterMs
			? timeFault.future
			: same >= frozenAfter
				? timeFault.frozen
				: timeFault.none;
	fault[place] = found;
	return found;
}

/** A sample whose tag's times are wrong now, and were so `before` or not. */
export function countWrongTime(counts: CycleCounts, tagId: number, wrong: number, before: number): void {
	if (wrong === timeFault.future) counts.fromFuture++;
	else counts.timeFrozen++;
	if (before === timeFault.none) counts.timeWrong.push(tagId);
}
