import type { AgentConfig } from "../agent/config.ts";
import { type Specification, specificationConfig } from "../collector/specification.ts";
import { placedFindings } from "../collector/specification-files.ts";
import { versionFindings } from "../collector/specification-version.ts";
import { type ConfigProblem, parseConfig, readText } from "../common/runtime/config-file.ts";

/** A sound file of some kind. */
export interface SoundFile {
	readonly file: string;
	readonly kind: string;
	readonly value: unknown;
}

/**
 * What is wrong with files that are each sound, when they are one line's: versions of a specification that cannot be there
 * together, and windows of tags that none of the agents sends, or sends in another engineering unit.
 */
export function togetherProblems(files: readonly SoundFile[], env: NodeJS.ProcessEnv): ConfigProblem[] {
	const specifications = files.filter(({ kind }) => kind === "specification");
	const agents = files.filter(({ kind }) => kind === "agent");
	const names = specifications.map(({ file }) => file);
	const problems = placedFindings(
		names,
		// Files of several products may be looked at in one go, although a collector takes one.
		versionFindings(specifications.map(({ value }) => value as Specification)).filter(
			({ path }) => path[0] !== "product",
		),
		env,
	);
	if (agents.length === 0) return problems;
	const sent = new Map(
		agents
			.flatMap(({ value }) => (value as AgentConfig).devices)
			.map(({ name, tags }) => [name, new Map(tags.map((tag) => [tag.name, tag.eu]))]),
	);
	for (const { file } of specifications) {
		const { schema } = specificationConfig;
		const found = parseConfig(
			readText(file),
			file,
			{ schema, crossCheck: (value) => tagFindings(value as Specification, sent) },
			env,
		);
		if (!found.ok) problems.push(...found.problems);
	}
	return problems;
}

function tagFindings(
	{ windows, aggregates }: Specification,
	sent: ReadonlyMap<string, ReadonlyMap<string, string | undefined>>,
): { path: (string | number)[]; message: string }[] {
	const found: { path: (string | number)[]; message: string }[] = [];
	const look = (one: { id: string; unit: string; tag: string }, path: (string | number)[], eu?: string) => {
		const tags = sent.get(one.unit);
		const ofTag = tags?.get(one.tag);
		const add = (key: string, expected: string, has: string) =>
			found.push({ path: [...path, key], message: `window ${one.id}: expected ${expected}, found ${has}` });
		if (tags === undefined)
			add("unit", `a device of the agents given (${[...sent.keys()].join(", ")})`, one.unit);
		else if (!tags.has(one.tag)) add("tag", `a tag of ${one.unit} in the agents given`, one.tag);
		else if (ofTag !== undefined && eu !== undefined && eu !== ofTag)
			add("eu", `${ofTag}, as the agent has ${one.tag}`, eu);
	};
	for (const [index, one] of windows.entries()) look(one, ["windows", index], one.eu);
	for (const [index, one] of aggregates.entries()) {
		const suffix = { rate: "/h", integral: " h" }[one.basis as string] ?? "";
		const eu = one.basis === "time_outside" ? undefined : one.eu.slice(0, one.eu.length - suffix.length);
		look(one, ["aggregates", index], eu);
	}
	return found;
}
