import type { DatabaseSync } from "node:sqlite";
import { samplesPerSeq } from "../pipeline.ts";
import type { PositionedSamples } from "./positioned-samples.ts";
import { all } from "./read-rows.ts";
import type { RecordRows } from "./records/record-rows.ts";
import type { SampleRows } from "./sample-rows.ts";

const seqsAtOnce = 500;

/** Where a record stands in what its edge node sent, whenever it arrived. */
interface Place {
	readonly edgeNode: string;
	readonly chain: number;
	readonly offset: number;
}

/**
 * Puts indexes of samples, group by group, into the order in which judgement reads them: source time, then edge node, the
 * epoch's place in its chain, offset, index in the record. `pos` follows the arrival, so it says nothing of two samples of one
 * moment from different records.
 */
export async function evidenceOrder(
	db: DatabaseSync,
	{ records }: SampleRows,
	{ samples, pos }: PositionedSamples,
	groups: readonly Uint32Array[],
): Promise<void> {
	const byTime = (a: number, b: number) =>
		(samples.sourceMs[a] as number) - (samples.sourceMs[b] as number) ||
		(samples.sourceRestTicks[a] as number) - (samples.sourceRestTicks[b] as number);
	const byArrival = (a: number, b: number) => byTime(a, b) || (pos[a] as number) - (pos[b] as number);
	const seqOf = (index: number) => Math.floor((pos[index] as number) / samplesPerSeq);
	const tied = new Set<number>();
	const withTies: Uint32Array[] = [];
	for (const order of groups) {
		// Most often they are read in this order: then sorting them would cost as much as reading them.
		let isSorted = true;
		for (let at = 1; at < order.length && isSorted; at++)
			isSorted = byArrival(order[at - 1] as number, order[at] as number) <= 0;
		if (!isSorted) order.sort(byArrival);
		let hasTies = false;
		for (let at = 1; at < order.length; at++) {
			const [a, b] = [order[at - 1] as number, order[at] as number];
			if (byTime(a, b) !== 0 || seqOf(a) === seqOf(b)) continue;
			tied.add(seqOf(a)).add(seqOf(b));
			hasTies = true;
		}
		if (hasTies) withTies.push(order);
	}
	if (tied.size === 0) return;
	const places = await placesOf(db, records, [...tied]);
	const byPlace = (a: number, b: number) => {
		const time = byTime(a, b);
		if (time !== 0) return time;
		const [one, other] = [places.get(seqOf(a)), places.get(seqOf(b))];
		const place =
			one === undefined || other === undefined || one === other
				? 0
				: Number(one.edgeNode > other.edgeNode) - Number(one.edgeNode < other.edgeNode) ||
					one.chain - other.chain ||
					one.offset - other.offset;
		return place || (pos[a] as number) - (pos[b] as number);
	};
	for (const order of withTies) order.sort(byPlace);
}

async function placesOf(
	db: DatabaseSync,
	records: RecordRows,
	seqs: readonly number[],
): Promise<Map<number, Place>> {
	const chains = epochChains(db);
	const names = new Map(
		all(db, "SELECT id, group_id, edge_node_id FROM edge_node").map((row) => [
			Number(row.id),
			JSON.stringify([row.group_id, row.edge_node_id]),
		]),
	);
	const places = new Map<number, Place>();
	for (let at = 0; at < seqs.length; at += seqsAtOnce) {
		const some = seqs.slice(at, at + seqsAtOnce);
		for (const { seq, edgeNode, epoch, offset } of await records.journalPlaces(some)) {
			const chain = chains.get(`${edgeNode} ${epoch}`) ?? 0;
			places.set(seq, { edgeNode: names.get(edgeNode) ?? "", chain, offset });
		}
	}
	return places;
}

/** How many epochs stand before each one of its edge node, as far as anybody knows. */
function epochChains(db: DatabaseSync): Map<string, number> {
	const before = new Map(
		all(db, "SELECT edge_node, epoch, previous_epoch FROM epoch").map((row) => [
			`${row.edge_node} ${row.epoch}`,
			`${row.edge_node} ${row.previous_epoch}`,
		]),
	);
	const depth = new Map<string, number>();
	for (const key of before.keys()) {
		const path: string[] = [];
		let at: string | undefined = key;
		while (at !== undefined && before.has(at) && !depth.has(at) && !path.includes(at)) {
			path.push(at);
			at = before.get(at);
		}
		let known = at === undefined ? 0 : (depth.get(at) ?? 0);
		for (const one of path.reverse()) depth.set(one, ++known);
	}
	return depth;
}
