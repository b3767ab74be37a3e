import { namesOf, type SpaceNode } from "../agent/source/browsing/address-space.ts";
import { inOrder, type Survey } from "../agent/source/browsing/survey.ts";
import { lastingNodeId } from "../agent/source/browsing/tag-names.ts";
import type { VariableFacts } from "../agent/source/browsing/variable-facts.ts";
import { pathStepText } from "../common/runtime/opcua-names.ts";
import { valueText } from "./browse-value.ts";
import { table } from "./table.ts";

/** One node of the tree, as `--json` prints it. */
export interface BrowsedRow {
	/** A browse path below the Objects folder, or below the node id that the walk started from. */
	readonly path: string;
	readonly depth: number;
	readonly name: string;
	readonly node: string;
	readonly kind: "object" | "variable";
	/** The server's name of the data type, with `[]` behind it for a list. */
	readonly type: string;
	readonly unit?: string | undefined;
	readonly low?: number | undefined;
	readonly high?: number | undefined;
	readonly value: string;
	/** Why what is below it is not known. */
	readonly error?: string | undefined;
}

/** The variables that were kept and what leads to them; without a filter every object, also an empty one. */
export function treeRows(
	{ walk, variables, facts, namespaces }: Survey,
	{ prefix, isFiltered }: { prefix: string; isFiltered: boolean },
): BrowsedRow[] {
	const kept = new Set<SpaceNode>();
	for (const variable of variables)
		for (let at: SpaceNode | undefined = variable; at !== undefined && !kept.has(at); at = at.parent)
			kept.add(at);
	const rows: BrowsedRow[] = [];
	for (const node of inOrder(walk.root)) {
		if (!kept.has(node) && (isFiltered || node.isVariable)) continue;
		rows.push(rowOf(node, facts.get(node), namespaces, prefix));
	}
	return rows;
}

function rowOf(
	node: SpaceNode,
	facts: VariableFacts | undefined,
	namespaces: readonly string[],
	prefix: string,
): BrowsedRow {
	const steps = prefix === "" ? [] : [prefix];
	const own: string[] = [];
	for (let at = node; at.parent !== undefined; at = at.parent)
		own.unshift(pathStepText(at.namespaceIndex, at.name));
	return {
		path: [...steps, ...own].join("/"),
		depth: namesOf(node).length,
		name: node.name,
		node: lastingNodeId(node.nodeId, namespaces),
		kind: node.isVariable ? "variable" : "object",
		type: facts === undefined ? "" : `${facts.typeName}${"[]".repeat(Math.max(0, facts.valueRank))}`,
		unit: facts?.unit,
		low: facts?.low,
		high: facts?.high,
		value: valueText(facts?.value),
		error: node.error,
	};
}

export function treeText(rows: readonly BrowsedRow[]): string {
	return table(
		["name", "type", "unit", "range", "value", "node"],
		rows.map(({ depth, name, type, unit = "", low, high, value, node, error }) => [
			`${"  ".repeat(depth)}${name}`,
			type,
			unit,
			low === undefined ? "" : `${low} … ${high}`,
			error ?? value,
			node,
		]),
	);
}
