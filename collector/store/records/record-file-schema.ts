/** Records that stay in the database although a record file has them: their Through marks may wait for a hole to close. */
export const recordsKept = 50_000;

/**
 * Records below `records_to` stand in the Parquet files that `record_file` lists, one stretch of them after the other, and
 * those from there on in `record`, which also still has some that are in files. `record_span` tells which files may have
 * an offset. `part_device` has the bounds of each device's samples in a part, for the day on which it turns out damaged.
 */
export const recordFileTables = `
CREATE TABLE record_file(
	file TEXT PRIMARY KEY, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL, records INTEGER NOT NULL, samples INTEGER NOT NULL,
	min_ms INTEGER, max_ms INTEGER, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, sealed_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX record_file_to ON record_file(to_seq);
CREATE TABLE record_span(
	file TEXT NOT NULL, edge_node INTEGER NOT NULL, epoch INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
	PRIMARY KEY(edge_node, epoch, first, file)) WITHOUT ROWID;
CREATE INDEX record_span_file ON record_span(file);
CREATE TABLE part_device(
	file TEXT NOT NULL, edge_node INTEGER NOT NULL, device TEXT NOT NULL, min_ms INTEGER NOT NULL, max_ms INTEGER NOT NULL,
	PRIMARY KEY(file, edge_node, device)) WITHOUT ROWID;
INSERT INTO meta VALUES ('records_to', '0');
`;

/** The devices of a part, from its record rows; the parameters are its name, its first record and the one after its last. */
export const partDevices = `INSERT OR IGNORE INTO part_device
	SELECT ?, edge_node, device, min(source_min_ms), max(source_max_ms) FROM record
	WHERE seq >= ? AND seq < ? AND samples > 0 GROUP BY edge_node, device`;

/** What brings a file of format 2 to format 3; the keeper then makes record files of what is sealed. */
export const stepsTo3 = `
${recordFileTables}
INSERT INTO part_device SELECT p.file, r.edge_node, r.device, min(r.source_min_ms), max(r.source_max_ms)
	FROM part p JOIN record r ON r.seq >= p.from_pos / 512 AND r.seq < (p.to_pos + 511) / 512
	WHERE p.state = 'listed' AND r.samples > 0 GROUP BY p.file, r.edge_node, r.device;
UPDATE meta SET value = '3' WHERE key = 'format';
`;
