import { type NodeId, resolveNodeId } from "node-opcua";
import { errorText } from "../../../common/runtime/coded-error.ts";
import { isObjectsFolder, parseBrowsePath, parseNodeText } from "../../../common/runtime/opcua-names.ts";
import type { SpaceReader, Step } from "./space-reader.ts";

const objectsFolder = "i=85";

/** A node as somebody wrote it down. */
export interface WantedNode {
	/** A node id, or a browse path below the Objects folder. */
	readonly text: string;
	readonly isPath: boolean;
	/** The URI of whatever names none. */
	readonly namespace: string | undefined;
}

export type FoundNode = { readonly nodeId: NodeId } | { readonly error: string };

/** Node ids of nodes that are written down; paths are asked of the server, together. */
export async function findNodes(
	space: SpaceReader,
	namespaces: readonly string[],
	wanted: readonly WantedNode[],
): Promise<FoundNode[]> {
	const found: (FoundNode | undefined)[] = [];
	const paths: { place: number; steps: Step[] }[] = [];
	for (const [place, node] of wanted.entries()) {
		const known = node.isPath ? stepsOf(node, namespaces) : nodeIdOf(node, namespaces);
		if (!Array.isArray(known)) found[place] = known;
		else if (known.length === 0) found[place] = { nodeId: resolveNodeId(objectsFolder) };
		else paths.push({ place, steps: known });
	}
	const answers = await space.translate(
		objectsFolder,
		paths.map(({ steps }) => steps),
	);
	for (const [index, { place }] of paths.entries()) {
		const answer = answers[index] as FoundNode;
		found[place] =
			"error" in answer
				? { error: `expected a node at ${wanted[place]?.text}, the server says ${answer.error}` }
				: answer;
	}
	return found as FoundNode[];
}

function nodeIdOf({ text, namespace }: WantedNode, namespaces: readonly string[]): FoundNode {
	const byIndex = /^ns=(\d{1,5});/.exec(text);
	const parsed = parseNodeText(byIndex === null ? text : text.slice(byIndex[0].length));
	if (parsed === undefined) return { error: `expected a node id such as nsu=URI;s=NAME, found ${text}` };
	const uri = parsed.namespace ?? namespace;
	const index = byIndex !== null ? Number(byIndex[1]) : uri === undefined ? 0 : namespaces.indexOf(uri);
	if (index < 0) return { error: unknownNamespace(uri ?? "", namespaces) };
	try {
		return { nodeId: resolveNodeId(`ns=${index};${parsed.id}`) };
	} catch (error) {
		return { error: `${text} is no node id: ${errorText(error)}` };
	}
}

function stepsOf(
	{ text, namespace }: WantedNode,
	namespaces: readonly string[],
): Step[] | { readonly error: string } {
	if (isObjectsFolder(text)) return [];
	const steps = parseBrowsePath(text);
	if (steps === undefined) return { error: `expected a path such as /Objects/2:Kiln/2:TT01, found ${text}` };
	const known: Step[] = [];
	for (const step of steps) {
		const own = step.namespace ?? namespace ?? 0;
		const namespaceIndex = typeof own === "number" ? own : namespaces.indexOf(own);
		if (namespaceIndex < 0) return { error: unknownNamespace(String(own), namespaces) };
		known.push({ namespaceIndex, name: step.name });
	}
	return known;
}

function unknownNamespace(uri: string, namespaces: readonly string[]): string {
	return `expected namespace ${uri}, found ${namespaces.join(", ")}`;
}
