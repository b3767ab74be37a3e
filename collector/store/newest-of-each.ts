import type { PositionedSamples } from "./positioned-samples.ts";

/** The newest sample of each of several groups of series: by source time, its rest and position. Pure. */
export class NewestOfEach {
	readonly #groups: readonly (readonly number[])[];
	readonly #groupOf: ReadonlyMap<number, number>;
	readonly #newest: (PositionedSamples | undefined)[];

	constructor(groups: readonly (readonly number[])[]) {
		this.#groups = groups;
		this.#groupOf = new Map(groups.flatMap((own, group) => own.map((id) => [id, group] as const)));
		this.#newest = groups.map(() => undefined);
	}

	/** One sample of each group, or undefined. */
	get samples(): (PositionedSamples | undefined)[] {
		return this.#newest;
	}

	take(found: PositionedSamples): void {
		const best = new Map<number, number>();
		for (let index = 0; index < found.count; index++) {
			const group = this.#groupOf.get(found.samples.tagId[index] as number);
			if (group === undefined) continue;
			const other = best.get(group);
			if (other === undefined || isNewer(found, index, found, other)) best.set(group, index);
		}
		for (const [group, index] of best) {
			const known = this.#newest[group];
			if (known === undefined || isNewer(found, index, known, 0)) this.#newest[group] = found.picked([index]);
		}
	}

	/** Series of groups of which nothing is known that is newer than a time. */
	olderThan(ms: number): number[] {
		return this.#groups.flatMap((own, group) => {
			const atMs = this.#newest[group]?.samples.sourceMs[0];
			return atMs !== undefined && atMs > ms ? [] : own;
		});
	}
}

function isNewer(a: PositionedSamples, at: number, b: PositionedSamples, than: number): boolean {
	const order =
		(a.samples.sourceMs[at] as number) - (b.samples.sourceMs[than] as number) ||
		(a.samples.sourceRestTicks[at] as number) - (b.samples.sourceRestTicks[than] as number) ||
		(a.pos[at] as number) - (b.pos[than] as number);
	return order > 0;
}
