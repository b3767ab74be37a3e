import type { Gap, GapCause } from "../../common/contract/gap.ts";
import type { SampleColumns } from "../../common/contract/samples.ts";
import type { Cycle } from "../pipeline.ts";
import type { MissingTimes } from "./missing-times.ts";

interface Hole {
	readonly fromMs: number;
	readonly cause: GapCause;
	readonly missing: MissingTimes | undefined;
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

	/** The first values of a new subscription are the newest of their tags; what was before them is missed. */
	close(device: string, samples: SampleColumns): { gap: Gap; missing: MissingTimes | undefined } | undefined {
		const hole = this.#holes.get(device);
		if (hole === undefined || samples.count === 0) return undefined;
		const { fromMs, cause, missing } = hole;
		let toMs = Number.NEGATIVE_INFINITY;
		for (let index = 0; index < samples.count; index++)
			toMs = Math.max(toMs, samples.sourceMs[index] as number);
		if (toMs <= fromMs) return undefined;
		this.#holes.delete(device);
		return { gap: { device, tags: [], fromMs, toMs, cause, backfilled: false }, missing };
	}
}

/** Where queues of the server were too short, between the newest sample before a cycle and the newest one in it. */
export function overflowGap({ device, samples }: Cycle, beforeMs: number, newestMs: number): Gap {
	return {
		device,
		tags: [],
		// The first cycle of all has nothing before it; what its queues lost lies before their oldest value.
		fromMs: Number.isFinite(beforeMs) ? beforeMs : (samples.sourceMs[0] as number),
		toMs: newestMs,
		cause: "server_overflow",
		backfilled: false,
	};
}
