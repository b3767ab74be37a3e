import type { SampleColumns } from "../../common/contract/samples.ts";
import type { TagColumns } from "./tag-columns.ts";

/** The indexes of samples of one device, by source time, then by the place in the configuration; `order` is used again. */
export function inSourceOrder(
	samples: SampleColumns,
	columns: TagColumns,
	order: number[],
): readonly number[] {
	const { sourceMs, sourceRestTicks, tagId, count } = samples;
	const compare = (a: number, b: number) =>
		(sourceMs[a] as number) - (sourceMs[b] as number) ||
		(sourceRestTicks[a] as number) - (sourceRestTicks[b] as number) ||
		(columns.rank[columns.place(tagId[a] as number)] as number) -
			(columns.rank[columns.place(tagId[b] as number)] as number);
	order.length = count;
	let inOrder = true;
	for (let index = 0; index < count; index++) {
		order[index] = index;
		inOrder &&= index === 0 || compare(index - 1, index) <= 0;
	}
	return inOrder ? order : order.sort((a, b) => compare(a, b) || a - b);
}
