import { SampleColumns, type SampleValue } from "../../common/contract/samples.ts";
import type { SampleRows } from "./sample-rows.ts";

/** For each sample whether an equal one of its series is sealed: series, source time in milliseconds, status, value. */
export async function readSealedKnown(rows: SampleRows, asked: SampleColumns): Promise<boolean[]> {
	// A SampleColumns loses its class on the way between threads.
	const samples = Object.setPrototypeOf(asked, SampleColumns.prototype) as SampleColumns;
	const indexes = Array.from({ length: samples.count }, (_, index) => index);
	const times = samples.sourceMs.subarray(0, samples.count);
	const series = [...new Set(samples.tagId.subarray(0, samples.count))];
	if (series.length === 0) return [];
	const [fromMs, toMs] = [Math.min(...times), Math.max(...times)];
	const found = new Set<string>();
	for await (const batch of rows.sealedOfSeries({ series, fromMs, toMs }))
		for (let index = 0; index < batch.count; index++) found.add(keyOf(batch.samples, index));
	return indexes.map((index) => found.has(keyOf(samples, index)));
}

function keyOf(samples: SampleColumns, index: number): string {
	const place = `${samples.tagId[index]} ${samples.sourceMs[index]} ${samples.status[index]}`;
	return `${place} ${valueKey(samples.value(index))}`;
}

function valueKey(value: SampleValue): string {
	if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("base64")}`;
	return `${typeof value} ${String(value)}`;
}
