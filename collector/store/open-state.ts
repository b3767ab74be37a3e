import type { DueRow, EdgeNodeRow, EpochRow, GapRow, OffsetRange, Series, ThroughRow } from "../pipeline.ts";
import { readLabWaiting } from "./laboratory-table.ts";
import { restoreGapPrefix } from "./schema.ts";
import type { StoreFile } from "./store-file.ts";

/** What the collector needs to know of its store to go on where it stopped. */
export interface OpenState {
	readonly instance: string;
	readonly nextSeq: number;
	readonly edgeNodes: readonly EdgeNodeRow[];
	readonly series: readonly Series[];
	readonly epochs: readonly EpochRow[];
	readonly throughs: readonly ThroughRow[];
	/** Through marks of the newest records: some may wait for a hole before them to close. */
	readonly marks: readonly (ThroughRow & { readonly epoch: number; readonly offset: number })[];
	/** Gaps that a restore wrote and that agents have not filled yet. */
	readonly restoredGaps: readonly GapRow[];
	readonly due: readonly DueRow[];
	/** Of laboratory results that wait for their rest. */
	readonly labWaiting: string | undefined;
	readonly cache: { readonly seq: number; readonly state: string } | undefined;
}

/** Older marks are covered, or a later one of their device says more. */
const marksRead = 20_000;

export function readOpenState(file: StoreFile): OpenState {
	const ranges = new Map<string, OffsetRange[]>();
	for (const row of file.all("SELECT * FROM committed_range ORDER BY edge_node, epoch, first")) {
		const key = `${row.edge_node} ${row.epoch}`;
		const list = ranges.get(key) ?? [];
		list.push({ first: Number(row.first), last: Number(row.last) });
		ranges.set(key, list);
	}
	const cache = file.get("SELECT seq, state FROM judgement_cache");
	return {
		instance: file.meta("instance"),
		nextSeq: Math.max(
			Number(file.get("SELECT coalesce(max(seq), 0) + 1 AS next FROM record")?.next),
			// A restored store goes on above everything that was there before it.
			Number(file.get("SELECT value FROM meta WHERE key = 'first_seq'")?.value ?? 1),
		),
		edgeNodes: file.all("SELECT * FROM edge_node").map((row) => ({
			id: Number(row.id),
			group: String(row.group_id),
			edgeNode: String(row.edge_node_id),
		})),
		series: file.all("SELECT * FROM series ORDER BY id").map((row) => ({
			id: Number(row.id),
			edgeNode: Number(row.edge_node),
			device: String(row.device),
			tag: String(row.tag),
			datatype: Number(row.datatype),
			eu: row.eu === null ? undefined : String(row.eu),
		})),
		epochs: file.all("SELECT * FROM epoch").map((row) => ({
			edgeNode: Number(row.edge_node),
			epoch: Number(row.epoch),
			previousEpoch: Number(row.previous_epoch),
			previousLast: Number(row.previous_last),
			ranges: ranges.get(`${row.edge_node} ${row.epoch}`) ?? [],
		})),
		throughs: file.all("SELECT * FROM through").map((row) => ({
			edgeNode: Number(row.edge_node),
			device: String(row.device),
			throughMs: Number(row.through_ms),
		})),
		marks: file
			.all(
				"SELECT edge_node, device, epoch, last, through_ms FROM record WHERE through_ms IS NOT NULL ORDER BY seq DESC LIMIT ?",
				marksRead,
			)
			.reverse()
			.map((row) => ({
				edgeNode: Number(row.edge_node),
				device: String(row.device),
				epoch: Number(row.epoch),
				offset: Number(row.last),
				throughMs: Number(row.through_ms),
			})),
		restoredGaps: file
			.all("SELECT * FROM gap WHERE id LIKE ? || '%' AND backfilled = 0", restoreGapPrefix)
			.map((row) => ({
				id: String(row.id),
				edgeNode: Number(row.edge_node),
				device: String(row.device),
				tags: JSON.parse(String(row.tags)) as string[],
				fromMs: Number(row.from_ms),
				toMs: Number(row.to_ms),
				cause: String(row.cause) as GapRow["cause"],
				backfilled: false,
				noticedMs: Number(row.noticed_ms),
			})),
		due: file.all("SELECT * FROM due").map((row) => ({ lot: String(row.lot), dueMs: Number(row.due_ms) })),
		labWaiting: readLabWaiting(file),
		cache: cache === undefined ? undefined : { seq: Number(cache.seq), state: String(cache.state) },
	};
}
