import { recordFileTables } from "./records/record-file-schema.ts";

/** Version of the file; a newer one is refused, an older one is brought up to date in one transaction. */
export const storeFormat = 3;

/** Ids of gap rows that a restore wrote: they hold until agents have sent again what they still had. */
export const restoreGapPrefix = "restore ";

const recordIndex =
	"CREATE INDEX record_device ON record(device, source_max_ms, source_min_ms, samples, own);";

// A Bad sample with neither value nor server time is the agent's own word that a tag cannot be read, and an interpolated
// one (info bits 0x402) that it has its old value still: the source has not written it. Such samples fill records of
// their own, so the first tells.
const ownRecords = `UPDATE record SET own = 1 WHERE EXISTS (SELECT 1 FROM sample f WHERE f.pos = record.seq * 512
	AND f.server_lag IS NULL AND ((f.status >= 2147483648 AND f.value IS NULL) OR (f.status & 65535) = 1026));`;

// `state` is listed, damaged (its file is set aside) or retired (by age or size: the file is gone). A file that is being
// replaced stands in `part_replaced` until nobody can still be reading it. `series_last` has the newest sample of each
// series that is sealed. `change` numbers what followers are told of.
const partTables = `
CREATE TABLE part(
	file TEXT PRIMARY KEY, level INTEGER NOT NULL, from_pos INTEGER NOT NULL, to_pos INTEGER NOT NULL, min_ms INTEGER NOT NULL,
	max_ms INTEGER NOT NULL, samples INTEGER NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
	state TEXT NOT NULL DEFAULT 'listed', note TEXT, sealed_ms INTEGER NOT NULL, rollup TEXT) WITHOUT ROWID;
CREATE INDEX part_pos ON part(to_pos);
CREATE TABLE part_replaced(file TEXT PRIMARY KEY, replaced_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE series_last(
	series INTEGER PRIMARY KEY, pos INTEGER NOT NULL, source_ms INTEGER NOT NULL, source_rest INTEGER NOT NULL,
	server_lag INTEGER, status INTEGER NOT NULL, value);
CREATE TABLE change(n INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL);
CREATE TABLE follower(
	name TEXT PRIMARY KEY, pos INTEGER NOT NULL, event_n INTEGER NOT NULL, hold_samples INTEGER NOT NULL,
	saved_ms INTEGER NOT NULL) WITHOUT ROWID;
`;

/** What brings a file of format 1 to format 2; everything that was found out before is told to followers once. */
export const stepsTo2 = `
ALTER TABLE record ADD COLUMN own INTEGER NOT NULL DEFAULT 0;
${ownRecords}
DROP INDEX record_device;
${recordIndex}
${partTables}
INSERT INTO meta VALUES ('sealed_to', '0');
INSERT INTO change(kind, id) SELECT 'gap', id FROM gap ORDER BY noticed_ms, id;
INSERT INTO change(kind, id) SELECT 'lot', lot FROM lot ORDER BY opened_ms, lot;
INSERT INTO change(kind, id) SELECT 'visit', json_array(unit, from_ms) FROM unit_visit ORDER BY from_ms, unit;
INSERT INTO change(kind, id) SELECT 'violation', id FROM occurrence ORDER BY raised_ms, id;
INSERT INTO change(kind, id) SELECT 'verdict', id FROM verdict ORDER BY judged_ms, id;
UPDATE meta SET value = '2' WHERE key = 'format';
`;

/**
 * One SQLite file holds samples, positions, judgement, outbox and what people enter, so that one transaction covers
 * them. `pos = seq × 512 + index` is the key of a sample and is inserted in rising order: every commit appends to the
 * end of one B-tree. A tag's samples are found through the records of its device, which carry time bounds. Samples per
 * series are counted up to the position `counted_to`, in large steps; the view counts the rest when it is asked.
 * Samples below the position `sealed_to` stand in the Parquet files that `part` lists, and those above it in `sample`;
 * the latter also still has what was sealed and not yet deleted, which nobody reads.
 */
export const schema = `
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE edge_node(id INTEGER PRIMARY KEY, group_id TEXT NOT NULL, edge_node_id TEXT NOT NULL, UNIQUE(group_id, edge_node_id));
CREATE TABLE series(
	id INTEGER PRIMARY KEY, edge_node INTEGER NOT NULL, device TEXT NOT NULL, tag TEXT NOT NULL,
	datatype INTEGER NOT NULL, eu TEXT, UNIQUE(edge_node, device, tag, datatype));
CREATE TABLE epoch(
	edge_node INTEGER NOT NULL, epoch INTEGER NOT NULL, previous_epoch INTEGER NOT NULL, previous_last INTEGER NOT NULL,
	PRIMARY KEY(edge_node, epoch)) WITHOUT ROWID;
CREATE TABLE committed_range(
	edge_node INTEGER NOT NULL, epoch INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
	PRIMARY KEY(edge_node, epoch, first)) WITHOUT ROWID;
CREATE TABLE record(
	seq INTEGER PRIMARY KEY, edge_node INTEGER NOT NULL, epoch INTEGER NOT NULL, "offset" INTEGER NOT NULL, last INTEGER NOT NULL,
	device TEXT NOT NULL, samples INTEGER NOT NULL, source_min_ms INTEGER, source_max_ms INTEGER,
	through_ms INTEGER, hash BLOB NOT NULL, received_ms INTEGER NOT NULL, own INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX record_place ON record(edge_node, epoch, "offset");
${recordIndex}
CREATE TABLE sample(
	pos INTEGER PRIMARY KEY, series INTEGER NOT NULL, source_ms INTEGER NOT NULL, source_rest INTEGER NOT NULL,
	server_lag INTEGER, status INTEGER NOT NULL, value);
CREATE TABLE through(
	edge_node INTEGER NOT NULL, device TEXT NOT NULL, through_ms INTEGER NOT NULL,
	PRIMARY KEY(edge_node, device)) WITHOUT ROWID;
CREATE TABLE gap(
	id TEXT PRIMARY KEY, edge_node INTEGER NOT NULL, device TEXT NOT NULL, tags TEXT NOT NULL, from_ms INTEGER NOT NULL,
	to_ms INTEGER NOT NULL, cause TEXT NOT NULL, backfilled INTEGER NOT NULL, noticed_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX gap_noticed ON gap(noticed_ms);
CREATE TABLE conflict(
	edge_node INTEGER NOT NULL, epoch INTEGER NOT NULL, "offset" INTEGER NOT NULL, hash BLOB NOT NULL, device TEXT NOT NULL,
	received_ms INTEGER NOT NULL, samples TEXT NOT NULL, PRIMARY KEY(edge_node, epoch, "offset", hash)) WITHOUT ROWID;
CREATE TABLE dirty(device TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL);
CREATE TABLE occurrence(
	id TEXT PRIMARY KEY, window TEXT NOT NULL, spec_version INTEGER NOT NULL, unit TEXT NOT NULL, tag TEXT NOT NULL,
	batch TEXT NOT NULL, lot TEXT NOT NULL, phase TEXT NOT NULL, side TEXT NOT NULL, "limit" REAL NOT NULL,
	started_ms INTEGER NOT NULL, raised_ms INTEGER NOT NULL, cleared_ms INTEGER, cleared_by TEXT, extreme REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX occurrence_lot ON occurrence(lot);
CREATE INDEX occurrence_raised ON occurrence(raised_ms);
CREATE INDEX occurrence_open ON occurrence(raised_ms) WHERE cleared_ms IS NULL;
CREATE TABLE window_period(
	id TEXT PRIMARY KEY, window TEXT NOT NULL, spec_version INTEGER NOT NULL, unit TEXT NOT NULL, batch TEXT NOT NULL,
	lot TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, good_samples INTEGER NOT NULL,
	bad_samples INTEGER NOT NULL, violations INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX window_period_lot ON window_period(lot);
CREATE TABLE unit_visit(
	unit TEXT NOT NULL, from_ms INTEGER NOT NULL, batch TEXT NOT NULL, lot TEXT NOT NULL, recipe TEXT NOT NULL,
	to_ms INTEGER, start_observed INTEGER NOT NULL, PRIMARY KEY(unit, from_ms)) WITHOUT ROWID;
CREATE INDEX unit_visit_lot ON unit_visit(lot);
CREATE TABLE lot(
	lot TEXT PRIMARY KEY, opened_ms INTEGER NOT NULL, closed_ms INTEGER, observed_whole INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE due(lot TEXT PRIMARY KEY, due_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE verdict(
	id TEXT PRIMARY KEY, lot TEXT NOT NULL, spec_version INTEGER NOT NULL, verdict TEXT NOT NULL, violations INTEGER NOT NULL,
	windows INTEGER NOT NULL, reasons TEXT NOT NULL, observed_whole INTEGER NOT NULL, judged_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX verdict_lot ON verdict(lot);
CREATE TABLE outbox(
	n INTEGER PRIMARY KEY, id TEXT NOT NULL, destination TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL, created_ms INTEGER NOT NULL,
	attempts INTEGER NOT NULL DEFAULT 0, next_ms INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'waiting',
	settled_ms INTEGER, last_error TEXT, UNIQUE(id, destination));
CREATE INDEX outbox_waiting ON outbox(state, next_ms);
CREATE TABLE input(
	n INTEGER PRIMARY KEY, kind TEXT NOT NULL, entered_ms INTEGER NOT NULL, entered_by TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE judgement_cache(only INTEGER PRIMARY KEY CHECK (only = 1), seq INTEGER NOT NULL, state TEXT NOT NULL);
CREATE TABLE series_counted(series INTEGER PRIMARY KEY, samples INTEGER NOT NULL, last_pos INTEGER NOT NULL);
CREATE VIEW count_by_series(series, samples, last_pos) AS
	SELECT series, sum(samples), max(last_pos) FROM (
		SELECT series, samples, last_pos FROM series_counted UNION ALL
		SELECT series, count(*), max(pos) FROM sample
			WHERE pos >= (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'counted_to') GROUP BY series)
	GROUP BY series;
${partTables}
${recordFileTables}
`;

/** WAL with FULL: a commit that returned survives a power cut, and readers do not wait for writers. */
export const writerPragmas = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 1000;
PRAGMA cache_size = -20000;
PRAGMA foreign_keys = OFF;
`;
