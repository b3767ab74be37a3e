import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

const notOurs = new Set(["node_modules", "dist", "coverage", ".git", "data", ".launch.lock"]);

/** Every file of the repository that people write, relative to its root, with forward slashes. */
export function repositoryFiles(): string[] {
	const found: string[] = [];
	const visit = (folder: string) => {
		for (const entry of readdirSync(folder, { withFileTypes: true })) {
			const path = join(folder, entry.name);
			if (notOurs.has(entry.name) || entry.name.startsWith(".launch.lock.")) continue;
			if (entry.isDirectory()) visit(path);
			else if (entry.isFile() && !entry.name.endsWith(".log"))
				found.push(relative(root, path).replaceAll("\\", "/"));
		}
	};
	visit(root);
	return found.sort();
}

export function readRepositoryFile(file: string): string {
	return readFileSync(join(root, file), "utf8");
}

export function isTypeScript(file: string): boolean {
	return file.endsWith(".ts");
}

/** Program text that is part of the product, so without tests and tool configuration. */
export function isSource(file: string): boolean {
	return isTypeScript(file) && file.includes("/") && !file.startsWith("test/");
}

const textKinds = /\.(?:ts|tsx|js|mjs|cjs|json|ya?ml|md|css|html|sh|sql|toml|conf|csv)$/;
const textNames = /(?:^|\/)(?:Dockerfile|LICENSE|run|\.[a-z]+rc|\.gitignore|\.gitattributes|\.editorconfig)$/;

export function isText(file: string): boolean {
	return file !== "package-lock.json" && (textKinds.test(file) || textNames.test(file));
}

/** One broken rule: where, and what was expected. */
export interface Finding {
	readonly file: string;
	readonly line?: number;
	readonly message: string;
}

export function findingText(finding: Finding): string {
	return `${finding.file}${finding.line === undefined ? "" : `:${finding.line}`}: ${finding.message}`;
}
