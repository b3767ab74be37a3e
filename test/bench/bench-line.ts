// What the store's bench commits. Values are random walks, three in five of them on a grid of 0.01; times have 100 ns, server
// times lag 2 to 20 ms: a hard case for compression.

import type { CommitBatch, RecordRow } from "../../collector/pipeline.ts";
import { SampleColumns } from "../../common/contract/samples.ts";

export const tags = 100;
const units = 4;
export const perUnit = tags / units;
export const beganMs = Date.UTC(2026, 10, 1);

/** One value of each tag of a unit per second; a record per unit and `seconds`. */
export class Line {
	readonly #walk = new Float64Array(tags).fill(500);
	readonly #random = seeded(7);
	seq = 0;
	second = 0;

	/** Batches of `records` records of one unit's `seconds` cycles each. */
	batch(records: number, seconds: number): CommitBatch {
		const perRecord = seconds * perUnit;
		const samples = new SampleColumns(records * perRecord);
		const rows: RecordRow[] = [];
		let at = 0;
		for (let record = 0; record < records; record++) {
			const unit = this.seq % units;
			const fromMs = beganMs + this.second * 1_000;
			for (let second = 0; second < seconds; second++) {
				for (let tag = 0; tag < perUnit; tag++, at++) {
					const series = unit * perUnit + tag;
					const walked = (this.#walk[series] as number) + this.#random() - 0.5;
					this.#walk[series] = walked;
					samples.tagId[at] = series + 1;
					samples.sourceMs[at] = fromMs + second * 1_000 + tag;
					samples.sourceRestTicks[at] = Math.floor(this.#random() * 10_000);
					samples.serverLagTicks[at] = 20_000 + Math.floor(this.#random() * 180_000);
					samples.kind[at] = 1;
					samples.number[at] = series % 5 < 3 ? Math.round(walked * 100) / 100 : walked;
				}
			}
			this.seq++;
			rows.push({
				...{ seq: this.seq, edgeNode: 1, epoch: 7, offset: this.seq, last: this.seq, device: `U${unit}` },
				...{
					samples: perRecord,
					sourceMinMs: fromMs,
					sourceMaxMs: fromMs + (seconds - 1) * 1_000 + perUnit - 1,
				},
				...{ throughMs: fromMs, hash: new Uint8Array(16), receivedMs: fromMs },
			});
			if (unit === units - 1) this.second += seconds;
		}
		samples.count = at;
		return {
			...{
				edgeNodes: [],
				series: [],
				records: rows,
				samples,
				epochs: [],
				gaps: [],
				throughs: [],
				conflicts: [],
			},
			...{
				dirty: [],
				occurrences: [],
				alerts: [],
				periods: [],
				limits: [],
				visits: [],
				lots: [],
				due: [],
				outbox: [],
			},
			// Saved every five seconds in the collector, however many batches that are.
			cache: this.seq % 1_000 < records ? { seq: this.seq, state: "{}" } : undefined,
		};
	}
}

function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}
