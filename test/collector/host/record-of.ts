import { SampleColumns } from "../../../common/contract/samples.ts";

/** A record of one sample, as an agent hands it to its session. */
export function recordOf(offset: number) {
	const samples = new SampleColumns(1);
	samples.count = 1;
	samples.tagId[0] = 10;
	samples.sourceMs[0] = 1_000;
	samples.setValue(0, offset);
	return {
		epoch: 7,
		offset,
		last: offset,
		device: "U500",
		throughMs: 900,
		hash: new Uint8Array(16).fill(offset),
		samples,
		historical: false,
	};
}
