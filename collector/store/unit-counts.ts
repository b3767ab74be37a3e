// The counts and values of one unit in the store. Whole records are a sum over the index, which also tells whether the
// agent itself wrote one; only records that lie across an end of a period are opened.

import type { SampleValue } from "../../common/contract/samples.ts";
import { isGood } from "../../common/contract/status.ts";
import { samplesPerSeq } from "../pipeline.ts";
import type { CountedUnit, CountPoint } from "./reconciliation.ts";
import type { BoundedPlace } from "./records/record-rows.ts";
import type { Place, SampleRows } from "./sample-rows.ts";

/** Records in which the nearest count is looked for. */
const nearRecords = 200;
/** Records that lie across one moment; more of them are not opened. */
const acrossMax = 2_000;

interface CountsOptions {
	readonly unit: string;
	/** Ids of the tag that counts. */
	readonly series: readonly number[];
	/** A source time; questions reach no further. */
	readonly toMs: number;
	/** Records that begin up to `toMs` and end after it are looked for among so many. */
	readonly aheadMax: number;
}

/** One unit up to a source time. For one read transaction. */
export class UnitCounts implements CountedUnit {
	readonly #rows: SampleRows;
	readonly #unit: string;
	readonly #toMs: number;
	readonly #series: readonly number[];
	#beyond: readonly BoundedPlace[] = [];
	#bounded = false;

	private constructor(rows: SampleRows, { unit, series, toMs }: CountsOptions) {
		this.#rows = rows;
		this.#unit = unit;
		this.#toMs = toMs;
		this.#series = series;
	}

	static async of(rows: SampleRows, options: CountsOptions): Promise<UnitCounts> {
		const counts = new UnitCounts(rows, options);
		if (options.series.length === 0) return counts;
		const { unit: device, toMs: atMs, aheadMax: among } = options;
		const { places, bounded } = await rows.records.across({ device, atMs }, { among, limit: acrossMax + 1 });
		counts.#bounded = bounded;
		counts.#beyond = counts.#bound(places);
		return counts;
	}

	/** A bound was met: records that lie across an end were not all found. */
	get bounded(): boolean {
		return this.#bounded;
	}

	/** The first count between the two times, both included. */
	async first(fromMs: number, toMs: number): Promise<CountPoint | undefined> {
		const look = (atMs: number) => this.#after(atMs, toMs);
		return (await look(fromMs)) ?? (await nearest(look, { without: fromMs, far: toMs }));
	}

	/** The last count between the two times, both included. */
	async last(fromMs: number, toMs: number): Promise<CountPoint | undefined> {
		const look = (atMs: number) => this.#before(fromMs, atMs);
		return (await look(toMs)) ?? (await nearest(look, { without: toMs, far: fromMs }));
	}

	async stored(afterMs: number, toMs: number): Promise<number> {
		const device = this.#unit;
		const whole = { device, endFromMs: afterMs + 1, endToMs: toMs, beginFromMs: afterMs + 1 };
		const { ofSource } = await this.#rows.records.figures(whole);
		// The agent's own word has one source time, so none of it lies across.
		const across = [...(await this.#across(afterMs, toMs)), ...(await this.#places(toMs))];
		const found = await this.#rows.inPlaces(across, { fromMs: afterMs + 1, toMs });
		return ofSource + found.count;
	}

	async countBetween(afterMs: number, beforeMs: number): Promise<CountPoint | undefined> {
		const query = { device: this.#unit, endFromMs: afterMs + 1, endToMs: beforeMs - 1 };
		const middleMs = await this.#rows.records.middle(query);
		if (middleMs === undefined) return undefined;
		const found = await this.#after(middleMs, beforeMs - 1);
		return found !== undefined && found.atMs > afterMs ? found : undefined;
	}

	async countsBetween(afterMs: number, beforeMs: number): Promise<CountPoint[]> {
		const query = { device: this.#unit, endFromMs: afterMs + 1, endToMs: beforeMs };
		const found = await this.#rows.records.places(query, { order: "ASC", limit: Number.MAX_SAFE_INTEGER });
		const places = [...found, ...(await this.#places(beforeMs))];
		const byTime = new Map<number, bigint>();
		for (const { atMs, count } of await this.#read(places, afterMs + 1, beforeMs - 1)) {
			const known = byTime.get(atMs);
			if (known === undefined || count > known) byTime.set(atMs, count);
		}
		return [...byTime].map(([atMs, count]) => ({ atMs, count })).sort((a, b) => a.atMs - b.atMs);
	}

	/** The first count from `atMs` to `toMs`, in the records that follow. */
	async #after(atMs: number, toMs: number): Promise<CountPoint | undefined> {
		const query = { device: this.#unit, endFromMs: atMs, endToMs: this.#toMs };
		const found = await this.#rows.records.places(query, { order: "ASC", limit: nearRecords });
		const places = [...found, ...this.#beyond];
		const counts = await this.#readByRecord(places, atMs, toMs);
		for (const { seq } of places) {
			const first = counts.get(seq)?.sort((a, b) => a.atMs - b.atMs)[0];
			if (first !== undefined) return await this.#greatestAt(first);
		}
		return undefined;
	}

	/** The last count up to `atMs`, in the records before. */
	async #before(fromMs: number, atMs: number): Promise<CountPoint | undefined> {
		const newest = (points: CountPoint[] | undefined) => points?.sort((a, b) => b.atMs - a.atMs)[0];
		const across = newest(await this.#read(await this.#places(atMs), fromMs, atMs));
		const query = { device: this.#unit, endFromMs: fromMs, endToMs: atMs };
		const places = await this.#rows.records.places(query, { order: "DESC", limit: nearRecords });
		const counts = await this.#readByRecord(places, fromMs, atMs);
		for (const { seq } of places) {
			const point = newest(counts.get(seq));
			if (point === undefined) continue;
			return await this.#greatestAt(across !== undefined && across.atMs > point.atMs ? across : point);
		}
		return across === undefined ? undefined : await this.#greatestAt(across);
	}

	/** Of several counts at one time the greatest holds, wherever it is stored. */
	async #greatestAt({ atMs }: CountPoint): Promise<CountPoint> {
		const query = { device: this.#unit, endFromMs: atMs, endToMs: atMs };
		const found = await this.#rows.records.places(query, { order: "ASC", limit: Number.MAX_SAFE_INTEGER });
		const places = [...found, ...(await this.#places(atMs))];
		let greatest = 0n;
		for (const { count } of await this.#read(places, atMs, atMs)) if (count > greatest) greatest = count;
		return { atMs, count: greatest };
	}

	async #read(places: readonly Place[], fromMs: number, toMs: number): Promise<CountPoint[]> {
		return [...(await this.#readByRecord(places, fromMs, toMs)).values()].flat();
	}

	async #readByRecord(
		places: readonly Place[],
		fromMs: number,
		toMs: number,
	): Promise<Map<number, CountPoint[]>> {
		const found = await this.#rows.inPlaces(places, { series: this.#series, fromMs, toMs });
		const { samples, pos } = found;
		const counts = new Map<number, CountPoint[]>();
		for (let index = 0; index < found.count; index++) {
			const status = samples.status[index] as number;
			// The agent's word that a tag has its old value still is no count.
			if (!isGood(status) || (status & 0xffff) === 0x402) continue;
			const count = countOf(samples.value(index));
			if (count === undefined) continue;
			const seq = Math.floor((pos[index] as number) / samplesPerSeq);
			const points = counts.get(seq) ?? [];
			points.push({ atMs: samples.sourceMs[index] as number, count });
			counts.set(seq, points);
		}
		return counts;
	}

	/** Records that begin at or before `atMs` and end after it. */
	async #places(atMs: number): Promise<BoundedPlace[]> {
		const before = this.#beyond.filter(({ minMs }) => minMs <= atMs);
		return [...(await this.#across(atMs, this.#toMs)), ...before];
	}

	/** Records across `atMs` that end at `toMs` or before. */
	async #across(atMs: number, toMs: number): Promise<BoundedPlace[]> {
		const query = { device: this.#unit, endFromMs: atMs + 1, endToMs: toMs, beginToMs: atMs };
		return this.#bound(await this.#rows.records.places(query, { order: "ASC", limit: acrossMax + 1 }));
	}

	#bound(places: BoundedPlace[]): BoundedPlace[] {
		if (places.length > acrossMax) this.#bounded = true;
		return places.slice(0, acrossMax);
	}
}

/**
 * The count nearest to an end that has none within reach, by halving: a unit counts all the time once it does. A
 * stretch of counts with none on either side may be overlooked; then there are no figures.
 */
async function nearest(
	look: (atMs: number) => Promise<CountPoint | undefined>,
	ends: { without: number; far: number },
): Promise<CountPoint | undefined> {
	let { without, far } = ends;
	let found: CountPoint | undefined;
	while (Math.abs(far - without) > 1) {
		const middle = Math.floor((without + far) / 2);
		const point = await look(middle);
		if (point === undefined) without = middle;
		else {
			found = point;
			far = middle;
		}
	}
	return found;
}

/** Anything else than a whole number from 0 on is no count. */
function countOf(value: SampleValue): bigint | undefined {
	if (typeof value === "bigint") return value >= 0n ? value : undefined;
	if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
	return typeof value === "string" && /^\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}
