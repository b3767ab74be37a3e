import { NodeId, type QualifiedName, type ReferenceDescription, resolveNodeId } from "node-opcua";
import { type Found, hierarchicalReferences, type SpaceReader } from "./space-reader.ts";

/** An Object or a Variable, where it was found first. */
export interface SpaceNode {
	readonly nodeId: NodeId;
	readonly namespaceIndex: number;
	readonly name: string;
	readonly isVariable: boolean;
	/** Reached by HasProperty: it describes its parent. */
	readonly isProperty: boolean;
	readonly parent: SpaceNode | undefined;
	readonly children: SpaceNode[];
	/** Properties of a Variable that say its unit and range, Part 8 §5.3.2. */
	unitNode?: NodeId;
	rangeNode?: NodeId;
	/** Why its references could not be had. */
	error?: string;
}

export interface WalkBounds {
	/** Nodes to be found, at most. */
	readonly nodesMax: number;
	/** Levels below the start node, at most. */
	readonly depthMax: number;
}

export interface Walk {
	readonly root: SpaceNode;
	/** Objects and Variables found, the root and properties included. */
	readonly nodes: number;
	/** Nodes that further references led to again. */
	readonly repeated: number;
	/** Objects of OPC UA's own namespace below the Objects folder, and nodes of other servers, which are not looked into. */
	readonly leftOut: readonly string[];
	/** Nodes whose references could not be had. */
	readonly failed: number;
	/** A bound that ended the walk before everything was seen. */
	readonly stoppedBy: "nodes" | "depth" | undefined;
}

const objectClass = 1;
const variableClass = 2;
const hasProperty = 46;
const objectsFolder = "i=85";
/** So many nodes are asked about before the bound is looked at again. */
const turnNodes = 1_000;

/**
 * Follows hierarchical references (Part 3 §7.3) forward from `root`, level by level, to Objects and Variables. A node that is
 * found again, by a loop or by a second parent, is not looked into again. Below the Objects folder the objects of namespace
 * 0 (the server's own) are named and left out; from one of them the walk may start.
 */
export async function walk(
	space: SpaceReader,
	namespaces: readonly string[],
	root: SpaceNode,
	bounds: WalkBounds,
	onProgress: (nodes: number) => void = () => undefined,
): Promise<Walk> {
	const seen = new Set([root.nodeId.toString()]);
	const leftOut: string[] = [];
	let repeated = 0;
	let failed = 0;
	let level = [root];
	const done = (stoppedBy: Walk["stoppedBy"]): Walk => ({
		root,
		nodes: seen.size,
		repeated,
		leftOut,
		failed,
		stoppedBy,
	});
	const isObjectsFolder = root.nodeId.toString() === resolveNodeId(objectsFolder).toString();
	for (let depth = 0; level.length > 0; depth++) {
		// A property has none of its own, Part 3 §4.4.2.
		const open = level.filter(({ isProperty }) => !isProperty);
		if (depth >= bounds.depthMax)
			return done(open.some(({ isVariable }) => !isVariable) ? "depth" : undefined);
		const next: SpaceNode[] = [];
		for (let from = 0; from < open.length; from += turnNodes) {
			const parents = open.slice(from, from + turnNodes);
			const found = await space.browse(
				parents.map(({ nodeId }) => nodeId),
				{
					referenceTypeId: hierarchicalReferences,
					direction: "forward",
					nodeClassMask: objectClass | variableClass,
				},
			);
			for (const [index, parent] of parents.entries()) {
				const { references, error } = found[index] as Found;
				if (error !== undefined) {
					parent.error = error;
					failed++;
				}
				for (const reference of references) {
					const nodeId = ownNodeId(reference, namespaces);
					if (nodeId === undefined || (depth === 0 && isObjectsFolder && isStandardObject(reference))) {
						leftOut.push(reference.browseName.name ?? "");
						continue;
					}
					if (takeDescription(parent, reference.browseName, nodeId)) continue;
					const key = nodeId.toString();
					if (seen.has(key)) {
						repeated++;
						continue;
					}
					if (seen.size >= bounds.nodesMax) return done("nodes");
					seen.add(key);
					const child = nodeOf(reference, nodeId, parent);
					parent.children.push(child);
					next.push(child);
				}
			}
			onProgress(seen.size);
		}
		level = next;
	}
	return done(undefined);
}

/** A node to start from. */
export function startNode(
	nodeId: NodeId,
	namespaceIndex: number,
	name: string,
	isVariable: boolean,
): SpaceNode {
	return { nodeId, namespaceIndex, name, isVariable, isProperty: false, parent: undefined, children: [] };
}

/** A reference names its target with an ExpandedNodeId, Part 6 §5.2.2.10; undefined for a node of another server. */
function ownNodeId(
	{ nodeId: { namespace, namespaceUri, serverIndex, identifierType, value } }: ReferenceDescription,
	namespaces: readonly string[],
): NodeId | undefined {
	const index = namespaceUri ? namespaces.indexOf(namespaceUri) : namespace;
	return index < 0 || (serverIndex ?? 0) !== 0 ? undefined : new NodeId(identifierType, value, index);
}

function nodeOf(reference: ReferenceDescription, nodeId: NodeId, parent: SpaceNode): SpaceNode {
	const { browseName, nodeClass, referenceTypeId } = reference;
	return {
		nodeId,
		namespaceIndex: browseName.namespaceIndex,
		name: browseName.name ?? "",
		isVariable: (nodeClass as number) === variableClass,
		isProperty: referenceTypeId.namespace === 0 && referenceTypeId.value === hasProperty,
		parent,
		children: [],
	};
}

/** EURange and EngineeringUnits belong to their variable and are no nodes of the tree. */
export function takeDescription(parent: SpaceNode, browseName: QualifiedName, nodeId: NodeId): boolean {
	if (!parent.isVariable || browseName.namespaceIndex !== 0) return false;
	if (browseName.name === "EURange") parent.rangeNode = nodeId;
	else if (browseName.name === "EngineeringUnits") parent.unitNode = nodeId;
	else return false;
	return true;
}

function isStandardObject({ nodeId, nodeClass }: ReferenceDescription): boolean {
	return nodeId.namespace === 0 && (nodeClass as number) === objectClass;
}

/** The names from below the start node down to `node`. */
export function namesOf(node: SpaceNode): string[] {
	const names: string[] = [];
	for (let at = node; at.parent !== undefined; at = at.parent) names.unshift(at.name);
	return names;
}
