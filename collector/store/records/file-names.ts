// What the ids in a record file, and in the parts beside it, mean: kept in the file's own metadata.

import type { DatabaseSync } from "node:sqlite";
import type { EdgeNodeRow, Series } from "../../pipeline.ts";
import { type Duck, quoted } from "../parts/duck.ts";
import { all } from "../read-rows.ts";

export interface FileNames {
	readonly format: 1;
	readonly edgeNodes: readonly EdgeNodeRow[];
	readonly series: readonly Series[];
}

/** The edge nodes and all series of some devices. */
export function namesOf(
	db: DatabaseSync,
	devices: readonly { readonly edgeNode: number; readonly device: string }[],
): FileNames {
	const edgeNodes = [...new Set(devices.map(({ edgeNode }) => edgeNode))];
	return {
		format: 1,
		edgeNodes: edgeNodes.flatMap((id) =>
			all(db, "SELECT * FROM edge_node WHERE id = ?", id).map((row) => ({
				id,
				group: String(row.group_id),
				edgeNode: String(row.edge_node_id),
			})),
		),
		series: devices.flatMap(({ edgeNode, device }) =>
			all(db, "SELECT * FROM series WHERE edge_node = ? AND device = ? ORDER BY id", edgeNode, device).map(
				(row) => ({
					id: Number(row.id),
					edgeNode,
					device,
					tag: String(row.tag),
					datatype: Number(row.datatype),
					eu: row.eu === null ? undefined : String(row.eu),
				}),
			),
		),
	};
}

/** What a file says of itself; undefined when it says nothing that this version understands. */
export async function readNames(duck: Duck, path: string): Promise<FileNames | undefined> {
	const [value] = await duck.row(
		`SELECT decode(value) FROM parquet_kv_metadata(${quoted(path)}) WHERE decode(key) = 'pilotline'`,
	);
	if (typeof value !== "string") return undefined;
	const names = JSON.parse(value) as FileNames;
	return names.format === 1 ? names : undefined;
}

/** Of several files together; ids mean the same in all files of one store. */
export function unitedNames(files: readonly FileNames[]): FileNames {
	const edgeNodes = new Map(files.flatMap((names) => names.edgeNodes.map((row) => [row.id, row])));
	const series = new Map(files.flatMap((names) => names.series.map((row) => [row.id, row])));
	return { format: 1, edgeNodes: [...edgeNodes.values()], series: [...series.values()] };
}
