import { CodedError } from "../common/runtime/coded-error.ts";
import {
	type ConfigProblem,
	formatProblems,
	parseConfig,
	readConfigFile,
	readText,
} from "../common/runtime/config-file.ts";
import { type Specification, specificationConfig } from "./specification.ts";
import { type VersionFinding, versionFindings } from "./specification-version.ts";

/** Several files of one product's versions, or every problem that they have alone or together. */
export function readSpecificationFiles(
	files: readonly string[],
	env: NodeJS.ProcessEnv,
): { specifications: Specification[]; problems: readonly ConfigProblem[] } {
	const read = files.map((file) => readConfigFile(file, specificationConfig, env));
	const problems = read.flatMap((one) => (one.ok ? [] : one.problems));
	const specifications = read.flatMap((one) => (one.ok ? [one.value] : []));
	if (problems.length > 0) return { specifications, problems };
	const findings = versionFindings(specifications);
	return { specifications, problems: placedFindings(files, findings, env) };
}

/** @throws CodedError CONFIG_INVALID, CONFIG_UNREADABLE */
export function loadSpecificationFiles(files: readonly string[], env: NodeJS.ProcessEnv): Specification[] {
	const { specifications, problems } = readSpecificationFiles(files, env);
	if (problems.length > 0) throw new CodedError("CONFIG_INVALID", formatProblems(problems));
	return specifications;
}

/** Finds the places by reading each file that has a finding once more: trees of syntax are not kept. */
export function placedFindings(
	files: readonly string[],
	findings: readonly VersionFinding[],
	env: NodeJS.ProcessEnv,
): ConfigProblem[] {
	return files.flatMap((file, index) => {
		const own = findings.filter(({ of }) => of === index);
		if (own.length === 0) return [];
		const crossCheck = () =>
			own.map(({ path, message, other }) => ({ path: [...path], message: `${message} (${files[other]})` }));
		const again = parseConfig(readText(file), file, { schema: specificationConfig.schema, crossCheck }, env);
		return again.ok ? [] : again.problems;
	});
}
