import { AttributeIds, type NodeId } from "node-opcua";
import { namesOf, type SpaceNode, startNode, type Walk, type WalkBounds, walk } from "./address-space.ts";
import type { FoundNode, WantedNode } from "./node-finder.ts";
import { findNodes } from "./node-finder.ts";
import { pathFilter } from "./path-filter.ts";
import type { SpaceReader } from "./space-reader.ts";
import { readFacts, type VariableFacts } from "./variable-facts.ts";

export interface SurveyRequest {
	/** Where to start; undefined for the Objects folder. */
	readonly from: WantedNode | undefined;
	readonly include: readonly string[];
	readonly exclude: readonly string[];
	/** Properties of Objects are variables, too, but rarely measure anything. */
	readonly withProperties: boolean;
	readonly withValues: boolean;
	readonly bounds: WalkBounds;
}

export interface Survey {
	readonly walk: Walk;
	readonly namespaces: readonly string[];
	/** The variables that the filter keeps, in the order of the server. */
	readonly variables: readonly SpaceNode[];
	readonly facts: ReadonlyMap<SpaceNode, VariableFacts>;
	/** Properties that were left out. */
	readonly properties: number;
}

export type SurveyStep = "found" | "read";

const variableClass = 2;

/** The variables below a node that a filter keeps, with what the server says about them, or why there are none. */
export async function survey(
	space: SpaceReader,
	request: SurveyRequest,
	onProgress: (step: SurveyStep, nodes: number) => void = () => undefined,
): Promise<Survey | { readonly error: string }> {
	const namespaces = await space.namespaces();
	const wanted = request.from ?? { text: "/Objects", isPath: true, namespace: undefined };
	const [start] = (await findNodes(space, namespaces, [wanted])) as [FoundNode];
	if ("error" in start) return start;
	const root = await rootOf(space, start.nodeId);
	if (root === undefined) return { error: `expected a node at ${wanted.text}, found none` };
	const seen = await walk(space, namespaces, root, request.bounds, (nodes) => onProgress("found", nodes));
	const filter = pathFilter(request.include, request.exclude);
	const variables: SpaceNode[] = [];
	let properties = 0;
	for (const node of inOrder(root)) {
		if (!node.isVariable) continue;
		if (node.isProperty && !request.withProperties) properties++;
		// The start node itself has no name below the start node; it is what was asked for.
		else if (node === root || filter.accepts(namesOf(node))) variables.push(node);
	}
	const facts = await readFacts(space, variables, { values: request.withValues }, (nodes) =>
		onProgress("read", nodes),
	);
	return { walk: seen, namespaces, variables, facts, properties };
}

async function rootOf(space: SpaceReader, nodeId: NodeId): Promise<SpaceNode | undefined> {
	const [nodeClass, browseName] = await space.read([
		{ nodeId, attributeId: AttributeIds.NodeClass },
		{ nodeId, attributeId: AttributeIds.BrowseName },
	]);
	const name = browseName?.value?.value as { namespaceIndex: number; name: string | null } | null | undefined;
	if (nodeClass === undefined || nodeClass.statusCode.isBad() || name == null) return undefined;
	return startNode(nodeId, name.namespaceIndex, name.name ?? "", nodeClass.value?.value === variableClass);
}

/** A node before its children, as deep as it gets, without a stack of calls. */
export function* inOrder(root: SpaceNode): Generator<SpaceNode> {
	const open = [root];
	for (let node = open.pop(); node !== undefined; node = open.pop()) {
		yield node;
		for (let child = node.children.length - 1; child >= 0; child--)
			open.push(node.children[child] as SpaceNode);
	}
}
