/** One difference between two configurations. */
export interface ConfigChange {
	/** Keys from the top; an entry of a list by its name. */
	readonly path: readonly string[];
	/** The same for people: `servers[plant-b].queue_size`. */
	readonly where: string;
	/** `reordered`: the same entries in another order. */
	readonly kind: "added" | "removed" | "changed" | "reordered";
	readonly before?: unknown;
	readonly after?: unknown;
}

/** What entries of lists are known by. */
const nameKeys = ["name", "id"] as const;

/**
 * How two configurations differ, in the order of their keys. Both are compared as their parser leaves them, defaults filled
 * in, so that a default that is written out is no difference. Lists whose entries have names are compared entry by entry;
 * any other list is one value. Knows no key, so it is right for keys that are yet to come. Pure.
 */
export function configDiff(before: unknown, after: unknown): ConfigChange[] {
	const changes: ConfigChange[] = [];
	compare(before, after, new Place([], ""), changes);
	return changes;
}

/** A place in both configurations. */
class Place {
	readonly path: readonly string[];
	readonly where: string;

	constructor(path: readonly string[], where: string) {
		this.path = path;
		this.where = where;
	}

	key(key: string): Place {
		return new Place([...this.path, key], this.where === "" ? key : `${this.where}.${key}`);
	}

	/** A name stands in brackets, as it may hold dots. */
	entry(name: string): Place {
		return new Place([...this.path, name], `${this.where}[${name}]`);
	}
}

function compare(before: unknown, after: unknown, place: Place, changes: ConfigChange[]): void {
	if (isSame(before, after)) return;
	const { path, where } = place;
	if (before === undefined) changes.push({ path, where, kind: "added", after });
	else if (after === undefined) changes.push({ path, where, kind: "removed", before });
	else if (isMapping(before) && isMapping(after)) {
		for (const key of keysOf(before, after)) compare(before[key], after[key], place.key(key), changes);
	} else if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, place, changes);
	else changes.push({ path, where, kind: "changed", before, after });
}

function compareLists(
	before: readonly unknown[],
	after: readonly unknown[],
	place: Place,
	changes: ConfigChange[],
): void {
	const key = nameKeys.find((candidate) => areNamed(before, candidate) && areNamed(after, candidate));
	const { path, where } = place;
	if (key === undefined) {
		changes.push({ path, where, kind: "changed", before, after });
		return;
	}
	const [had, has] = [byName(before, key), byName(after, key)];
	for (const [name, entry] of had) compare(entry, has.get(name), place.entry(name), changes);
	for (const [name, entry] of has) if (!had.has(name)) compare(undefined, entry, place.entry(name), changes);
	const stayed = [...had.keys()].filter((name) => has.has(name));
	const order = [...has.keys()].filter((name) => had.has(name));
	if (stayed.some((name, at) => order[at] !== name))
		changes.push({ path, where, kind: "reordered", before: stayed, after: order });
}

function areNamed(list: readonly unknown[], key: string): boolean {
	const names = list.map((entry) => (isMapping(entry) ? entry[key] : undefined));
	return names.every((name) => typeof name === "string") && new Set(names).size === names.length;
}

function byName(list: readonly unknown[], key: string): Map<string, unknown> {
	return new Map(list.map((entry) => [(entry as Record<string, string>)[key] as string, entry]));
}

/** Keys whose value is undefined are not there. */
function keysOf(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>) {
	return new Set([...Object.keys(before), ...Object.keys(after)]);
}

function isMapping(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSame(a: unknown, b: unknown): boolean {
	if (a === b) return true;
	if (Array.isArray(a) && Array.isArray(b))
		return a.length === b.length && a.every((entry, at) => isSame(entry, b[at]));
	if (!isMapping(a) || !isMapping(b)) return Object.is(a, b);
	for (const key of keysOf(a, b)) if (!isSame(a[key], b[key])) return false;
	return true;
}
