// What the collector found out, as points beside the samples, so that dashboards and annotations need one data source.
// A row that changes (a violation that ends, a gap that is filled) has the same labels and time as before and replaces
// its point. Ends are fields in ms since 1970, which is what annotations take; a row that has not ended has none.
//
//   gap        edge_node, group, unit, cause      from the gap's begin    backfilled, duration_s, id, noticed_ms, tags, text, to_ms
//   violation  side, tag, unit, window            from its begin          batch, cleared_by, cleared_ms, extreme, id, limit, lot,
//                                                                         open, phase, raised_ms, spec_version, text
//   verdict    lot                                when it was judged      observed_whole, id, reasons, spec_version, text, verdict,
//                                                                         violations, windows
//   visit      unit                               from its begin          batch, lot, open, recipe, start_observed, text, to_ms
//   lot        lot                                when it was opened      closed_ms, observed_whole, open, text
//   spec_limit tag, unit, window                  from when limits apply  applies, batch, high, lot, low, version
//
// Limits are told when they begin to apply, every six hours of source time while they do, and a nanosecond before they no
// longer do, with `applies` 0, so that a next run can begin then.

import type { StoreEvent } from "../follow-port.ts";
import type { EdgeNodeRow, GapRow, LotRow, LotVerdict, Occurrence, UnitVisit } from "../pipeline.ts";
import type { WindowLimits } from "../window-limits.ts";
import { floatField, LineRefused, seriesKey, textField, timeText } from "./line-protocol.ts";

export interface EncodedEvents {
	readonly lines: string[];
	readonly refusals: { readonly reason: string; readonly what: string }[];
}

/** Events of one reading, in order. */
export function eventLines(
	events: readonly StoreEvent[],
	edgeNode: (id: number) => EdgeNodeRow | undefined,
): EncodedEvents {
	const lines: string[] = [];
	const refusals: { reason: string; what: string }[] = [];
	for (const event of events) {
		try {
			lines.push(lineOf(event, edgeNode));
		} catch (error) {
			if (!(error instanceof LineRefused)) throw error;
			refusals.push({ reason: error.message, what: `${event.kind} ${JSON.stringify(event.row)}` });
		}
	}
	return { lines, refusals };
}

function lineOf(event: StoreEvent, edgeNode: (id: number) => EdgeNodeRow | undefined): string {
	if (event.kind === "gap") return gapLine(event.row, edgeNode(event.row.edgeNode));
	if (event.kind === "violation") return violationLine(event.row);
	if (event.kind === "verdict") return verdictLine(event.row);
	if (event.kind === "limits") return limitsLine(event.row);
	return event.kind === "visit" ? visitLine(event.row) : lotLine(event.row);
}

function gapLine(gap: GapRow, node: EdgeNodeRow | undefined): string {
	const { id, device, tags, fromMs, toMs, cause, backfilled, noticedMs } = gap;
	const labels = { group: node?.group ?? "", edge_node: node?.edgeNode ?? "", unit: device, cause };
	const where = device === "" ? (node?.edgeNode ?? "an edge node") : device;
	const which = tags.length === 0 ? "every tag" : tags.join(", ");
	return point(seriesKey("gap", labels), fromMs, id, {
		backfilled,
		duration_s: (toMs - fromMs) / 1_000,
		id,
		noticed_ms: BigInt(Math.round(noticedMs)),
		tags: tags.join(","),
		text: `${where}: ${which} missing, ${cause}${backfilled ? ", filled since" : ""}`,
		to_ms: BigInt(Math.round(toMs)),
	});
}

function violationLine(o: Occurrence): string {
	const labels = { side: o.side, tag: o.tag, unit: o.unit, window: o.window };
	return point(seriesKey("violation", labels), o.startedMs, o.id, {
		batch: o.batch,
		cleared_by: o.clearedBy,
		cleared_ms: o.clearedMs === undefined ? undefined : BigInt(Math.round(o.clearedMs)),
		extreme: o.extreme,
		id: o.id,
		limit: o.limit,
		lot: o.lot,
		open: o.clearedMs === undefined,
		phase: o.phase,
		raised_ms: BigInt(Math.round(o.raisedMs)),
		spec_version: BigInt(o.specVersion),
		text: `${o.window}: ${o.tag} of ${o.unit} ${o.side === "low" ? "below" : "above"} ${o.limit}, farthest ${o.extreme}, batch ${o.batch}`,
	});
}

function verdictLine(v: LotVerdict): string {
	return point(seriesKey("verdict", { lot: v.lot }), v.judgedMs, v.id, {
		id: v.id,
		observed_whole: v.observedWhole,
		reasons: v.reasons.join("; "),
		spec_version: BigInt(v.specVersion),
		text: `lot ${v.lot}: ${v.verdict}${v.reasons.length > 0 ? ` (${v.reasons.join("; ")})` : ""}`,
		verdict: v.verdict,
		violations: BigInt(v.violations),
		windows: BigInt(v.windows),
	});
}

function visitLine({ unit, batch, lot, recipe, fromMs, toMs, startObserved }: UnitVisit): string {
	return point(seriesKey("visit", { unit }), fromMs, undefined, {
		batch,
		lot,
		open: toMs === undefined,
		recipe,
		start_observed: startObserved,
		text: `batch ${batch} of lot ${lot} in ${unit}`,
		to_ms: toMs === undefined ? undefined : BigInt(Math.round(toMs)),
	});
}

function lotLine({ lot, openedMs, closedMs, observedWhole }: LotRow): string {
	return point(seriesKey("lot", { lot }), openedMs, undefined, {
		closed_ms: closedMs === undefined ? undefined : BigInt(Math.round(closedMs)),
		observed_whole: observedWhole,
		open: closedMs === undefined,
		text: `lot ${lot}`,
	});
}

function limitsLine(limits: WindowLimits): string {
	const { window, specVersion, unit, tag, batch, lot, low, high, toMs, atMs } = limits;
	const key = seriesKey("spec_limit", { tag, unit, window });
	// A number, because it is reckoned with where bands are drawn.
	const applies = atMs !== undefined && (toMs === undefined || atMs < toMs) ? 1 : 0;
	const fields = { applies, batch, high, lot, low, version: BigInt(specVersion) };
	return atMs === undefined
		? point(key, (toMs as number) - 1, undefined, fields, 999_999)
		: point(key, atMs, undefined, fields);
}

/** A bigint is a whole number; what is undefined or no number is left out. */
type Fields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/**
 * Times are whole milliseconds; below them stands a hash of the row's id, so that two rows of one millisecond both live.
 */
function point(key: string, atMs: number, id: string | undefined, fields: Fields, ns = 0): string {
	const told = Object.entries(fields).flatMap(([name, value]) => {
		if (value === undefined || (typeof value === "number" && !Number.isFinite(value))) return [];
		if (typeof value === "string") return [`${name}=${textField(value)}`];
		if (typeof value === "number") return [`${name}=${floatField(value)}`];
		return [typeof value === "bigint" ? `${name}=${value}i` : `${name}=${value}`];
	});
	return `${key} ${told.join(",")} ${timeText(Math.floor(atMs), id === undefined ? ns : hash(id) % 1_000_000)}`;
}

/** FNV-1a over UTF-16 code units. */
function hash(text: string): number {
	let h = 0x811c9dc5;
	for (let at = 0; at < text.length; at++) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
	return h >>> 0;
}
