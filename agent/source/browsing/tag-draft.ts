import type { TagDatatypeName } from "../../../common/contract/datatype.ts";
import type { SpaceNode } from "./address-space.ts";
import { builtInName } from "./data-types.ts";
import { lastingNodeId } from "./tag-names.ts";
import type { VariableFacts } from "./variable-facts.ts";

/** What a tag takes from the server. */
export interface TagDraft {
	/** With its namespace's URI. */
	readonly node: string;
	readonly type: TagDatatypeName;
	readonly eu: string | undefined;
	readonly low: number | undefined;
	readonly high: number | undefined;
	/** The server declares no type; it is that of the value that was there. */
	readonly isTypeSeen: boolean;
}

/** The tag that a Variable can be, or why it can be none. */
export function draftOf(
	node: SpaceNode,
	facts: VariableFacts | undefined,
	namespaces: readonly string[],
): TagDraft | { readonly problem: string } {
	if (facts === undefined || facts.builtIn === undefined)
		return { problem: "the server does not tell its data type, and there is no value that could" };
	const { tagType, valueRank, typeName, unit, low, high, isTypeSeen } = facts;
	if (valueRank >= 0) return { problem: `a list of ${typeName}` };
	if (tagType === undefined) {
		const kind = builtInName(facts.builtIn);
		return {
			problem: `data type ${typeName}${kind === typeName ? "" : ` (${kind})`} is none that a tag can have`,
		};
	}
	return {
		node: lastingNodeId(node.nodeId, namespaces),
		type: tagType,
		eu: unit,
		low: isNumber(tagType) ? low : undefined,
		high: isNumber(tagType) ? high : undefined,
		isTypeSeen,
	};
}

/** Whether a range says anything about values of a type. */
export function isNumber(type: TagDatatypeName): boolean {
	return type !== "String" && type !== "Bytes" && type !== "DateTime" && type !== "Boolean";
}
