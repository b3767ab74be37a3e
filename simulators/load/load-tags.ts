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
