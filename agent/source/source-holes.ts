import type { Gap, GapCause } from "../../common/contract/gap.ts";
import type { SampleColumns } from "../../common/contract/samples.ts";
import type { MissingOfTag } from "./backfill.ts";
import type { MissingTimes } from "./missing-times.ts";

interface Hole {
	readonly fromMs: number;
	readonly cause: GapCause;
	readonly missing: MissingTimes | undefined;
}

/** A hole whose end is known; `missing` tells between which times of its tags values may be had from a history. */
export interface EndedHole {
	readonly gap: Gap;
	readonly missing: { told(): readonly MissingOfTag[] } | undefined;
}

/** Where the hole of each device begins, and why, until its first values after it show where it ends. Pure. */
export class SourceHoles {
	readonly #holes = new Map<string, Hole>();

	has(device: string): boolean {
		return this.#holes.has(device);
	}

	/** From the newest sample of the device on; of one that has none yet nothing is missing. The first cause stands. */
	open(device: string, fromMs: number, cause: GapCause, noteMissing?: () => MissingTimes): void {
		if (fromMs > 0 && !this.#holes.has(device))
			this.#holes.set(device, { fromMs, cause, missing: noteMissing?.() });
	}

	/** The hole of a device that is no longer read here. */
	forget(device: string): Hole | undefined {
		const hole = this.#holes.get(device);
		this.#holes.delete(device);
		return hole;
	}

	/**
	 * The first values of a new subscription are the newest of their tags; what was before them is missed. No time after
	 * `latestMs` ends a hole.
	 */
	close(device: string, samples: SampleColumns, latestMs = Number.POSITIVE_INFINITY): EndedHole | undefined {
		const hole = this.#holes.get(device);
		if (hole === undefined || samples.count === 0) return undefined;
		const { fromMs, cause, missing } = hole;
		let toMs = Number.NEGATIVE_INFINITY;
		for (let index = 0; index < samples.count; index++) {
			const sourceMs = samples.sourceMs[index] as number;
			if (sourceMs <= latestMs) toMs = Math.max(toMs, sourceMs);
		}
		if (toMs <= fromMs) return undefined;
		this.#holes.delete(device);
		return { gap: { device, tags: [], fromMs, toMs, cause, backfilled: false }, missing };
	}
}

/** What queues of the server lost of a device in one cycle: from the earliest to the latest of the holes of its tags. */
export function overflowHole(
	device: string,
	overflowed: readonly MissingOfTag[],
	nameOf: (tagId: number) => string | undefined,
): EndedHole | undefined {
	if (overflowed.length === 0) return undefined;
	let fromMs = Number.POSITIVE_INFINITY;
	let toMs = Number.NEGATIVE_INFINITY;
	const names = new Set<string>();
	for (const { tagId, after, before } of overflowed) {
		fromMs = Math.min(fromMs, after.ms);
		toMs = Math.max(toMs, before?.ms ?? after.ms);
		const name = nameOf(tagId);
		if (name !== undefined) names.add(name);
	}
	const missing = [...overflowed];
	return {
		gap: { device, tags: [...names], fromMs, toMs, cause: "server_overflow", backfilled: false },
		missing: { told: () => missing },
	};
}
