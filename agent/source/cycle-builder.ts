import { SampleColumns } from "../../common/contract/samples.ts";
import { hasOverflow, isGood } from "../../common/contract/status.ts";
import type { DeviceConfig } from "../config.ts";
import type { Cycle, LastSample } from "../pipeline.ts";
import type { Tag } from "../tag-book.ts";
import { CalledBad } from "./called-bad.ts";
import type { CycleCounts } from "./cycle-counts.ts";
import { DeviceHearing } from "./device-hearing.ts";
import type { LeftDevice } from "./left-device.ts";
import { MissingTimes } from "./missing-times.ts";
import { NewestTime } from "./newest-time.ts";
import { isNoNode } from "./quiet-tags.ts";
import { inSourceOrder } from "./source-order.ts";
import { checkTime, countWrongTime, timeFault } from "./source-times.ts";
import { TagColumns } from "./tag-columns.ts";
import { WholeValues } from "./whole-values.ts";

/** A configured tag with its place in the configuration, which decides between equal source times. */
export interface SourceTag {
	readonly tag: Tag;
	readonly nodeId: string;
	/** Order in the device, the same for all parts of a value; a heartbeat stands after all others whatever its place. */
	readonly rank: number;
}

/** So soon after a reconnect a server repeats present values. */
const repeatsWithinMs = 10_000;

/**
 * Gathers the samples of one device during one publish cycle and puts them in order of source time.
 *
 * A publish response lists each monitored item's queue in turn, so within a cycle the order of arrival says nothing
 * across tags; what a unit does (its phase changes, then values follow) is only readable in order of source time.
 */
export class CycleBuilder {
	readonly device: string;
	readonly #timeBase: DeviceConfig["time_base"];
	/** Undefined while nobody knows the tag that is written last. */
	#timeBaseId: number | undefined;
	#tagIds: readonly number[] = [];
	readonly #columns = new TagColumns();
	readonly hearing = new DeviceHearing(this.#columns);
	/** Why nothing is handed over yet: not every tag is asked for, or no first value is there. */
	#awaits: "items" | "values" | undefined;
	/** Tags whose next value may be known already: got since the device began, or read in between. */
	readonly #came = new Set<number>();
	/** Until this monotonic time the last value of a tag may come again, and more than once. */
	#repeatsUntilMs = Number.NEGATIVE_INFINITY;
	/** Tags that the agent called Bad itself, and those to be asked for. */
	readonly called = new CalledBad();
	#throughMs = Number.NEGATIVE_INFINITY;
	readonly #noting = new Set<MissingTimes>();
	readonly #samples = new SampleColumns(512);
	readonly #sorted = new SampleColumns(512);
	readonly #order: number[] = [];
	readonly #whole = new WholeValues(this.#columns, this.#samples);
	readonly #newest = new NewestTime();
	#resumedThroughMs = Number.NEGATIVE_INFINITY;

	constructor(device: DeviceConfig, tags: readonly SourceTag[]) {
		this.device = device.name;
		this.#timeBase = device.time_base;
		this.retag(tags);
	}

	/**
	 * The device has these tags from now on. What is known of a tag stays known, also of one that it has no more: it may
	 * have been gathered already.
	 */
	retag(tags: readonly SourceTag[]): void {
		const base = this.#timeBase;
		this.#tagIds = tags.map(({ tag }) => tag.id);
		const columns = this.#columns;
		columns.cover(this.#tagIds);
		columns.setRanks(tags);
		this.#timeBaseId = base === "publish" ? undefined : tags.find(({ tag }) => tag.name === base.tag)?.tag.id;
		if (this.#timeBaseId !== undefined)
			columns.rank[columns.place(this.#timeBaseId)] = Number.MAX_SAFE_INTEGER;
		const isThere = new Set(this.#tagIds);
		this.called.keep(isThere);
		this.hearing.retag(this.#tagIds);
		for (const id of this.#came) if (!isThere.has(id)) this.#came.delete(id);
	}

	/** Whether the device's time is the server's clock, not a tag of the device. */
	get isTimedByServer(): boolean {
		return this.#timeBase === "publish";
	}

	/** Where samples of this device are gathered until `finish`. */
	get samples(): SampleColumns {
		return this.#samples;
	}

	/** The newest source time ever seen that can be, or −Infinity; of a device that has no such, the newest of all. */
	get newestMs(): number {
		return this.#newest.ms;
	}

	/** Tags whose source times are wrong at present, by what is wrong with them. */
	get tagsTimeWrong(): { future: number; frozen: number } {
		return this.#columns.timesWrong(this.#tagIds);
	}

	/** After a reconnect the server sends each tag's present value once more, which may be the one we have. */
	expectRepeats(nowMs: number): void {
		this.#repeatsUntilMs = nowMs + repeatsWithinMs;
		this.called.expectRepeats(nowMs);
	}

	/** Tags to be asked for once: after a lost message all, else those called Bad of which nothing has come after a reconnect. */
	takeUntold(nowMs: number): readonly number[] {
		return this.called.takeUntold(nowMs, this.#tagIds);
	}

	/**
	 * The server was asked for a tag and has said this. Whether that is its last sample, time, status and value; a tag that was
	 * called Bad is known to have it still, then. What a status says of the queue is not the value's.
	 */
	stands(samples: SampleColumns, index: number, nowMs: number): boolean {
		const tagId = samples.tagId[index] as number;
		const place = this.#columns.place(tagId);
		const lastStatus = this.#columns.last.status[place] as number;
		if ((lastStatus ^ (samples.status[index] as number)) >>> 16 === 0) samples.status[index] = lastStatus;
		if (this.#columns.seen[place] === 0 || !this.#columns.isSame(place, samples, index)) return false;
		this.called.stands(tagId, nowMs);
		return true;
	}

	/**
	 * Takes up where an earlier run stopped. A first value that this run has not seen is a repeat when it is the tag's
	 * last sample, or not newer than the device's Through, because everything up to there is in the journal.
	 */
	resume(throughMs: number | undefined, samples: ReadonlyMap<number, LastSample>): void {
		this.#resumedThroughMs = throughMs ?? Number.NEGATIVE_INFINITY;
		this.#repeatsUntilMs = Number.POSITIVE_INFINITY;
		this.#recall(this.#tagIds, samples);
	}

	/**
	 * As `resume`, for tags that the device has got since: nothing of them is in the journal but these samples, and what
	 * this run has seen of them before they left. The first value of any other is new, however old it is.
	 */
	resumeFurther(ids: readonly number[], samples: ReadonlyMap<number, LastSample>): void {
		this.#recall(ids, samples);
		for (const id of ids) this.#came.add(id);
	}

	/** As `resume`, from another builder of this run, and as `resumeFurther` for tags that it did not have. */
	takeOver({ throughMs, resumedThroughMs, samples, settled, calledBad }: LeftDevice): void {
		this.resume(undefined, samples);
		this.#resumedThroughMs = resumedThroughMs;
		if (throughMs !== undefined) this.#throughMs = throughMs;
		const isHere = new Set(this.#tagIds);
		for (const id of isHere) if (!settled.has(id)) this.#came.add(id);
		const stillBad = calledBad.tagIds.filter((id) => isHere.has(id));
		if (stillBad.length > 0) this.calledBad(stillBad, calledBad.sourceMs);
	}

	/** What the builder that takes its place has to know. */
	left(): LeftDevice {
		const throughMs = Math.max(this.#throughMs, this.#resumedThroughMs);
		return {
			throughMs: Number.isFinite(throughMs) ? throughMs : undefined,
			resumedThroughMs: this.#resumedThroughMs,
			newestMs: this.newestMs,
			samples: this.#columns.samples(this.#tagIds),
			settled: new Set(this.#tagIds.filter((id) => !this.#came.has(id))),
			calledBad: { tagIds: this.called.tagIds, sourceMs: this.called.atMs },
		};
	}

	/**
	 * The device comes to a subscription that is running: nothing of it is handed over until every tag is asked for and a
	 * first value is there, because a cycle before that would say that the device is complete.
	 */
	begin(): void {
		this.#awaits = "items";
	}

	get isBeginning(): boolean {
		return this.#awaits === "items";
	}

	/** Every tag is asked for; their first values follow. */
	begun(nowMs: number): void {
		if (!this.isBeginning) return;
		this.#awaits = "values";
		this.expectRepeats(nowMs);
	}

	#recall(ids: readonly number[], samples: ReadonlyMap<number, LastSample>): void {
		this.#newest.take(this.#columns.recall(ids, samples), Number.POSITIVE_INFINITY);
	}

	/** These tags were called Bad at a source time, not by the server but because it could not be asked. */
	calledBad(tagIds: readonly number[], sourceMs: number): void {
		this.called.add(tagIds, sourceMs);
	}

	/**
	 * Values that were read of tags, one of each, as a cycle of their own; undefined when they are the last samples once more.
	 * The same values may come by themselves a little later.
	 */
	takeRead(read: SampleColumns, nowMs: number, serverMs = Number.POSITIVE_INFINITY): Cycle | undefined {
		const columns = this.#columns;
		const samples = this.#sorted;
		samples.reserve(read.count);
		samples.count = 0;
		samples.other.length = 0;
		for (let index = 0; index < read.count; index++) {
			const id = read.tagId[index] as number;
			const place = columns.place(id);
			if (isNoNode(read.status[index] as number) || columns.isUnchanged(place, read, index)) continue;
			columns.remember(place, read, index);
			columns.heardMs[place] = nowMs;
			this.#newest.take(read.sourceMs[index] as number, serverMs);
			this.called.delete(id);
			this.#came.add(id);
			samples.copyFrom(read, index);
		}
		return samples.count === 0 ? undefined : { device: this.device, samples, throughMs: undefined };
	}

	/** From now on it is noted between which times of each tag something is missing, until it is `told`. */
	noteMissing(): MissingTimes {
		const known = this.#columns.times(this.#tagIds);
		const missing: MissingTimes = new MissingTimes(known, () => this.#noting.delete(missing));
		this.#noting.add(missing);
		return missing;
	}

	/** Forgets what was gathered since the last `finish`. */
	discard(): void {
		this.#samples.count = 0;
		this.#samples.other.length = 0;
	}

	/**
	 * The cycle gathered since the last call, or undefined when there is nothing to say. `serverMs` is the server's own time
	 * of its end; without it no source time can be from the future.
	 * `slowestMs`: so long after the tag that is written last the server may still take a sample of another one.
	 */
	finish(
		publishThroughMs: number | undefined,
		counts: CycleCounts,
		nowMs: number,
		slowestMs = 0,
		serverMs = Number.POSITIVE_INFINITY,
	): Cycle | undefined {
		const gathered = this.#samples;
		const sorted = this.#sorted;
		if (this.isBeginning || (this.#awaits === "values" && gathered.count === 0)) return undefined;
		this.#awaits = undefined;
		sorted.reserve(gathered.count);
		sorted.count = 0;
		sorted.other.length = 0;
		let throughMs = this.isTimedByServer && this.#tagIds.length > 0 ? publishThroughMs : undefined;
		const columns = this.#columns;
		const order = inSourceOrder(gathered, columns, this.#order);
		const isRepeat = (index: number) => this.#isRepeat(gathered, index, nowMs);
		this.#whole.begin(gathered, order);
		for (let turn = 0; turn < order.length; turn++) {
			const index = order[turn] as number;
			const place = columns.place(gathered.tagId[index] as number);
			columns.heardMs[place] = nowMs;
			if (this.#noting.size > 0) for (const missing of this.#noting) missing.came(gathered, index);
			const isCalledBad = this.called.size > 0 && this.called.has(gathered.tagId[index] as number);
			const repeats = this.#whole.repeats(turn, isRepeat);
			if (this.#came.size > 0) this.#came.delete(gathered.tagId[index] as number);
			if (
				this.hearing.hasRules &&
				columns.polled[place] === 1 &&
				columns.isUnchanged(place, gathered, index)
			) {
				if (isCalledBad) this.called.isStillThere(gathered.tagId[index] as number, nowMs);
				continue;
			}
			if (repeats) {
				counts.repeats++;
				if (isCalledBad) this.called.isStillThere(gathered.tagId[index] as number, nowMs);
				continue;
			}
			const id = gathered.tagId[index] as number;
			const sampleMs = gathered.sourceMs[index] as number;
			const status = gathered.status[index] as number;
			if (hasOverflow(status)) {
				const at = { ms: sampleMs, ticks: gathered.sourceRestTicks[index] as number };
				// Of a tag's first value of all nothing is known before it.
				counts.overflowed.push({ tagId: id, after: columns.lastTime(place) ?? at, before: at });
			}
			if (this.hearing.hasRules) {
				if (!isCalledBad && columns.isLeftOut(place, gathered, index, nowMs)) {
					counts.leftOut++;
					continue;
				}
				columns.givenMs[place] = nowMs;
			}
			const before = columns.fault[place] as number;
			const wrong = checkTime(columns, place, gathered, index, serverMs);
			if (wrong !== timeFault.none) countWrongTime(counts, id, wrong, before);
			columns.remember(place, gathered, index);
			sorted.copyFrom(gathered, index);
			if (isCalledBad) this.called.delete(id);
			if (!isGood(status)) {
				counts.notGood++;
				if (isNoNode(status)) counts.gone.push(id);
			}
			const isPlausible = this.#newest.take(sampleMs, serverMs);
			// The heartbeat is written last in each cycle of the unit, so its source time closes the cycle.
			if (id === this.#timeBaseId && isGood(status) && isPlausible) throughMs = sampleMs - slowestMs;
		}
		counts.samples += sorted.count;
		this.discard();
		if (throughMs !== undefined) this.#throughMs = Math.max(this.#throughMs, throughMs);
		if (sorted.count === 0 && throughMs === undefined) return undefined;
		return { device: this.device, samples: sorted, throughMs };
	}

	/**
	 * Tags that were called Bad and have their old values still: said once, marked as not written by the plant, with the time
	 * at which it is known, or they would be Bad until they change. One that changes soon needs no such word. To be asked
	 * after `finish`; a cycle of its own, because what the plant wrote is counted by whole records.
	 */
	stillSame(nowMs: number): Cycle | undefined {
		const samples = this.#sorted;
		const knownMs = Math.max(this.#throughMs, this.called.atMs);
		const sourceMs = Math.max(this.newestMs, Math.floor(knownMs) + 1);
		this.called.takeStillSame(nowMs, this.#columns, sourceMs, samples);
		return samples.count === 0 ? undefined : { device: this.device, samples, throughMs: undefined };
	}

	/**
	 * The same source time, status and value as the tag's last sample, soon after a reconnect. A server that kept its
	 * queues sends what they hold first and the present value again after it, so the repeat need not come first; and some
	 * send the present value for more than one reason.
	 */
	#isRepeat(samples: SampleColumns, index: number, nowMs: number): boolean {
		const id = samples.tagId[index] as number;
		const place = this.#columns.place(id);
		const isFirst = this.#came.size > 0 && this.#came.has(id);
		if (!(isFirst ? this.#columns.seen[place] === 1 : nowMs <= this.#repeatsUntilMs)) return false;
		if (this.#columns.seen[place] === 0) return (samples.sourceMs[index] as number) <= this.#resumedThroughMs;
		return this.#columns.isSame(place, samples, index);
	}
}
