import { existsSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { operatorEnvironment, packProduct } from "../helpers/packed-product.ts";
import { runCommand } from "../helpers/run-command.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { type DemoDocument, repository } from "./run-demo.ts";

const text = (...path: string[]) => readFileSync(join(...path), "utf8");
const manifestOf = (...path: string[]) => JSON.parse(text(...path, "package.json"));

test("npm pack, installed into an empty folder under Node.js 24, shows a whole lot with every value stored", async () => {
	const folder = temporaryFolder();
	const env = operatorEnvironment();
	const { tarball, tree } = await packProduct(folder);
	const ours = manifestOf(repository);
	expect(text(tree, "package.json"), "the tree has its manifest back").toBe(text(repository, "package.json"));
	for (const left of ["npm-shrinkwrap.json", ".package.json.kept"])
		expect(existsSync(join(tree, left)), left).toBe(false);

	const empty = join(folder, "empty");
	mkdirSync(empty);
	const install = ["install", "--no-audit", "--no-fund", tarball];
	const installed = await runCommand("npm", install, { cwd: empty, env, withinMs: 10 * 60_000 });
	expect(installed.code, installed.stderr).toBe(0);

	const product = join(empty, "node_modules", "pilotline");
	const manifest = manifestOf(product);
	expect(manifest).toMatchObject({ engines: { node: ">=24" }, bin: { pilotline: "dist/cli/pilotline.js" } });
	expect(manifest.dependencies).toEqual(ours.dependencies);
	for (const key of ["devDependencies", "optionalDependencies", "scripts"])
		expect(manifest[key], key).toBe(undefined);
	const names = new Set(globSync(["*", "@*/*"], { cwd: join(empty, "node_modules") }));
	const { packages } = JSON.parse(text(repository, "package-lock.json"));
	const development = Object.keys(ours.devDependencies).filter(
		(name) => packages[`node_modules/${name}`].dev,
	);
	expect(development).toContain("vitest");
	for (const name of [...development, ...Object.keys(ours.optionalDependencies)])
		expect(names, "only what production needs").not.toContain(name);
	const files = globSync("**/*", { cwd: product, withFileTypes: true }).filter((entry) => entry.isFile());
	expect(files.map(({ name }) => name).filter((name) => /\.(?:ts|map|mjs)$/.test(name))).toEqual([]);
	for (const file of [
		...globSync("examples/**/*.{yaml,conf}", { cwd: repository }),
		...globSync("dashboards/grafana/{generated,provisioning}/**/*.{json,yaml}", { cwd: repository }),
		...globSync("dashboards/console/*.{html,css,js,svg}", { cwd: repository }),
	])
		expect(text(product, "dist", file), file).toBe(text(repository, file));

	const pilotline = join(empty, "node_modules", ".bin", "pilotline");
	const elsewhere = join(folder, "elsewhere");
	mkdirSync(elsewhere);
	const run = (...args: string[]) =>
		runCommand(pilotline, args, { cwd: elsewhere, env, withinMs: 7 * 60_000 });
	const examples = globSync("dist/examples/pilot-line/*.yaml", { cwd: product }).map((file) =>
		join(product, file),
	);
	expect(await run("check", ...examples)).toMatchObject({ code: 0, stderr: "" });
	expect(await run("spc", "nowhere.csv")).toMatchObject({ code: 2, stdout: "" });

	const outcome = await run("demo", "--lots", "1", "--exit", "--json");
	expect(outcome.code, outcome.stderr).toBe(0);
	const document = JSON.parse(outcome.stdout) as DemoDocument;
	expect(document.valuesProduced).toBeGreaterThan(100_000);
	expect(document.valuesStored).toBe(document.valuesProduced);
	expect(document).toMatchObject({ gaps: 0, violations: 0 });
	expect(document.lots.map(({ verdict }) => verdict)).toEqual(["in"]);
});
