import type { SpaceNode } from "../agent/source/browsing/address-space.ts";
import type { Survey } from "../agent/source/browsing/survey.ts";
import { draftOf, type TagDraft } from "../agent/source/browsing/tag-draft.ts";
import { lastingNodeId, UniqueNames, validName } from "../agent/source/browsing/tag-names.ts";
import { isFlattened, type VariableFacts } from "../agent/source/browsing/variable-facts.ts";
import { parseNodeText } from "../common/runtime/opcua-names.ts";

/** Without a type: a list or structure, of which the agent makes a tag per value. */
interface DraftTag extends Pick<TagDraft, "node" | "eu" | "low" | "high"> {
	readonly name: string;
	readonly type: string | undefined;
}

interface DraftDevice {
	readonly name: string;
	readonly tags: DraftTag[];
}

/** A configuration for the variables of a server, and what it could not take. */
export interface DraftConfig {
	readonly text: string;
	readonly devices: number;
	readonly tags: number;
	readonly leftOut: readonly string[];
}

/** Variables that the file itself says it leaves out, at most; the rest is a number. */
const leftOutLinesMax = 1_000;

/** A complete agent configuration: an object or folder that holds variables is a device, its variables are the tags. */
export function draftConfig(
	{ endpoint, insecure }: { readonly endpoint: string; readonly insecure: boolean },
	survey: Survey,
	date: string,
): DraftConfig {
	const { devices, leftOut } = devicesOf(survey);
	const tags = devices.reduce((sum, device) => sum + device.tags.length, 0);
	const host = new URL(endpoint.replace(/^opc\.tcp:/, "http:")).hostname;
	const server = validName(host);
	const lines = [
		`# Written by: pilotline browse ${endpoint} --write FILE, ${date}.`,
		"# Go through the first lines; the tags are as the server has them. Then: pilotline check FILE",
		"",
		"kind: agent",
		"schema: 1",
		"",
		"# Sparkplug names: the group is the site, the edge node is this agent.",
		"group: site",
		"edge_node: agent-1",
		"data_dir: data/agent",
		"status: { host: 127.0.0.1, port: 9301 }",
		"",
		"# mqtts://host:port, and without insecure, for an encrypted connection.",
		"broker: { url: mqtt://127.0.0.1:1883, insecure: true }",
		"",
		"# The host id of the collector whose confirmation the agent waits for.",
		"hosts: [{ id: pilotline }]",
		"",
		"servers:",
		...(insecure
			? []
			: ["  # Take security and identity over from the configuration that it was browsed with."]),
		`  - { name: ${scalar(server)}, endpoint: ${scalar(endpoint)}${insecure ? ", insecure: true" : ""} }`,
		"",
		"devices:",
	];
	for (const device of devices) {
		const namespace = mostCommonNamespace(device.tags);
		lines.push(
			`  - name: ${scalar(device.name)}`,
			`    server: ${scalar(server)}`,
			`    namespace: ${scalar(namespace)}`,
			"    time_base: publish",
			"    tags:",
			...device.tags.map((tag) => `      - ${tagLine(tag, namespace)}`),
		);
	}
	if (leftOut.length > 0) {
		lines.push("", "# Left out, and why:");
		for (const line of leftOut.slice(0, leftOutLinesMax)) lines.push(`#   ${line.replace(/\p{Cc}/gu, "·")}`);
		if (leftOut.length > leftOutLinesMax) lines.push(`#   and ${leftOut.length - leftOutLinesMax} more`);
	}
	return { text: `${lines.join("\n")}\n`, devices: devices.length, tags, leftOut };
}

function devicesOf({ variables, facts, namespaces }: Survey): {
	devices: readonly DraftDevice[];
	leftOut: string[];
} {
	const deviceNames = new UniqueNames();
	const byHolder = new Map<SpaceNode, { device: DraftDevice; names: UniqueNames }>();
	const leftOut: string[] = [];
	for (const variable of variables) {
		const draft = taggable(variable, facts.get(variable), namespaces);
		const { holder, name } = placeOf(variable);
		if ("problem" in draft || draft.node.includes("${")) {
			const problem =
				"problem" in draft ? draft.problem : "a configuration file takes its ${ for an environment variable";
			leftOut.push(`${holder.name}/${name}: ${problem}`);
			continue;
		}
		let place = byHolder.get(holder);
		if (place === undefined) {
			place = { device: { name: deviceNames.give(holder.name), tags: [] }, names: new UniqueNames() };
			byHolder.set(holder, place);
		}
		place.device.tags.push({ ...draft, name: place.names.give(name) });
	}
	return { devices: [...byHolder.values()].map(({ device }) => device), leftOut };
}

function taggable(
	variable: SpaceNode,
	facts: VariableFacts | undefined,
	namespaces: readonly string[],
): Omit<DraftTag, "name"> | { readonly problem: string } {
	if (facts === undefined || !isFlattened(facts) || facts.valueRank > 1)
		return draftOf(variable, facts, namespaces);
	const node = lastingNodeId(variable.nodeId, namespaces);
	return { node, type: undefined, eu: undefined, low: undefined, high: undefined };
}

/** The object above a variable; a variable below a variable is named after both. */
function placeOf(variable: SpaceNode): { holder: SpaceNode; name: string } {
	const names = [variable.name];
	let at = variable;
	while (at.parent?.isVariable) {
		at = at.parent;
		names.unshift(at.name);
	}
	return { holder: at.parent ?? at, name: names.join(".") };
}

function mostCommonNamespace(tags: DraftDevice["tags"]): string {
	const counts = new Map<string, number>();
	for (const { node } of tags) {
		const namespace = parseNodeText(node)?.namespace ?? "";
		counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
	}
	return [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most))[0];
}

function tagLine({ name, node, type, eu, low, high }: DraftTag, namespace: string): string {
	const parsed = parseNodeText(node);
	const text = parsed?.namespace === namespace ? parsed.id : node;
	const entries = [`name: ${scalar(name)}`, `node: ${scalar(text)}`];
	if (type !== undefined) entries.push(`type: ${type}`);
	if (eu !== undefined) entries.push(`eu: ${scalar(eu)}`);
	if (low !== undefined && high !== undefined) entries.push(`low: ${low}`, `high: ${high}`);
	return `{ ${entries.join(", ")} }`;
}

/** A text in YAML: as it is where nothing can be read into it, otherwise in quotes. */
function scalar(text: string): string {
	const isPlain =
		/^[A-Za-z][A-Za-z0-9_.=/:-]*$/.test(text) && !/[:]$|^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text);
	return isPlain ? text : JSON.stringify(text);
}
