import type { SampleColumns, SampleValue } from "../../common/contract/samples.ts";

/** What is known of a sample of a foreign edge node: `ask` the store, because it is older than the newest known. */
export type Novelty = "new" | "repeat" | "ask";

const recentMax = 50_000;
/** Values of one source time that are known here; about further ones the store is asked. */
const keysMax = 100;

/**
 * Tells repeats from new samples of foreign edge nodes; a series is of one node. Without positions on the wire only an equal metric, source
 * time, value and status is a repeat; two values of one source time both live. The newest of each series is known here,
 * and what was accepted a moment ago; about anything older the store is asked. Pure.
 */
export class ForeignSamples {
	readonly #newest = new Map<number, { sourceMs: number; keys: string[] }>();
	/** The last accepted ones, which the store may not have yet. */
	readonly #recent = new Set<string>();

	look(samples: SampleColumns, index: number): Novelty {
		const newest = this.#newest.get(samples.tagId[index] as number);
		if (newest === undefined) return this.#recent.has(keyOf(samples, index)) ? "repeat" : "ask";
		const sourceMs = samples.sourceMs[index] as number;
		if (sourceMs > newest.sourceMs) return "new";
		const key = keyOf(samples, index);
		if (newest.keys.includes(key) || this.#recent.has(key)) return "repeat";
		return "ask";
	}

	/** The sample is stored, or will be with what was taken now. */
	known(samples: SampleColumns, index: number): void {
		const series = samples.tagId[index] as number;
		const sourceMs = samples.sourceMs[index] as number;
		const key = keyOf(samples, index);
		const newest = this.#newest.get(series);
		if (newest === undefined || sourceMs > newest.sourceMs)
			this.#newest.set(series, { sourceMs, keys: [key] });
		else if (sourceMs === newest.sourceMs && !newest.keys.includes(key)) {
			newest.keys.push(key);
			if (newest.keys.length > keysMax) newest.keys.shift();
		}
		this.#recent.add(key);
		if (this.#recent.size > recentMax) this.#recent.delete(this.#recent.values().next().value as string);
	}
}

function keyOf(samples: SampleColumns, index: number): string {
	const value = samples.value(index);
	return `${samples.tagId[index]} ${samples.sourceMs[index]} ${samples.status[index]} ${textOf(value)}`;
}

function textOf(value: SampleValue): string {
	if (value === null) return "null";
	if (value instanceof Uint8Array) return `b${Buffer.from(value).toString("base64")}`;
	// −0 is 0, as it is to the store.
	return `${typeof value}${value}`;
}
