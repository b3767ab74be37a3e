import { resolveNodeId } from "node-opcua";
import { nodeText, parseNodeText } from "../../../common/runtime/opcua-names.ts";
import type { DeviceConfig } from "../../config.ts";
import type { ReadableTag } from "../../pipeline.ts";
import { namesOf, type SpaceNode, startNode, takeDescription } from "../browsing/address-space.ts";
import { findNodes } from "../browsing/node-finder.ts";
import type { SpaceReader } from "../browsing/space-reader.ts";
import { survey } from "../browsing/survey.ts";
import { draftOf } from "../browsing/tag-draft.ts";
import { lastingNodeId, validName } from "../browsing/tag-names.ts";
import { readFacts } from "../browsing/variable-facts.ts";
import { askedOf, browseAskedOf, needsServer, type ResolvedDevice, type ResolvedTag } from "./known-tags.ts";

/** Something that the configuration asked for and the server could not answer. */
export interface ResolutionTrouble {
	/** A tag of the device, or its key `browse`. */
	readonly tag: string;
	readonly reason: string;
}

export interface Answer {
	readonly resolved: ResolvedDevice;
	readonly troubles: readonly ResolutionTrouble[];
	/** Tags that `browse` found before and whose nodes the server does not have any more. */
	readonly gone: ReadonlySet<string>;
}

/** HasProperty, Part 5 §11.7. */
const hasProperty = "i=46";
const variableClass = 2;
const bounds = { nodesMax: 500_000, depthMax: 32 };

/**
 * Asks a server for what a device's configuration leaves to it. What cannot be answered now keeps the answer that it had,
 * `before`.
 */
export async function askServer(
	space: SpaceReader,
	namespaces: readonly string[],
	device: DeviceConfig,
	before: ResolvedDevice,
): Promise<Answer> {
	const { tags, troubles } = await askTags(space, namespaces, device, before);
	if (device.browse === undefined)
		return { resolved: { tags, browsed: undefined }, troubles, gone: new Set() };
	const found = await askBrowse(space, namespaces, device, before, tags);
	return {
		resolved: { tags, browsed: { asked: browseAskedOf(device), tags: found.tags } },
		troubles: [...troubles, ...found.troubles],
		gone: found.gone,
	};
}

async function askTags(
	space: SpaceReader,
	namespaces: readonly string[],
	device: DeviceConfig,
	before: ResolvedDevice,
): Promise<{ tags: ResolvedTag[]; troubles: ResolutionTrouble[] }> {
	const asked = device.tags.filter(needsServer);
	const troubles: ResolutionTrouble[] = [];
	if (asked.length === 0) return { tags: [], troubles };
	const found = await findNodes(
		space,
		namespaces,
		asked.map(({ node, path }) => ({
			text: node ?? path ?? "",
			isPath: node === undefined,
			namespace: device.namespace,
		})),
	);
	const nodes = found.map((each) => ("error" in each ? undefined : startNode(each.nodeId, 0, "", true)));
	const known = nodes.filter((node) => node !== undefined);
	await findDescriptions(space, known);
	const facts = await readFacts(space, known, { values: false });
	const tags: ResolvedTag[] = [];
	for (const [index, tag] of asked.entries()) {
		const node = nodes[index];
		const question = askedOf(tag, device);
		const answer = found[index] as (typeof found)[number];
		const draft =
			node === undefined
				? { problem: "error" in answer ? answer.error : "" }
				: draftOf(node, facts.get(node), namespaces);
		const last = lastAnswer(before, tag.name, question);
		const settledDraft = settled(draft, last);
		const said = "problem" in settledDraft ? undefined : settledDraft;
		// A type that is configured needs no answer, only the node of a path.
		const own =
			said ??
			(tag.type !== undefined && node !== undefined
				? { node: lastingNodeId(node.nodeId, namespaces), type: tag.type }
				: undefined);
		if ("problem" in draft && (tag.type === undefined || node === undefined))
			troubles.push({ tag: tag.name, reason: draft.problem });
		if (own !== undefined) tags.push({ ...plain(own), name: tag.name, asked: question });
	}
	return { tags, troubles };
}

function lastAnswer(before: ResolvedDevice, name: string, question: string): ResolvedTag | undefined {
	return before.tags.find((tag) => tag.name === name && tag.asked === question);
}

function plain({ node, type, eu, low, high }: Omit<ReadableTag, "name">): Omit<ReadableTag, "name"> {
	return { node, type, eu, low, high };
}

async function findDescriptions(space: SpaceReader, nodes: readonly SpaceNode[]): Promise<void> {
	const found = await space.browse(
		nodes.map(({ nodeId }) => nodeId),
		{ referenceTypeId: hasProperty, direction: "forward", nodeClassMask: variableClass },
	);
	for (const [index, node] of nodes.entries())
		for (const { browseName, nodeId } of found[index]?.references ?? [])
			takeDescription(node, browseName, resolveNodeId(nodeId));
}

async function askBrowse(
	space: SpaceReader,
	namespaces: readonly string[],
	device: DeviceConfig,
	before: ResolvedDevice,
	resolved: readonly ResolvedTag[],
): Promise<{ tags: ReadableTag[]; troubles: ResolutionTrouble[]; gone: Set<string> }> {
	const { from = "", include = [], exclude = [], max_tags = 0 } = device.browse ?? {};
	const last = before.browsed?.asked === browseAskedOf(device) ? before.browsed.tags : [];
	const lastOf = new Map(last.map((tag) => [`${tag.name}\n${tag.node}`, tag]));
	const troubles: ResolutionTrouble[] = [];
	const trouble = (reason: string) => troubles.push({ tag: "browse", reason });
	const found = await survey(space, {
		from: { text: from, isPath: parseNodeText(from) === undefined, namespace: device.namespace },
		...{ include, exclude, bounds },
		withProperties: false,
		withValues: false,
	});
	if ("error" in found) {
		trouble(found.error);
		return { tags: [...last], troubles, gone: new Set() };
	}
	const nodesOfTags = new Set(resolved.map(({ node }) => node));
	for (const { node } of device.tags) if (node !== undefined) nodesOfTags.add(lastingText(node, device));
	const names = new Set(device.tags.map(({ name }) => name.toLowerCase()));
	const tags: ReadableTag[] = [];
	let beyond = 0;
	for (const variable of found.variables) {
		if (nodesOfTags.has(lastingNodeId(variable.nodeId, namespaces))) continue;
		const path = namesOf(variable).join("/");
		const name = validName(namesOf(variable).join(".") || variable.name);
		const said = draftOf(variable, found.facts.get(variable), namespaces);
		const node = lastingNodeId(variable.nodeId, namespaces);
		const draft = settled(said, lastOf.get(`${name}\n${node}`));
		if ("problem" in draft) trouble(`${path}: ${draft.problem}`);
		else if (names.has(name.toLowerCase())) trouble(`${path}: the device has a tag ${name} already`);
		else if (tags.length >= max_tags) beyond++;
		else {
			names.add(name.toLowerCase());
			tags.push({ name, ...plain(draft) });
		}
	}
	if (beyond > 0) trouble(`${beyond} variables more than max_tags (${max_tags}) are left out`);
	const { walk } = found;
	if (walk.failed > 0) trouble(`the server did not give the references of ${walk.failed} nodes`);
	if (walk.stoppedBy !== undefined)
		trouble(
			`stopped at ${walk.stoppedBy === "nodes" ? `${bounds.nodesMax} nodes` : `${bounds.depthMax} levels`}`,
		);
	const isWhole = walk.failed === 0 && walk.stoppedBy === undefined;
	// A server that is still starting has nothing yet; what it had is not gone.
	if (tags.length === 0 && last.length > 0) {
		trouble("nothing is found, where there was something before; that is kept");
		return { tags: [...last], troubles, gone: new Set() };
	}
	const isFound = new Set(tags.map(({ name }) => name));
	const missing = last.filter(({ name }) => !isFound.has(name) && !names.has(name.toLowerCase()));
	return isWhole
		? { tags, troubles, gone: new Set(missing.map(({ name }) => name)) }
		: { tags: [...tags, ...missing], troubles, gone: new Set() };
}

/**
 * A type that the server does not declare is what the first value was: a later value of another type is that tag's trouble,
 * and a type that cannot be told now is what it was.
 */
function settled<T extends ReturnType<typeof draftOf>>(
	said: T,
	last: ReadableTag | undefined,
): T | ReadableTag {
	if (last === undefined) return said;
	if ("problem" in said) return last;
	return said.isTypeSeen ? { ...said, name: last.name, type: last.type } : said;
}

function lastingText(node: string, { namespace }: DeviceConfig): string {
	return parseNodeText(node)?.namespace === undefined ? nodeText(namespace, node) : node;
}
