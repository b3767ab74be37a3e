import type { DatabaseSync } from "node:sqlite";
import type { TagValues } from "../genealogy-port.ts";
import { all } from "./read-rows.ts";
import type { SampleRows } from "./sample-rows.ts";

const most = 20_000;
const lastMs = 8.64e15;

/** Values from a source time on, sealed ones in order; hot ones come last, all together. */
export async function readTagValues(
	db: DatabaseSync,
	rows: SampleRows,
	{ tag, fromMs }: { tag: string; fromMs: number },
): Promise<TagValues> {
	const found = all(db, "SELECT id, device FROM series WHERE tag = ?", tag);
	const units = new Map(found.map(({ id, device }) => [Number(id), String(device)]));
	const values: TagValues["values"][number][] = [];
	const add = ({ samples }: Awaited<ReturnType<SampleRows["sealedFirst"]>>) => {
		for (let index = 0; index < samples.count; index++)
			values.push({
				unit: units.get(samples.tagId[index] as number) ?? "",
				atMs: samples.sourceMs[index] as number,
				status: samples.status[index] as number,
				value: samples.value(index),
			});
	};
	const series = [...units.keys()];
	if (series.length === 0) return { values, nextMs: undefined };
	add(await rows.sealedFirst({ series, fromMs, toMs: lastMs }, most));
	const newest = values.at(-1)?.atMs;
	// More than fit into one answer at one moment are not to hold it up for ever.
	if (values.length === most && newest !== undefined)
		return { values, nextMs: newest > fromMs ? newest : newest + 1 };
	for (const [id, unit] of units)
		for (const batch of rows.hotOfSeries({ unit, series: [id], fromMs: -lastMs, toMs: lastMs }, true))
			add(batch);
	return { values, nextMs: undefined };
}
