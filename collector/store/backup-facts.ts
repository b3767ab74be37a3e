// What a copy of the store says of itself. Read only.

import type { DatabaseSync } from "node:sqlite";
import type { AuditHead } from "../../common/runtime/audit-chain.ts";
import { samplesPerSeq } from "../pipeline.ts";
import { readAuditHead } from "./audit-table.ts";
import type { PartCopy } from "./parts/part-copies.ts";

export function auditHeadOf(db: DatabaseSync): { audit?: AuditHead } {
	if (!hasTable(db, "audit")) return {};
	const head = readAuditHead(db);
	return head === undefined ? {} : { audit: head };
}

function hasTable(db: DatabaseSync, name: string): boolean {
	return db.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(name) !== undefined;
}

/** How many records there are, in the database and in record files, and the highest of them. */
export function recordsOf(db: DatabaseSync) {
	if (!hasTable(db, "record_file"))
		return db.prepare("SELECT count(*) AS n, coalesce(max(seq), 0) AS highest FROM record").get();
	return db
		.prepare(`SELECT (SELECT coalesce(sum(records), 0) FROM record_file) + (SELECT count(*) FROM record
			WHERE seq >= (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'records_to')) AS n,
			(SELECT coalesce(max(seq), 0) FROM record) AS highest`)
		.get();
}

/** Parts and record files. A store from before there were any has none. */
export function listedParts(db: DatabaseSync): PartCopy[] {
	if (!hasTable(db, "part")) return [];
	const parts = "SELECT file, bytes, sha256, to_pos FROM part WHERE state = 'listed'";
	const records = ` UNION ALL SELECT file, bytes, sha256, to_seq * ${samplesPerSeq} FROM record_file`;
	return db
		.prepare(`${parts}${hasTable(db, "record_file") ? records : ""} ORDER BY 4, 1`)
		.all()
		.map((row) => ({ file: String(row.file), bytes: Number(row.bytes), sha256: String(row.sha256) }));
}
