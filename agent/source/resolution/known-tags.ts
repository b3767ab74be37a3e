import type { DeviceConfig, TagConfig } from "../../config.ts";
import type { ReadableTag } from "../../pipeline.ts";
import { ownSampling } from "../sampling.ts";

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

export function askedOf({ name, node, path }: TagConfig, { namespace, flatten }: DeviceConfig): string {
	return JSON.stringify([namespace, name, node ?? null, path ?? null, ...boundsOf(flatten)]);
}

export function browseAskedOf({ namespace, browse, flatten }: DeviceConfig): string {
	const { from, include, exclude, max_tags } = browse ?? {};
	return JSON.stringify([namespace, from, include, exclude, max_tags, ...boundsOf(flatten)]);
}

/** What was asked without `elements_min` keeps its name, so that it is known after an upgrade. */
function boundsOf({ elements_min, elements_max, parts_max }: DeviceConfig["flatten"]): number[] {
	return [elements_max, parts_max, ...(elements_min > 0 ? [elements_min] : [])];
}

/** Every tag of a device of which all is known: configured ones in their order, then what `browse` found. */
export function knownTags(device: DeviceConfig, resolved: ResolvedDevice): ReadableTag[] {
	const answers = new Map<string, ResolvedTag[]>();
	for (const tag of resolved.tags) {
		const same = answers.get(tag.asked);
		if (same === undefined) answers.set(tag.asked, [tag]);
		else same.push(tag);
	}
	const configured = device.tags.flatMap((tag): ReadableTag[] => {
		const { name, node, type, eu, low, high } = tag;
		const sampling = ownSampling(device, tag);
		if (node !== undefined && type !== undefined) return [{ name, node, type, eu, low, high, sampling }];
		return (answers.get(askedOf(tag, device)) ?? []).map((said) => ({ ...merged(tag, said), sampling }));
	});
	const { browsed } = resolved;
	if (device.browse === undefined || browsed?.asked !== browseAskedOf(device)) return configured;
	const names = new Set([...device.tags, ...configured].map(({ name }) => name.toLowerCase()));
	const found = browsed.tags.filter(({ name }) => !names.has(name.toLowerCase()));
	const sampling = ownSampling(device, undefined);
	return [...configured, ...(sampling === undefined ? found : found.map((tag) => ({ ...tag, sampling })))];
}

/**
 * The tags of a device that is configured in another way, until the server has answered what that asks: those that were read
 * under the same names, from the same nodes, stay, so that they miss nothing meanwhile.
 */
export function meanwhileTags(
	before: DeviceConfig,
	present: readonly ReadableTag[],
	after: DeviceConfig,
	resolved: ResolvedDevice,
): ReadableTag[] {
	const known = knownTags(after, resolved);
	const names = new Set(known.map(({ name }) => name.toLowerCase()));
	const unknown = new Set(unknownTags(after, resolved).map(({ name }) => name));
	const isUnknown = after.browse !== undefined && resolved.browsed?.asked !== browseAskedOf(after);
	const [had, has] = [placesOf(before), placesOf(after)];
	const kept = present.filter(({ name, part }) => {
		const configured = part?.of ?? name;
		if (names.has(name.toLowerCase())) return false;
		if (!had.has(configured)) return isUnknown && !has.has(configured);
		return unknown.has(configured) && had.get(configured) === has.get(configured);
	});
	return [...known, ...kept];
}

function placesOf({ tags }: DeviceConfig): ReadonlyMap<string, string> {
	return new Map(tags.map(({ name, node, path }) => [name, JSON.stringify([node, path])]));
}

/** Configured tags of which nothing can be read, because the server has yet to say what they are. */
export function unknownTags(device: DeviceConfig, resolved: ResolvedDevice): TagConfig[] {
	const answered = new Set(resolved.tags.map(({ asked }) => asked));
	return device.tags.filter((tag) => needsServer(tag) && !answered.has(askedOf(tag, device)));
}

/** What is configured wins; a range of both that would be none is the configured one alone. */
function merged(tag: TagConfig, said: ReadableTag): ReadableTag {
	// A part of a value is never what is configured for the whole.
	const type = said.part === undefined ? (tag.type ?? said.type) : said.type;
	const low = tag.low ?? said.low;
	const high = tag.high ?? said.high;
	const isRange = low === undefined || high === undefined || low < high;
	const eu = tag.eu ?? said.eu;
	const { name, node, part } = said;
	const range = isRange ? { low, high } : { low: tag.low, high: tag.high };
	return { name, node, type, eu, ...range, ...(part === undefined ? {} : { part }) };
}

/** Whether two lists of tags are the same to everyone who reads, declares or journals them. */
export function sameTags(a: readonly ReadableTag[], b: readonly ReadableTag[]): boolean {
	return (
		a.length === b.length &&
		a.every((tag, index) => {
			const other = b[index] as ReadableTag;
			const keys = ["name", "node", "type", "eu", "low", "high"] as const;
			return (
				keys.every((key) => tag[key] === other[key]) &&
				(tag.part === other.part || JSON.stringify(tag.part) === JSON.stringify(other.part)) &&
				JSON.stringify(tag.sampling) === JSON.stringify(other.sampling)
			);
		})
	);
}
