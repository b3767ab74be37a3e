import { encodeGap, type Gap } from "../../common/contract/gap.ts";
import { nodeDevice } from "../../common/contract/ids.ts";
import type { SampleColumns } from "../../common/contract/samples.ts";

/** Gaps that are carried one by one; more of them are united by device and cause. */
const carriedMax = 200;
/** Devices that are told apart; more of them become one gap of the edge node. */
const devicesMax = 240;
/** Tag names kept in all; beyond, the device with the most of them is missing as a whole. */
const namesMax = 8_192;

interface Missing extends Omit<Gap, "tags"> {
	fromMs: number;
	toMs: number;
	/** Undefined: every tag of the device. */
	tags: Set<string> | undefined;
	/** Tag ids whose names are in `tags`, for a quick look at each sample. */
	readonly seen: Set<number>;
}

/**
 * What is missing when records are dropped or refused: of each device the tags and times of its values, and the gaps
 * that were already written down among them. Bounded: what does not fit becomes coarser, never less.
 */
export class GapSummary {
	readonly #nameOf: (tagId: number) => string | undefined;
	readonly #values = new Map<string, Missing>();
	#carried: Missing[] = [];
	#names = 0;

	constructor(nameOf: (tagId: number) => string | undefined) {
		this.#nameOf = nameOf;
	}

	/** Samples `from` … `from + count − 1` of a device are missing, because of the journal's bounds. */
	values(device: string, samples: SampleColumns, from: number, count: number): void {
		const { sourceMs, tagId } = samples;
		let fromMs = Number.POSITIVE_INFINITY;
		let toMs = Number.NEGATIVE_INFINITY;
		const names: string[] = [];
		const known = this.#values.get(device);
		for (let index = from; index < from + count; index++) {
			fromMs = Math.min(fromMs, sourceMs[index] as number);
			toMs = Math.max(toMs, sourceMs[index] as number);
			const id = tagId[index] as number;
			if (known !== undefined && (known.tags === undefined || known.seen.has(id))) continue;
			known?.seen.add(id);
			names.push(this.#nameOf(id) ?? `tag ${id}`);
		}
		if (count > 0) this.#unite(device, names, fromMs, toMs);
	}

	/** A gap that was already written down is among what is missing. */
	gap(gap: Gap): void {
		const { device, tags, fromMs, toMs, cause, backfilled } = gap;
		if (cause === "journal_bound" && !backfilled) {
			this.#unite(device, tags.length === 0 ? undefined : tags, fromMs, toMs);
			return;
		}
		// A drop that was interrupted and done again finds the same gaps twice.
		const text = encodeGap({ device, tags, fromMs, toMs, cause, backfilled });
		if (this.#carried.some((known) => encodeGap(asGap(known)) === text)) return;
		this.#carried.push({ ...gap, tags: tags.length === 0 ? undefined : new Set(tags), seen: new Set() });
		this.#names += tags.length;
		if (this.#carried.length > carriedMax) this.coarser();
		this.#boundNames();
	}

	/** Something that cannot be read is missing: every tag of every device, between these times. */
	unknown(fromMs: number, toMs: number): void {
		this.#unite(nodeDevice, undefined, fromMs, toMs);
	}

	/** One of the gaps, if there is any; `takeFirst` removes the same. */
	first(): Gap | undefined {
		const [missing = this.#carried[0]] = this.#values.values();
		return missing === undefined ? undefined : asGap(missing);
	}

	takeFirst(): void {
		const [device] = this.#values.keys();
		if (device === undefined) this.#carried.shift();
		else this.#values.delete(device);
		this.#countNames();
	}

	/** What is missing; a gap without tags means every tag, one without a device every device. */
	gaps(): Gap[] {
		return [...this.#values.values(), ...this.#carried].map(asGap);
	}

	/** Unites gaps of the same device and cause, and when these are still many, of all devices. */
	coarser(): void {
		const united = (keyOf: (gap: Missing) => string, device?: string): void => {
			const groups = new Map<string, Missing>();
			for (const gap of this.#carried) {
				const key = keyOf(gap);
				const known = groups.get(key);
				if (known === undefined)
					groups.set(key, device === undefined ? gap : { ...gap, device, tags: undefined });
				else widen(known, gap.tags, gap.fromMs, gap.toMs);
			}
			this.#carried = [...groups.values()];
		};
		united(({ device, cause, backfilled }) => JSON.stringify([device, cause, backfilled]));
		if (this.#carried.length > carriedMax / 2)
			united(({ cause, backfilled }) => JSON.stringify([cause, backfilled]), nodeDevice);
		this.#countNames();
	}

	/** Makes the longest list of tags "every tag"; false when there is no list left. */
	withoutLongestList(): boolean {
		let longest: Missing | undefined;
		for (const gap of [...this.#values.values(), ...this.#carried]) {
			if (gap.tags !== undefined && gap.tags.size >= (longest?.tags?.size ?? 0)) longest = gap;
		}
		if (longest === undefined) return false;
		longest.tags = undefined;
		this.#countNames();
		return true;
	}

	/** Makes all of it one gap of the edge node for each cause. */
	coarsest(): void {
		for (const [device, { fromMs, toMs }] of [...this.#values]) {
			if (device === nodeDevice) continue;
			this.#values.delete(device);
			this.#unite(nodeDevice, undefined, fromMs, toMs);
		}
		for (const gap of this.#carried) gap.tags = undefined;
		this.#carried = this.#carried.map((gap) => ({ ...gap, device: nodeDevice }));
		this.coarser();
	}

	#unite(device: string, names: Iterable<string> | undefined, fromMs: number, toMs: number): void {
		let known = this.#values.get(device);
		if (known === undefined) {
			if (this.#values.size >= devicesMax && device !== nodeDevice) {
				this.#unite(nodeDevice, undefined, fromMs, toMs);
				return;
			}
			known = {
				device,
				tags: new Set(),
				seen: new Set(),
				fromMs,
				toMs,
				cause: "journal_bound",
				backfilled: false,
			};
			this.#values.set(device, known);
		}
		const before = known.tags?.size ?? 0;
		widen(known, names, fromMs, toMs);
		this.#names += (known.tags?.size ?? 0) - before;
		this.#boundNames();
	}

	#boundNames(): void {
		while (this.#names > namesMax && this.withoutLongestList());
	}

	#countNames(): void {
		this.#names = 0;
		for (const { tags } of [...this.#values.values(), ...this.#carried]) this.#names += tags?.size ?? 0;
	}
}

/** The keys in the order of every gap, so that equal gaps have equal texts. */
function asGap({ device, tags, fromMs, toMs, cause, backfilled }: Missing): Gap {
	return { device, tags: tags === undefined ? [] : [...tags], fromMs, toMs, cause, backfilled };
}

function widen(gap: Missing, names: Iterable<string> | undefined, fromMs: number, toMs: number): void {
	gap.fromMs = Math.min(gap.fromMs, fromMs);
	gap.toMs = Math.max(gap.toMs, toMs);
	if (names === undefined) gap.tags = undefined;
	else for (const name of names) gap.tags?.add(name);
}
