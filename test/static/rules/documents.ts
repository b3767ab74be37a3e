import type { Finding } from "./repository.ts";

/** Codes in the first column of the table under README's heading about error codes. */
export function documentedErrorCodes(readme: string): string[] {
	const section = /^#{2,4} [^\n]*\berror codes?\b[^\n]*\n(?<body>[\s\S]*?)(?=^#{1,4} |(?![\s\S]))/im.exec(
		readme,
	);
	const rows = section?.groups?.body?.matchAll(/^\|\s*`(?<code>[A-Z][A-Z0-9_]*)`\s*\|/gm) ?? [];
	return [...rows].map((row) => row.groups?.code as string);
}

export function errorTableFindings(readme: string, codes: readonly string[]): Finding[] {
	const file = "README.md";
	const documented = documentedErrorCodes(readme);
	if (documented.length === 0) {
		return [
			{
				file,
				message:
					"expected a heading with the words Error codes and under it a table whose rows begin with | `CODE` |",
			},
		];
	}
	return [
		...codes
			.filter((code) => !documented.includes(code))
			.map((code) => ({ file, message: `expected a row for ${code} of common/runtime/error-codes.ts` })),
		...documented
			.filter((code, index) => !codes.includes(code) || documented.indexOf(code) !== index)
			.map((code) => ({ file, message: `expected ${code} once, and in common/runtime/error-codes.ts` })),
	];
}

/** Commands that a document tells people to run must be scripts of package.json. */
export function scriptFindings(file: string, text: string, scripts: readonly string[]): Finding[] {
	const named = text.matchAll(/\bnpm (?:run |(?=(?:test|start)\b))(?<name>[a-z][\w:-]*)/g);
	const unknown = new Set([...named].map((match) => match.groups?.name as string));
	return [...unknown]
		.filter((name) => !scripts.includes(name))
		.map((name) => ({ file, message: `expected a script ${name} in package.json, or no mention of it` }));
}

interface Manifest {
	readonly dependencies?: Record<string, string>;
	readonly devDependencies?: Record<string, string>;
	readonly optionalDependencies?: Record<string, string>;
}

/** Exact versions, so that two installations a year apart are the same. */
export function versionFindings(manifest: Manifest): Finding[] {
	const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
	return Object.entries(all)
		.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
		.map(([name, version]) => ({
			file: "package.json",
			message: `expected an exact version of ${name}, found ${version}`,
		}));
}

interface LockFile {
	readonly packages: Record<
		string,
		{ readonly resolved?: string; readonly optionalDependencies?: Record<string, string> }
	>;
}

/**
 * The lock file names no registry, so that it installs through any mirror, and every optional package,
 * because `npm ci` refuses a file without them. npm leaves out those that its registry did not have.
 */
export function lockFindings(lock: LockFile): Finding[] {
	const file = "package-lock.json";
	const findings: Finding[] = [];
	for (const [path, entry] of Object.entries(lock.packages)) {
		if (/^https?:/.test(entry.resolved ?? "")) {
			findings.push({ file, message: `expected no address of ${path}, found ${entry.resolved}` });
		}
		for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
			const places = [`node_modules/${name}`, `${path}/node_modules/${name}`];
			if (places.some((place) => place in lock.packages)) continue;
			findings.push({
				file,
				message: `expected an entry node_modules/${name} with version ${version}, optional and its os and cpu, for ${path}`,
			});
		}
	}
	return findings;
}
