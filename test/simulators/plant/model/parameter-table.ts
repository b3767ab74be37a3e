// The tables of simulators/plant-parameters.md and of the instruments in simulators/README.md, made from the code.

import { tags } from "../../../../simulators/plant/model/tags.ts";
import { modelSchema } from "../../../../simulators/plant/parameters.ts";

interface SchemaNode {
	readonly properties?: Readonly<Record<string, SchemaNode>>;
	readonly default?: unknown;
	readonly description?: string;
}

function shown(value: unknown): string {
	return typeof value === "object" ? JSON.stringify(value) : String(value ?? "");
}

/** `| key | default | is |` for every constant of the model. */
export function parameterTable(): string {
	const rows: string[] = [];
	const walk = (node: SchemaNode, path: string, preset: unknown) => {
		for (const [key, child] of Object.entries(node.properties ?? {})) {
			const name = `${path}.${key}`;
			const value = (preset as Record<string, unknown> | undefined)?.[key] ?? child.default;
			if (child.properties !== undefined) walk(child, name, value);
			else rows.push(`| \`${name}\` | ${shown(value)} | ${(child.description ?? "").replace(/\.$/, "")} |`);
		}
	};
	// Sections whose constants differ in their defaults are read from what an empty configuration gives.
	walk(modelSchema.toJSONSchema({ io: "input" }) as SchemaNode, "model", modelSchema.parse({}));
	return ["| key | default | is |", "| --- | --- | --- |", ...rows].join("\n");
}

/** `| tag | measures | unit | low / high | judged in | period |` for every instrument. */
export function instrumentTable(): string {
	const limit = (value: number | undefined) => value ?? "–";
	const rows = tags.map((tag) => {
		const period = typeof tag.sample === "number" ? `${tag.sample} s` : `per ${tag.sample}`;
		return `| ${tag.name} | ${tag.description} | ${tag.eu} | ${tag.dataType} | ${limit(tag.range.low)} / ${limit(tag.range.high)} | ${tag.phases.join(", ")} | ${period} |`;
	});
	return [
		"| tag | measures | unit | type | low / high | judged in | period |",
		"| --- | --- | --- | --- | --- | --- | --- |",
		...rows,
	].join("\n");
}
