// Makes the packed product: dist/, and around `npm pack` the package.json and npm-shrinkwrap.json that belong to it. Plain
// JavaScript for any Node.js from 18, because npm runs it with its own.
//
//   build     dist/: the compiled sources, and beside them what they read at run time
//   prepack   the same, and the manifest of the product in place of the tree's: the host's own Node.js from 24 on, the program
//             itself instead of its launcher, production dependencies only, each with the version and checksum of package-lock.json
//   postpack  the tree's manifest again; the next prepack does it, too, should this one never come

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...path) => join(root, ...path);
const manifest = at("package.json");
const kept = at(".package.json.kept");
const shrinkwrap = at("npm-shrinkwrap.json");

/** What compiled sources read from beside them. Pictures are for README files. */
const readAtRunTime = [
	"dashboards/console",
	"dashboards/grafana/generated",
	"dashboards/grafana/provisioning",
	"examples",
];
const leftOut = new Set([".png", ".ts"]);

/** What npm writes about a package that only development needs. */
const isDevelopment = ({ dev, devOptional }) => dev === true || devOptional === true;

function run(program, args, output = 2) {
	const { status, error } = spawnSync(program, args, {
		cwd: root,
		stdio: ["ignore", output, 2],
		shell: process.platform === "win32",
	});
	if (status === 0) return;
	throw new Error(`${program} ${args.join(" ")} failed: ${error?.message ?? `exit code ${status}`}`);
}

function build() {
	// Installs what is missing, as every other way to start does.
	run(process.execPath, [at("launch.mjs"), "--help"], "ignore");
	rmSync(at("dist"), { recursive: true, force: true });
	run(at("node_modules", ".bin", "tsc"), ["-p", "tsconfig.build.json"]);
	for (const folder of readAtRunTime)
		cpSync(at(folder), at("dist", folder), {
			recursive: true,
			filter: (from) => !leftOut.has(extname(from)),
		});
}

function prepack() {
	postpack();
	build();
	const text = readFileSync(manifest, "utf8");
	const { name, version, description, license, type, files, dependencies } = JSON.parse(text);
	const own = {
		...{ name, version, private: true, description, license, type },
		...{ engines: { node: ">=24" }, bin: { pilotline: "dist/cli/pilotline.js" }, files, dependencies },
	};
	writeFileSync(shrinkwrap, `${JSON.stringify(productionLock(own), undefined, "\t")}\n`);
	writeFileSync(kept, text);
	writeFileSync(manifest, `${JSON.stringify(own, undefined, "\t")}\n`);
}

/** package-lock.json without what only development needs, and without the Node.js that the launcher brings along. */
function productionLock({ name, version, license, engines, bin, dependencies }) {
	const lock = JSON.parse(readFileSync(at("package-lock.json"), "utf8"));
	const launched = Object.keys(lock.packages[""].optionalDependencies).map((it) => `node_modules/${it}`);
	const packages = Object.entries(lock.packages).filter(
		([path, entry]) => path !== "" && !isDevelopment(entry) && !launched.includes(path),
	);
	return {
		...{ name, version, lockfileVersion: lock.lockfileVersion, requires: true },
		packages: { "": { name, version, license, engines, bin, dependencies }, ...Object.fromEntries(packages) },
	};
}

function postpack() {
	rmSync(shrinkwrap, { force: true });
	if (existsSync(kept)) renameSync(kept, manifest);
}

const steps = { build, prepack, postpack };
const step = steps[process.argv[2]];
if (step === undefined) {
	process.stderr.write(`packing: expected ${Object.keys(steps).join(", ")}, found ${process.argv[2]}\n`);
	process.exitCode = 2;
} else {
	try {
		step();
	} catch (error) {
		process.stderr.write(`packing: ${error.message}\n`);
		process.exitCode = 1;
	}
}
