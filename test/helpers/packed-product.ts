import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { repositoryFiles, root } from "../static/rules/repository.ts";
import { runCommand } from "./run-command.ts";

/**
 * npm with the Node.js that runs this test, as an operator's would be; nothing of the npm that started it. What stands between
 * the machine and the registry may be known by NODE_EXTRA_CA_CERTS.
 */
export function operatorEnvironment(): NodeJS.ProcessEnv {
	const own = Object.entries(process.env).filter(
		([name]) => !/^(npm_|NODE_(?!EXTRA_CA_CERTS)|VITEST)/i.test(name),
	);
	const env: NodeJS.ProcessEnv = Object.fromEntries(own);
	return { ...env, PATH: [dirname(process.execPath), env.PATH ?? ""].join(delimiter) };
}

/** A copy of the tree as it is now, so that packing changes nothing that other tests read. */
export function copyOfTree(folder: string): string {
	const copy = join(folder, "tree");
	for (const file of repositoryFiles()) {
		mkdirSync(dirname(join(copy, file)), { recursive: true });
		cpSync(join(root, file), join(copy, file));
	}
	symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
	return copy;
}

/** What `npm pack` makes of the tree. */
export async function packProduct(
	folder: string,
): Promise<{ readonly tarball: string; readonly tree: string }> {
	const tree = copyOfTree(folder);
	const { code, stdout, stderr } = await runCommand("npm", ["pack", "--pack-destination", folder], {
		...{ cwd: tree, env: operatorEnvironment(), withinMs: 5 * 60_000 },
	});
	if (code !== 0) throw new Error(`npm pack: exit code ${code}\n${stdout}\n${stderr}`);
	return { tarball: join(folder, stdout.trim()), tree };
}
