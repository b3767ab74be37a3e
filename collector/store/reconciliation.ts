// Compares what a source has counted with what is stored. Pure: the store is a port, so that the search is tested
// against a plain count.

/** What a source had written by a source time, that time included. */
export interface CountPoint {
	readonly atMs: number;
	readonly count: bigint;
}

/** The values and counts of one unit, in source time. */
export interface CountedUnit {
	/** Values with a time after `afterMs` and up to `toMs`. */
	stored(afterMs: number, toMs: number): Promise<number>;
	/** A count about in the middle between the two times, neither of them included. */
	countBetween(afterMs: number, beforeMs: number): Promise<CountPoint | undefined>;
	/** Every count between the two times, neither included, in order of time; the greatest of each time. */
	countsBetween(afterMs: number, beforeMs: number): Promise<CountPoint[]>;
}

export interface Comparison {
	readonly produced: number;
	readonly stored: number;
	/** A count fell back: the source began again. What it wrote between its last and its first count is not in it. */
	readonly restarted: boolean;
	/** False when the search met its bound: then a restart may be overlooked, or values around one left out. */
	readonly complete: boolean;
}

/** Pieces with at most this many values are read count by count. */
const readThrough = 20_000;
/** A piece in whose middle there are no counts may be larger, up to this. */
const readAtMost = 2_000_000;
/** Pieces that one search looks at. */
const piecesMax = 400;
/** Restarts in one period. More of them means that the source times of two runs overlap, which nothing can separate. */
const restartsMax = 20;

interface Tally {
	produced: bigint;
	stored: number;
	restarted: boolean;
	complete: boolean;
	piecesLeft: number;
	restarts: number;
}

/**
 * Compares the values after `first` up to `last`. A period whose sum is right is done; one that is not is divided
 * until the place is found, so that a restart costs a search and not the reading of everything.
 */
export async function compareCounts(
	unit: CountedUnit,
	first: CountPoint,
	last: CountPoint,
	pieces = piecesMax,
): Promise<Comparison> {
	const tally: Tally = {
		produced: 0n,
		stored: 0,
		restarted: false,
		complete: true,
		piecesLeft: pieces,
		restarts: 0,
	};
	await compare(unit, { a: first, b: last, stored: await unit.stored(first.atMs, last.atMs) }, tally);
	const { produced, stored, restarted, complete } = tally;
	return { produced: Number(produced), stored, restarted, complete };
}

/** The values after count `a` up to count `b`. */
interface Piece {
	readonly a: CountPoint;
	readonly b: CountPoint;
	readonly stored: number;
}

async function compare(unit: CountedUnit, piece: Piece, tally: Tally): Promise<void> {
	const { a, b, stored } = piece;
	if (b.count - a.count === BigInt(stored)) {
		add(tally, piece);
		return;
	}
	const middle =
		stored > readThrough && tally.piecesLeft > 0 ? await unit.countBetween(a.atMs, b.atMs) : undefined;
	if (tally.piecesLeft-- <= 0 || (middle === undefined && stored > readAtMost)) {
		tally.complete = false;
		if (b.count >= a.count) add(tally, piece);
		else tally.restarted = true;
		return;
	}
	if (middle === undefined) {
		await readCounts(unit, piece, tally);
		return;
	}
	const left = await unit.stored(a.atMs, middle.atMs);
	await compare(unit, { a, b: middle, stored: left }, tally);
	await compare(unit, { a: middle, b, stored: stored - left }, tally);
}

/** Cuts the piece wherever the count falls back. */
async function readCounts(unit: CountedUnit, piece: Piece, tally: Tally): Promise<void> {
	let begin = piece.a;
	let before = piece.a;
	for (const point of [...(await unit.countsBetween(piece.a.atMs, piece.b.atMs)), piece.b]) {
		if (point.count < before.count) {
			tally.restarted = true;
			if (++tally.restarts > restartsMax) {
				tally.complete = false;
				return;
			}
			add(tally, { a: begin, b: before, stored: await unit.stored(begin.atMs, before.atMs) });
			begin = point;
		}
		before = point;
	}
	const stored = begin === piece.a ? piece.stored : await unit.stored(begin.atMs, before.atMs);
	add(tally, { a: begin, b: before, stored });
}

function add(tally: Tally, { a, b, stored }: Piece): void {
	tally.produced += b.count - a.count;
	tally.stored += stored;
}
