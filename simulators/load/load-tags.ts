/** Tags of one unit; a unit is one Sparkplug device. */
const tagsPerUnit = 500;

/** Names of the generated units and tags: `L001`, `T00001`. A unit also says `Phase`, which is always `RUN`. */
export function unitName(tag: number): string {
	return `L${String(Math.floor(tag / tagsPerUnit) + 1).padStart(3, "0")}`;
}

export function tagName(tag: number): string {
	return `T${String(tag + 1).padStart(5, "0")}`;
}

export const phaseTag = "Phase";

/** The units of the first `tags` tags, each with the tags it has. */
export function unitsOf(tags: number): { unit: string; first: number; count: number }[] {
	return Array.from({ length: Math.ceil(tags / tagsPerUnit) }, (_, index) => {
		const first = index * tagsPerUnit;
		return { unit: unitName(first), first, count: Math.min(tagsPerUnit, tags - first) };
	});
}

/** The units that one of `servers` servers has: every n-th, so that all have about the same. */
export function unitsOfServer(tags: number, servers: number, server: number): ReturnType<typeof unitsOf> {
	return unitsOf(tags).filter((_, index) => index % servers === server);
}

/** The server, from 0, that has a tag. */
export function serverOf(tag: number, servers: number): number {
	return Math.floor(tag / tagsPerUnit) % servers;
}
