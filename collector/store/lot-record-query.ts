import type { DatabaseSync } from "node:sqlite";
import type { EvidenceGap } from "../judgement-port.ts";
import type { LotDecision } from "../lot-port.ts";
import type { CommentEntry } from "../people-port.ts";
import type { Occurrence, UnitVisit } from "../pipeline.ts";
import { readComments } from "./comment-table.ts";
import { all, get, numberOrUndefined, occurrenceOf, textList, visitOf } from "./read-rows.ts";

/** Rows of each kind in one answer. */
const rowsMost = 2_000;

/** What is stored of one lot beside its verdicts and its laboratory results. */
export interface StoredLotRows {
	readonly openedMs: number;
	readonly closedMs: number | undefined;
	readonly visits: readonly UnitVisit[];
	readonly occurrences: readonly Occurrence[];
	readonly gaps: readonly EvidenceGap[];
	readonly decisions: readonly LotDecision[];
	/** In the order in which they were entered. */
	readonly comments: readonly CommentEntry[];
}

export function readLotRows(db: DatabaseSync, lot: string): StoredLotRows | undefined {
	const row = get(db, "SELECT opened_ms, closed_ms FROM lot WHERE lot = ?", lot);
	if (row === undefined) return undefined;
	const of = (sql: string) => all(db, `${sql} LIMIT ${rowsMost}`, lot);
	return {
		openedMs: Number(row.opened_ms),
		closedMs: numberOrUndefined(row.closed_ms),
		visits: of("SELECT * FROM unit_visit WHERE lot = ? ORDER BY from_ms, unit").map(visitOf),
		occurrences: of("SELECT * FROM occurrence WHERE lot = ? ORDER BY started_ms, id").map(occurrenceOf),
		gaps: of(
			`SELECT DISTINCT v.unit, g.tags, g.cause, g.from_ms, g.to_ms FROM unit_visit v JOIN gap g
				ON g.from_ms < coalesce(v.to_ms, g.to_ms + 1) AND g.to_ms >= v.from_ms AND g.backfilled = 0 AND (g.device = v.unit OR
					(g.device = '' AND EXISTS (SELECT 1 FROM series s WHERE s.edge_node = g.edge_node AND s.device = v.unit)))
			WHERE v.lot = ? ORDER BY g.from_ms, v.unit, g.to_ms, g.cause`,
		).map((gap) => ({
			unit: String(gap.unit),
			tags: textList(gap.tags),
			cause: String(gap.cause),
			fromMs: Number(gap.from_ms),
			toMs: Number(gap.to_ms),
		})),
		decisions: of(
			"SELECT n, entered_ms, entered_by, body FROM input WHERE kind = 'lot.decided' AND json_extract(body, '$.lot') = ? ORDER BY n",
		).map((input) => decisionOf(input, lot)),
		comments: readComments(db, { lot, limit: rowsMost }).toReversed(),
	};
}

function decisionOf(row: Record<string, unknown>, lot: string): LotDecision {
	const body = JSON.parse(String(row.body)) as Omit<LotDecision, "n" | "lot" | "by" | "atMs">;
	return {
		n: Number(row.n),
		lot,
		decision: body.decision,
		by: String(row.entered_by),
		atMs: Number(row.entered_ms),
		reason: body.reason,
		verdictId: body.verdictId,
		concession: body.concession,
		...(body.requestId === undefined ? {} : { requestId: body.requestId }),
	};
}
