import { resolveNodeId } from "node-opcua";
import type { TagDatatypeName } from "../../../common/contract/datatype.ts";
import { nodeText, parseNodeText } from "../../../common/runtime/opcua-names.ts";
import type { DeviceConfig, TagConfig } from "../../config.ts";
import type { ReadableTag } from "../../pipeline.ts";
import { namesOf, type SpaceNode, startNode, takeDescription } from "../browsing/address-space.ts";
import { type FoundNode, findNodes } from "../browsing/node-finder.ts";
import type { SpaceReader } from "../browsing/space-reader.ts";
import { survey } from "../browsing/survey.ts";
import { draftOf, isNumber } from "../browsing/tag-draft.ts";
import { lastingNodeId, validName } from "../browsing/tag-names.ts";
import { isFlattened, readFacts, type VariableFacts } from "../browsing/variable-facts.ts";
import { grown, leafCount, leavesOf, type Shape } from "../flat/shape.ts";
import { AskedShapes } from "./ask-shapes.ts";
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

interface Problem {
	readonly problem: string;
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
	const shapes = new AskedShapes(space);
	const names = new Set(device.tags.map(({ name }) => name.toLowerCase()));
	const tags: ResolvedTag[] = [];
	for (const [index, tag] of asked.entries()) {
		const node = nodes[index];
		const answer = found[index] as FoundNode;
		const question = askedOf(tag, device);
		const last = before.tags.filter((one) => one.asked === question);
		let said: readonly ReadableTag[] | Problem;
		if (node === undefined) said = { problem: "error" in answer ? answer.error : "" };
		// A type that is configured needs no answer, only the node of a path.
		else if (tag.type !== undefined)
			said = [typed(tag, tag.type, lastingNodeId(node.nodeId, namespaces), node, facts)];
		else said = await describe(tag.name, { node, facts: facts.get(node), namespaces, device, last, shapes });
		if (!("problem" in said) && said.some(({ name }) => name !== tag.name && names.has(name.toLowerCase())))
			said = { problem: "names of its values are those of other tags" };
		if ("problem" in said) troubles.push({ tag: tag.name, reason: said.problem });
		const kept = "problem" in said ? last : said;
		for (const one of kept) tags.push({ ...plain(one), name: one.name, asked: question });
	}
	return { tags, troubles };
}

interface Described {
	readonly node: SpaceNode;
	readonly facts: VariableFacts | undefined;
	readonly namespaces: readonly string[];
	readonly device: DeviceConfig;
	/** What the same question had for an answer. */
	readonly last: readonly ReadableTag[];
	readonly shapes: AskedShapes;
}

/** The tag, or the tags, that a variable is, under a name. */
async function describe(
	name: string,
	{ node, facts, namespaces, device, last, shapes }: Described,
): Promise<readonly ReadableTag[] | Problem> {
	const text = lastingNodeId(node.nodeId, namespaces);
	const sameNode = last.filter((tag) => tag.node === text);
	if (facts !== undefined && isFlattened(facts))
		return await describeParts(name, { node: text, facts, device, last: sameNode, shapes });
	const draft = draftOf(node, facts, namespaces);
	const [before] = sameNode;
	// A type that cannot be told now is what it was.
	if ("problem" in draft) return sameNode.length > 0 ? sameNode : draft;
	// A type that the server does not declare is what the first value was: a later one of another type is its trouble.
	const type = draft.isTypeSeen && before?.part === undefined ? (before?.type ?? draft.type) : draft.type;
	return [{ ...plain(draft), name, type }];
}

async function describeParts(
	name: string,
	options: Pick<Described, "device" | "last" | "shapes"> & { node: string; facts: VariableFacts },
): Promise<readonly ReadableTag[] | Problem> {
	const { node, facts, device, last, shapes } = options;
	const { elements_min, elements_max, parts_max } = device.flatten;
	const asked = await shapes.of(facts);
	if ("problem" in asked) return last.length > 0 ? last : asked;
	const shape = grown(asked, last[0]?.part?.shape as Shape | undefined, elements_max, elements_min);
	const count = leafCount(shape);
	if (count > parts_max)
		return { problem: `${count} values in one, more than flatten.parts_max (${parts_max})` };
	if (count === 0) return { problem: "nothing in it that a tag can be, or a list without an element yet" };
	const { unit, low, high } = facts;
	const isList = asked.kind === "list" && asked.of.kind === "value";
	const range = isList ? { eu: unit, low, high } : {};
	const tags = leavesOf(shape).map(({ suffix, type }, leaf) => ({
		...{ name: validName(`${name}${suffix}`), node, type, ...range },
		part: { of: name, shape, leaf },
	}));
	const names = new Set(tags.map((tag) => tag.name.toLowerCase()));
	return names.size === tags.length
		? tags
		: { problem: "the names of its values are too long, or too much alike" };
}

/** What is configured says the type; the server still says unit and range. */
function typed(
	{ name }: TagConfig,
	type: TagDatatypeName,
	node: string,
	space: SpaceNode,
	facts: ReadonlyMap<SpaceNode, VariableFacts>,
): ReadableTag {
	const { unit, low, high } = facts.get(space) ?? {};
	return isNumber(type) ? { name, node, type, eu: unit, low, high } : { name, node, type, eu: unit };
}

function plain({ node, type, eu, low, high, part }: Omit<ReadableTag, "name">): Omit<ReadableTag, "name"> {
	return { node, type, eu, low, high, ...(part === undefined ? {} : { part }) };
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
	const lastOf = new Map<string, ReadableTag[]>();
	for (const tag of last) {
		const name = tag.part?.of ?? tag.name;
		lastOf.set(name, [...(lastOf.get(name) ?? []), tag]);
	}
	const shapes = new AskedShapes(space);
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
		const said = await describe(name, {
			...{ node: variable, facts: found.facts.get(variable), namespaces, device, shapes },
			last: lastOf.get(name) ?? [],
		});
		if ("problem" in said) trouble(`${path}: ${said.problem}`);
		else if (said.some((tag) => names.has(tag.name.toLowerCase())))
			trouble(`${path}: the device has a tag ${name} already`);
		else if (tags.length + said.length > max_tags) beyond++;
		else {
			for (const tag of said) {
				names.add(tag.name.toLowerCase());
				tags.push({ ...plain(tag), name: tag.name });
			}
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

function lastingText(node: string, { namespace }: DeviceConfig): string {
	return parseNodeText(node)?.namespace === undefined ? nodeText(namespace, node) : node;
}
