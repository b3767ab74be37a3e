// Links of what went into what, as they were told. A link is its content: what comes twice, late or in another order is the same
// rows.

import type { DatabaseSync } from "node:sqlite";
import type { GenealogyLink, LinkKind, LinksQuery } from "../genealogy-port.ts";
import { all, get } from "./read-rows.ts";
import type { StoreFile } from "./store-file.ts";

/** `genealogy_tag`: the tag whose stored values the links are from. */
export const genealogySchema = `
CREATE TABLE IF NOT EXISTS genealogy_link(
	into_id TEXT NOT NULL, from_id TEXT NOT NULL, kind TEXT NOT NULL, unit TEXT NOT NULL, at_ms INTEGER NOT NULL, kg REAL NOT NULL,
	material TEXT NOT NULL, supplier TEXT NOT NULL, assay REAL,
	PRIMARY KEY(into_id, from_id, kind, unit, at_ms, kg, material, supplier)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS genealogy_from ON genealogy_link(from_id);
CREATE TABLE IF NOT EXISTS genealogy_tag(tag TEXT PRIMARY KEY) WITHOUT ROWID;
`;

/** Within a transaction. */
export function writeLinks(file: StoreFile, links: readonly GenealogyLink[]): void {
	for (const { into, from, kind, unit, atMs, kg, material, supplier, assay } of links)
		file.run(
			"INSERT OR IGNORE INTO genealogy_link VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			...[into, from, kind, unit, atMs, kg, material, supplier, assay ?? null],
		);
}

/** The tag that the links were read from; undefined when they were never read. */
export function linksTag(file: StoreFile): string | undefined {
	const row = file.get("SELECT tag FROM genealogy_tag");
	return row === undefined ? undefined : String(row.tag);
}

/** Links of another tag are not of this one. Until `addLinks` has ended them, they are read anew at the next start. */
export function beginLinks(file: StoreFile): void {
	file.transaction(() => {
		file.run("DELETE FROM genealogy_link");
		file.run("DELETE FROM genealogy_tag");
	});
}

/** `endsTag`: these were the last that the tag's stored values tell. */
export function addLinks(
	file: StoreFile,
	links: readonly GenealogyLink[],
	endsTag: string | undefined,
): void {
	file.transaction(() => {
		writeLinks(file, links);
		if (endsTag !== undefined) file.run("INSERT OR REPLACE INTO genealogy_tag VALUES (?)", endsTag);
	});
}

const idsAtOnce = 500;

/** In order of what they went into, where they came from, and time. */
export function readLinks(db: DatabaseSync, { ids, direction, most }: LinksQuery): GenealogyLink[] {
	const column = direction === "back" ? "into_id" : "from_id";
	const links: GenealogyLink[] = [];
	for (let at = 0; at < ids.length && links.length < most; at += idsAtOnce) {
		const some = JSON.stringify(ids.slice(at, at + idsAtOnce));
		const rows = all(
			db,
			`SELECT * FROM genealogy_link WHERE ${column} IN (SELECT value FROM json_each(?))
			ORDER BY into_id, from_id, at_ms, kind, unit, kg, material, supplier LIMIT ?`,
			some,
			most - links.length,
		);
		for (const row of rows)
			links.push({
				kind: String(row.kind) as LinkKind,
				from: String(row.from_id),
				into: String(row.into_id),
				kg: Number(row.kg),
				material: String(row.material),
				supplier: String(row.supplier),
				assay: row.assay === null ? undefined : Number(row.assay),
				unit: String(row.unit),
				atMs: Number(row.at_ms),
			});
	}
	return links;
}

/** Links that one lot's documents and verdict are made from. */
const lotLinksMost = 20_000;

/** Links into a lot and into the batches of it, and out of the lot; `batches` are those that were seen on the line with it. */
export function readLotLinks(db: DatabaseSync, lot: string, batches: readonly string[]): GenealogyLink[] {
	if (get(db, "SELECT 1 FROM genealogy_link LIMIT 1") === undefined) return [];
	const into = readLinks(db, { ids: [lot], direction: "back", most: lotLinksMost });
	const own = [...new Set([...batches, ...into.map(({ from }) => from)])].filter(
		(id) => id !== "" && id !== lot,
	);
	const charged = readLinks(db, { ids: own, direction: "back", most: lotLinksMost });
	const packed = readLinks(db, { ids: [lot], direction: "forward", most: lotLinksMost });
	return [...into, ...charged, ...packed];
}
