import type { Specification } from "../specification.ts";

/** The unit of each test of a specification, by the test's name and its raw material's (empty for the product). */
export function testUnits({
	laboratory,
	materials,
}: Pick<Specification, "laboratory" | "materials">): (test: string, material: string) => string | undefined {
	const known = new Map<string, string>();
	for (const { test, eu } of laboratory) known.set(JSON.stringify([test, ""]), eu);
	for (const { test, material, eu } of materials) known.set(JSON.stringify([test, material]), eu);
	return (test, material) => known.get(JSON.stringify([test, material]));
}
