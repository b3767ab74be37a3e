import { expect } from "vitest";
import type { Disk } from "../../../agent/journal/disk.ts";
import { DiskJournal } from "../../../agent/journal/journal.ts";
import { comparePositions, type JournaledRecord, type Position } from "../../../agent/pipeline.ts";
import type { Gap } from "../../../common/contract/gap.ts";
import { Seeded } from "../../delivery/seeded.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { ForgetfulDisk } from "./forgetful-disk.ts";
import {
	boundGap,
	covers,
	deviceOf,
	gapBody,
	nameOf,
	openedBody,
	recordOf,
	tagNames,
	told,
} from "./known-records.ts";

/** What was told of one epoch. */
interface KnownEpoch {
	readonly chain: number;
	readonly epoch: number;
	readonly previousEpoch: number;
	readonly previousLast: number;
	readonly bodies: Buffer[];
	/** These were promised to be there. */
	durable: number;
	/** Said by the epoch after it; what lies beyond was never there. */
	last: number | undefined;
}

/** What a run went through, to show that it is no walk in the park. */
interface Counts {
	lives: number;
	cuts: number;
	kills: number;
	records: number;
	gapRecords: number;
	failures: number;
}

/** Takes the place of the disk that a process gets, to leave something out. */
export type Mutation = (disk: Disk) => Disk;

/** Runs the histories of these seeds. @throws an error that names the first seed that fails. */
export async function liveThroughSeeds(from: number, to: number, mutation?: Mutation): Promise<Counts> {
	const counts = { lives: 0, cuts: 0, kills: 0, records: 0, gapRecords: 0, failures: 0 };
	for (let seed = from; seed <= to; seed++) {
		try {
			await liveThroughPowerCuts(seed, counts, mutation);
		} catch (error) {
			throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
		}
	}
	return counts;
}

/** Several lives of one journal on one disk, each ended by a power cut, a kill or a stop, each begun with a look at everything. */
async function liveThroughPowerCuts(
	seed: number,
	counts: Counts,
	mutation: Mutation = (disk) => disk,
): Promise<void> {
	const life = new Lives(seed, counts, mutation);
	const lives = life.random.from(2, 4);
	for (let count = 0; count < lives; count++) await life.liveOnce();
	await life.lookAtAll();
}

const turns = async (count: number) => {
	for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** What a promise gives, or undefined when the power goes before it gives anything. */
async function unlessCut<T>(promise: Promise<T>, isCut: () => boolean): Promise<T | undefined> {
	let isSettled = false;
	const settled = promise.finally(() => {
		isSettled = true;
	});
	// Whoever awaits it gets the error; when the power goes first nobody does.
	settled.catch(() => undefined);
	while (!isSettled && !isCut()) await turns(1);
	return isSettled ? await settled : undefined;
}

class Lives {
	readonly random: Seeded;
	readonly #disk: ForgetfulDisk;
	readonly #clock = new SteppedClock();
	readonly #counts: Counts;
	readonly #mutation: Mutation;
	readonly #epochs: KnownEpoch[] = [];
	/** In this run nothing is dropped, so that no gap record may be there. */
	readonly #isUnbounded: boolean;
	#trimmed: Position = { chain: 0, offset: 0 };
	#number = 0;
	#nextEpoch = 1;

	constructor(seed: number, counts: Counts, mutation: Mutation) {
		this.random = new Seeded(seed);
		this.#disk = new ForgetfulDisk(this.random);
		this.#isUnbounded = this.random.chance(0.2);
		this.#counts = counts;
		this.#mutation = mutation;
	}

	/** A process: opens, looks, appends, trims, and ends in one way or another. */
	async liveOnce(): Promise<void> {
		const disk = this.#disk;
		this.#counts.lives++;
		disk.failureShare = this.random.chance(0.5) ? 0 : 0.05;
		let isCut = false;
		void disk.cutWithin(this.random.from(5, 900)).then(() => {
			isCut = true;
		});
		const failedSyncs = disk.failedSyncs;
		const { journal, known } = await this.#open(() => isCut);
		if (journal === undefined || known === undefined) {
			if (!isCut) disk.cut();
			this.#counts.cuts++;
			return;
		}
		const actions = this.random.from(20, 160);
		for (let action = 0; action < actions && !isCut; action++) await this.#act(journal, known);
		known.durable = journal.durable.offset;
		const mayBeKilled = disk.failedSyncs === failedSyncs;
		if (!isCut && mayBeKilled && this.random.chance(0.3)) {
			this.#counts.kills++;
			disk.kill();
			return;
		}
		if (!isCut && disk.failureShare === 0 && this.random.chance(0.3)) {
			await this.#stop(journal, known, () => isCut);
		}
		if (!isCut) disk.cut();
		this.#counts.cuts++;
	}

	/** The last look, on a disk that lets it. */
	async lookAtAll(): Promise<void> {
		this.#disk.failureShare = 0;
		const { journal } = await this.#open(() => false);
		expect(journal).toBeDefined();
	}

	/** Opens the journal and looks whether all that was promised is there. Undefined when the power went meanwhile. */
	async #open(isCut: () => boolean): Promise<{ journal?: DiskJournal; known?: KnownEpoch }> {
		const random = this.random;
		const journal = new DiskJournal({
			folder: "/journal",
			segmentBytes: random.from(300, 1_500),
			maxBytes: this.#isUnbounded ? 1e9 : random.from(7_000, 9_000),
			whenFull: random.chance(0.2) ? "drop_newest" : "drop_oldest",
			// The model's files are very old, so that everything of an earlier life goes at once.
			maxAgeMs: !this.#isUnbounded && random.chance(0.1) ? 1_000 : undefined,
			memoryBytes: random.from(2_000, 20_000),
			commitIntervalMs: 5,
			clock: this.#clock,
			newEpoch: () => this.#nextEpoch++,
			tags: tagNames,
			onTrouble: ({ kind }) => {
				if (kind === "failed") this.#counts.failures++;
			},
			disk: this.#mutation(this.#disk.forProcess()),
		});
		const opened = await unlessCut(journal.open(), isCut).catch((error: unknown) => {
			if (this.#disk.failureShare === 0) throw error;
		});
		if (opened === undefined) return {};
		const { previousEpoch, previousLast } = opened;
		this.#checkChain(previousEpoch, previousLast);
		const { chain } = journal.durable;
		const { epoch } = journal;
		const records: JournaledRecord[] = [];
		for (let from: Position = { chain: 0, offset: 0 }; ; ) {
			const some = await unlessCut(journal.read(from, 2_000), isCut);
			if (some === undefined) return {};
			const last = some.at(-1);
			if (last === undefined) break;
			records.push(...some);
			from = { chain: last.chain, offset: last.last + 1 };
		}
		this.#checkRecords(records);
		const known = { chain, epoch, previousEpoch, previousLast, bodies: [], durable: 0, last: undefined };
		this.#epochs.push(known);
		this.#append(journal, known, openedBody({ epoch, previousEpoch, previousLast }, ++this.#number));
		return { journal, known };
	}

	#append(journal: DiskJournal, known: KnownEpoch, body: Buffer): void {
		const position = journal.append(body);
		if (position === undefined) return;
		expect(position).toEqual({ chain: known.chain, offset: known.bodies.length + 1 });
		known.bodies.push(body);
		this.#counts.records++;
	}

	async #act(journal: DiskJournal, known: KnownEpoch): Promise<void> {
		const random = this.random;
		const kind = random.next();
		if (kind < 0.6) {
			for (let count = random.from(1, 4); count > 0; count--) this.#append(journal, known, this.#body());
		} else if (kind < 0.62) {
			const { chain, offset } = journal.durable;
			const position = random.chance(0.7)
				? { chain, offset: random.from(1, offset + 1) }
				: { chain, offset: 1 };
			if (comparePositions(position, this.#trimmed) > 0) this.#trimmed = position;
			journal.trim(position);
		} else if (kind < 0.7) this.#clock.step(1_100);
		else this.#clock.step(random.from(0, 6));
		await turns(random.from(0, 12));
	}

	#body(): Buffer {
		const random = this.random;
		const number = ++this.#number;
		if (random.chance(0.05)) {
			const tags = [nameOf(random.from(500, 503))];
			return gapBody({
				device: "U5",
				tags,
				fromMs: number,
				toMs: number + 1,
				cause: "agent_down",
				backfilled: false,
			});
		}
		const device = random.from(5, 7);
		return recordOf(
			`U${device}`,
			Array.from({ length: random.from(1, 3) }, (_, index) => [
				device * 100 + random.from(0, 3),
				number * 10 + index,
				"v".repeat(random.from(0, 250)),
			]),
		);
	}

	async #stop(journal: DiskJournal, known: KnownEpoch, isCut: () => boolean): Promise<void> {
		let isClosed = false;
		void journal.close().then(() => {
			isClosed = true;
		});
		while (!isClosed && !isCut()) {
			this.#clock.step(1);
			await turns(1);
		}
		known.durable = journal.durable.offset;
		if (isClosed) expect(known.durable).toBe(known.bodies.length);
	}

	/** A new epoch names the newest one that has a record, and how far that goes. */
	#checkChain(previousEpoch: number, previousLast: number): void {
		const named = this.#epochs.findLast(({ epoch }) => epoch === previousEpoch);
		const newest = this.#epochs.findLast(({ durable }) => durable > 0);
		if (newest !== undefined) {
			expect(named, `the epoch before is ${newest.epoch}, found ${previousEpoch}`).toBeDefined();
			expect((named as KnownEpoch).chain).toBeGreaterThanOrEqual(newest.chain);
		}
		if (named === undefined) {
			expect([previousEpoch, previousLast]).toEqual([0, 0]);
			return;
		}
		expect(previousLast).toBeGreaterThanOrEqual(named.durable);
		expect(previousLast).toBeLessThanOrEqual(named.last ?? named.bodies.length);
		// Told to the world from now on, so it has to stay.
		named.durable = previousLast;
		named.last = previousLast;
		// An epoch after it that nobody names never was.
		for (const epoch of this.#epochs) if (epoch.chain > named.chain) epoch.last = 0;
	}

	#checkRecords(records: readonly JournaledRecord[]): void {
		let before: Position = { chain: 0, offset: 0 };
		const covered = new Map<KnownEpoch, number[]>();
		for (const record of records) {
			const { chain, epoch, offset, last } = record;
			expect(comparePositions({ chain, offset }, before)).toBeGreaterThan(0);
			before = { chain, offset: last };
			const known = this.#epochs.findLast((candidate) => candidate.epoch === epoch);
			expect(known?.chain).toBe(chain);
			if (known === undefined) continue;
			expect(last).toBeLessThanOrEqual(known.last ?? known.bodies.length);
			const isPlain = offset === last && record.body.equals(known.bodies[offset - 1] as Buffer);
			if (!isPlain) this.#checkGap(record, known);
			const offsets = covered.get(known) ?? [];
			covered.set(known, offsets);
			for (let at = offset; at <= last; at++) offsets.push(at);
		}
		for (const known of this.#epochs) {
			const { chain, durable } = known;
			const offsets = new Set(covered.get(known));
			for (let offset = 1; offset <= durable; offset++) {
				if (comparePositions({ chain, offset }, this.#trimmed) < 0) continue;
				expect(offsets.has(offset), `epoch ${known.epoch} offset ${offset} of ${durable} is lost`).toBe(true);
			}
		}
	}

	/** A gap record says exactly what was in the records whose place it takes. */
	#checkGap({ body, offset, last }: JournaledRecord, known: KnownEpoch): void {
		this.#counts.gapRecords++;
		expect(this.#isUnbounded, `epoch ${known.epoch} offset ${offset} has another body`).toBe(false);
		const found = told(body);
		const carried: Gap[] = [];
		const missing = new Map<string, { tags: Set<string>; fromMs: number; toMs: number }>();
		let opened = 0;
		for (const gone of known.bodies.slice(offset - 1, last)) {
			const inside = told(gone);
			carried.push(...inside.gaps);
			opened += inside.openings.length;
			for (const [tagId, sourceMs] of inside.values) {
				const device = deviceOf(tagId);
				const one = missing.get(device) ?? { tags: new Set(), fromMs: sourceMs, toMs: sourceMs };
				missing.set(device, one);
				one.tags.add(nameOf(tagId));
				one.fromMs = Math.min(one.fromMs, sourceMs);
				one.toMs = Math.max(one.toMs, sourceMs);
			}
		}
		const expected = [...missing].map(([device, { tags, fromMs, toMs }]) =>
			boundGap(device, [...tags].sort(), fromMs, toMs),
		);
		const texts = (gaps: readonly Gap[]) =>
			gaps.map((gap) => JSON.stringify({ ...gap, tags: [...gap.tags].sort() })).sort();
		const wanted = [...expected, ...carried];
		// One that had been forgotten and came back may have been on its way to say more than it did then.
		const isForgotten = comparePositions({ chain: known.chain, offset }, this.#trimmed) < 0;
		if (isForgotten) for (const gap of wanted) expect(found.gaps.some((one) => covers(one, gap))).toBe(true);
		else expect(texts(found.gaps)).toEqual(texts(wanted));
		const { epoch, previousEpoch, previousLast } = known;
		expect(found.openings).toMatchObject(opened === 0 ? [] : [{ epoch, previousEpoch, previousLast }]);
	}
}
