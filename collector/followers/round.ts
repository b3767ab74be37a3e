import type { EventSlice, MissingPositions, PositionReader } from "../follow-port.ts";
import { Delivery } from "./delivery.ts";
import { eventLines } from "./event-lines.ts";
import { rememberTies, sampleLines } from "./sample-lines.ts";
import type { SeriesBook } from "./series-book.ts";
import type { TieBook } from "./tie-book.ts";

const eventsAtOnce = 1_000;

/** What is brought to the database in one go, and where the follower stands when it is done. Made once, sent until done. */
export interface Round {
	readonly delivery: Delivery;
	readonly lines: number;
	readonly samples: number;
	/** What line protocol cannot carry. */
	readonly refusals: readonly { readonly reason: string; readonly what: string }[];
	readonly missing: readonly MissingPositions[];
	readonly nextPos: number;
	readonly eventN: number;
	readonly storedPos: number;
	/** There was nothing behind it when it was read. */
	readonly caughtUp: boolean;
}

/** Reads and encodes what follows a place. @throws CodedError STORE_FAILED */
export async function readRound(
	from: { readonly pos: number; readonly eventN: number },
	means: { reader: PositionReader; series: SeriesBook; ties: TieBook },
	limits: { readonly rows: number; readonly bytes: number },
): Promise<Round> {
	const { reader, series, ties } = means;
	const [slice, events] = await Promise.all([
		reader.readPositions(from.pos, limits.rows),
		reader.readEvents(from.eventN, eventsAtOnce),
	]);
	const { samples, nextPos, storedPos, missing } = slice;
	await series.know(samples.tagId.subarray(0, samples.count));
	await series.knowEdgeNodes(edgeNodesOf(events));
	// From here to the end nothing waits: a round that is given up half-way must not have moved the book of ties.
	const told = eventLines(events.events, (id) => series.edgeNode(id));
	const encoded = sampleLines(samples, slice.pos, series, ties);
	const lines = encoded.lines.concat(told.lines);
	return {
		delivery: new Delivery(lines, limits.bytes),
		lines: lines.length,
		samples: samples.count,
		refusals: [
			...encoded.refusals.map(({ pos, reason, what }) => ({ reason, what: `${what}, position ${pos}` })),
			...told.refusals,
		],
		missing,
		nextPos,
		eventN: events.events.length === 0 ? from.eventN : events.lastN,
		storedPos,
		caughtUp: nextPos >= storedPos && events.events.length < eventsAtOnce,
	};
}

function edgeNodesOf({ events }: EventSlice): number[] {
	return events.flatMap((event) => (event.kind === "gap" ? [event.row.edgeNode] : []));
}

/** Positions, and samples, before a place that are read again so that values of one source time are known as such. */
const warmPositions = 512 * 4_096;
const warmSamplesAtOnce = 20_000;
const warmSamples = 65_536;

/** Fills the book of ties with what stands before `pos`. @throws CodedError STORE_FAILED */
export async function warmTies(
	pos: number,
	{ reader, series, ties }: { reader: PositionReader; series: SeriesBook; ties: TieBook },
): Promise<void> {
	let from = Math.max(0, pos - warmPositions);
	let left = warmSamples;
	while (from < pos && left > 0) {
		const slice = await reader.readPositions(from, Math.min(warmSamplesAtOnce, left));
		const { samples } = slice;
		let count = samples.count;
		while (count > 0 && (slice.pos[count - 1] as number) >= pos) count--;
		samples.count = count;
		await series.know(samples.tagId.subarray(0, count));
		rememberTies(samples, series, ties);
		if (slice.nextPos <= from) return;
		from = slice.nextPos;
		left -= count;
	}
}
