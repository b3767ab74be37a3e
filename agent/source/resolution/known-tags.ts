import type { DeviceConfig, TagConfig } from "../../config.ts";
import type { ReadableTag } from "../../pipeline.ts";

/** A tag as the server described it last. */
export interface ResolvedTag extends ReadableTag {
	/** What the configuration asked for; the answer to another question is of no use. */
	readonly asked: string;
}

/** What a server said last about a device's tags. */
export interface ResolvedDevice {
	/** Configured tags that leave something to the server. */
	readonly tags: readonly ResolvedTag[];
	/** What `browse` found, and the question. */
	readonly browsed: { readonly asked: string; readonly tags: readonly ReadableTag[] } | undefined;
}

export const nothingResolved: ResolvedDevice = { tags: [], browsed: undefined };

/** With its node and type a tag is complete as it stands; the server is not asked about it. */
export function needsServer({ node, type }: TagConfig): boolean {
	return node === undefined || type === undefined;
}

export function askedOf({ node, path }: TagConfig, { namespace }: DeviceConfig): string {
	return JSON.stringify([namespace, node ?? null, path ?? null]);
}

export function browseAskedOf({ namespace, browse }: DeviceConfig): string {
	const { from, include, exclude, max_tags } = browse ?? {};
	return JSON.stringify([namespace, from, include, exclude, max_tags]);
}

/** Every tag of a device of which all is known: configured ones in their order, then what `browse` found. */
export function knownTags(device: DeviceConfig, resolved: ResolvedDevice): ReadableTag[] {
	const byName = new Map(resolved.tags.map((tag) => [tag.name, tag]));
	const configured = device.tags.flatMap((tag): ReadableTag[] => {
		const { name, node, type, eu, low, high } = tag;
		if (node !== undefined && type !== undefined) return [{ name, node, type, eu, low, high }];
		const said = byName.get(name);
		return said === undefined || said.asked !== askedOf(tag, device) ? [] : [merged(tag, said)];
	});
	const { browsed } = resolved;
	if (device.browse === undefined || browsed?.asked !== browseAskedOf(device)) return configured;
	const names = new Set(device.tags.map(({ name }) => name.toLowerCase()));
	return [...configured, ...browsed.tags.filter(({ name }) => !names.has(name.toLowerCase()))];
}

/** Configured tags of which nothing can be read, because the server has yet to say what they are. */
export function unknownTags(device: DeviceConfig, resolved: ResolvedDevice): TagConfig[] {
	const known = new Set(knownTags(device, resolved).map(({ name }) => name));
	return device.tags.filter(({ name }) => !known.has(name));
}

/** What is configured wins; a range of both that would be none is the configured one alone. */
function merged(tag: TagConfig, said: ReadableTag): ReadableTag {
	const type = tag.type ?? said.type;
	const low = tag.low ?? said.low;
	const high = tag.high ?? said.high;
	const isRange = low === undefined || high === undefined || low < high;
	const eu = tag.eu ?? said.eu;
	const { name } = tag;
	const { node } = said;
	return isRange
		? { name, node, type, eu, low, high }
		: { name, node, type, eu, low: tag.low, high: tag.high };
}

/** Whether two lists of tags are the same to everyone who reads, declares or journals them. */
export function sameTags(a: readonly ReadableTag[], b: readonly ReadableTag[]): boolean {
	return (
		a.length === b.length &&
		a.every((tag, index) => {
			const other = b[index] as ReadableTag;
			return (["name", "node", "type", "eu", "low", "high"] as const).every((key) => tag[key] === other[key]);
		})
	);
}
