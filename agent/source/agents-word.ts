import { SampleColumns } from "../../common/contract/samples.ts";
import type { CycleSink } from "../pipeline.ts";
import type { CycleBuilder, SourceTag } from "./cycle-builder.ts";

/**
 * Samples that no plant server has written: what the agent itself has to say of a tag. Each stands in a cycle of its own,
 * so that what the plant wrote can be counted by whole records.
 */
export class AgentsWord {
	readonly #sink: CycleSink;
	readonly #samples = new SampleColumns(64);

	constructor(sink: CycleSink) {
		this.#sink = sink;
	}

	/**
	 * A tag that cannot be read is Bad, as a sample like any other. Its source time is the server's: the newest seen
	 * plus the time that has passed here since, because our own clock is not the plant's.
	 */
	bad(
		builders: ReadonlyMap<string, CycleBuilder>,
		tags: readonly SourceTag[],
		status: number,
		{ elapsedMs, wallMs }: { readonly elapsedMs: number; readonly wallMs: number },
	): void {
		const samples = this.#samples;
		for (const builder of builders.values()) {
			const mine = tags.filter(({ tag }) => tag.device === builder.device);
			if (mine.length === 0) continue;
			const sourceMs = builder.newestMs > 0 ? builder.newestMs + elapsedMs : wallMs;
			samples.reserve(mine.length);
			samples.count = mine.length;
			for (const [index, { tag }] of mine.entries()) {
				samples.tagId[index] = tag.id;
				samples.sourceMs[index] = sourceMs;
				samples.sourceRestTicks[index] = 0;
				samples.serverLagTicks[index] = Number.NaN;
				samples.status[index] = status;
				samples.setValue(index, null);
			}
			builder.calledBad(
				mine.map(({ tag }) => tag.id),
				sourceMs,
			);
			this.#sink.cycle({ device: builder.device, samples, throughMs: undefined });
		}
	}
}
