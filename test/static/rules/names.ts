import type { Finding } from "./repository.ts";

const emptyWords = new Set(["utils", "util", "types", "services", "helpers", "misc", "shared", "lib"]);
const wellKnown =
	/^(?:README|ARCHITECTURE|CHANGELOG|CONTRIBUTING|SECURITY|LICENSE|NOTICE|Dockerfile)(?:\.[a-z]+)*$/;
const kebab = /^\.?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*$/;

/** Names of files and folders: kebab-case, and folders that say what is in them. */
export function nameFindings(file: string): Finding[] {
	const findings: Finding[] = [];
	const folders = file.split("/");
	const name = folders.pop() as string;
	if (file.includes("/fixtures/")) return findings;
	if (!kebab.test(name) && !wellKnown.test(name)) {
		findings.push({ file, message: `expected a kebab-case file name, found ${name}` });
	}
	for (const [depth, folder] of folders.entries()) {
		if (!kebab.test(folder))
			findings.push({ file, message: `expected a kebab-case folder, found ${folder}` });
		if (emptyWords.has(folder) && !(folders[0] === "test" && depth === 1 && folder === "helpers")) {
			findings.push({ file, message: `expected a folder named for what is in it, found ${folder}` });
		}
	}
	return findings;
}
