import { type RuleName, ruleNames } from "./rules.ts";

/** What a point can do besides completing a run rule. */
const limitNames = ["beyond-limit", "sum-above-limit", "sum-below-limit"] as const;

/** A rule's name, or that of a limit which is not one of three sigmas. */
export type SignalName = RuleName | (typeof limitNames)[number];

const names: readonly SignalName[] = [...ruleNames, ...limitNames];
const width = 16;

export interface Signal {
	/** The point's place, from 1. */
	readonly index: number;
	readonly rule: SignalName;
}

/** Signals in the order of their points, a number each: a chart of a million points may have as many. */
export class Signals {
	readonly #packed: number[] = [];

	get length(): number {
		return this.#packed.length;
	}

	/** @param index from 0 */
	add(index: number, rule: SignalName): void {
		this.#packed.push(index * width + names.indexOf(rule));
	}

	/** Every rule of a mask, in their order. */
	addMask(index: number, mask: number): void {
		for (let rule = 0; mask >> rule > 0; rule++)
			if ((mask >> rule) & 1) this.#packed.push(index * width + rule);
	}

	*[Symbol.iterator](): Generator<Signal> {
		for (const packed of this.#packed)
			yield { index: Math.floor(packed / width) + 1, rule: names[packed % width] as SignalName };
	}
}
