import { posix } from "node:path";
import { type Import, importsOf } from "./imports.ts";
import type { Finding } from "./repository.ts";

/**
 * Folders that are one process each; the file in it that alone puts the stages together; and the files
 * at its root that every stage may import. A further one is a decision for ARCHITECTURE.md.
 */
const processes: Record<string, { readonly composition: string; readonly ports: readonly string[] }> = {
	// The tag book gives records their tag ids, so source, journal and publisher all read it; the record codec is
	// what the journal keeps and the publisher takes apart.
	agent: {
		composition: "agent.ts",
		ports: ["pipeline.ts", "telemetry.ts", "tag-book.ts", "record-codec.ts"],
	},
	// The specification is judged, shown and quoted in messages; read, samples and follow port are the reading sides of
	// pipeline.ts, for people, for those who take data out and for followers; specification-port, -scope and -version.ts say which version and which
	// window judges; foreign.ts is what host, intake and store
	// agree on about edge nodes without confirmed delivery, route.ts what a place of the route is; adoption-, chart-, genealogy-, judgement-, laboratory- and people-port.ts are pipeline.ts's
	// parts about records out of files, control charts, what went into what, final verdicts, the laboratory's results, those who enter things, and (window-limits.ts) the limits that windows had.
	collector: {
		composition: "collector.ts",
		ports: [
			"pipeline.ts",
			"telemetry.ts",
			"specification.ts",
			"read-port.ts",
			"samples-port.ts",
			"follow-port.ts",
			"foreign.ts",
			"chart-port.ts",
			"judgement-port.ts",
			"route.ts",
			"lot-port.ts",
			"genealogy-port.ts",
			"laboratory-port.ts",
			"material-port.ts",
			"people-port.ts",
			"specification-port.ts",
			"specification-scope.ts",
			"specification-version.ts",
			"adoption-port.ts",
			"window-limits.ts",
		],
	},
	// The model's parameters are part of the simulator's configuration.
	"simulators/plant": {
		composition: "simulator.ts",
		ports: ["pipeline.ts", "telemetry.ts", "parameters.ts"],
	},
	"simulators/load": { composition: "load.ts", ports: ["pipeline.ts", "telemetry.ts"] },
	"simulators/receiver": { composition: "receiver.ts", ports: ["pipeline.ts", "telemetry.ts"] },
};

const tops = ["common", "agent", "collector", "simulators", "dashboards", "cli", "test"];

/** Who may import what, by section 5 of the design: the message says which rule an import breaks. */
export function directionFindings(file: string, text: string): Finding[] {
	const findings: Finding[] = [];
	for (const entry of importsOf(text)) {
		const message = brokenRule(file, entry);
		if (message !== undefined) findings.push({ file, line: entry.line, message });
	}
	return findings;
}

function brokenRule(file: string, entry: Import): string | undefined {
	if (entry.specifier === undefined)
		return "expected import() of a literal, because the tidy test must see it";
	if (!entry.specifier.startsWith(".")) return undefined;
	const target = posix.normalize(posix.join(posix.dirname(file), entry.specifier));
	if (target.startsWith("..")) return `expected an import inside the repository, found ${entry.specifier}`;
	if (!/\.(?:ts|mjs|js)$/.test(target)) return `expected an import with .ts, found ${entry.specifier}`;
	const from = topOf(file);
	const to = topOf(target);
	if (from === "test") return undefined;
	if (to === "test") return `only tests import tests; found ${target}`;
	if (from === "")
		return to === "" ? undefined : `a file beside package.json imports no source; found ${target}`;
	if (to === "") return `a source imports no file beside package.json; found ${target}`;
	if (from === "cli") return undefined;
	if (from === "common") return commonRule(file, target);
	if (from === "dashboards")
		return to === from ? undefined : `dashboards import nothing of ours; found ${target}`;
	if (to !== from && to !== "common") return `${from} imports only itself and common; found ${target}`;
	if (to === "common") return undefined;
	return stageRule(file, target, entry);
}

function commonRule(file: string, target: string): string | undefined {
	if (topOf(target) !== "common") return `common imports nothing of ours; found ${target}`;
	if (file.startsWith("common/contract/") && !target.startsWith("common/contract/")) {
		return `common/contract imports only itself; found ${target}`;
	}
	return undefined;
}

/** Inside a process: stages are siblings that know the ports; only the composition knows the stages. */
function stageRule(file: string, target: string, entry: Import): string | undefined {
	const home = processOf(file);
	const targetHome = processOf(target);
	if (home === undefined || targetHome === undefined || home !== targetHome) {
		return home === targetHome
			? undefined
			: `processes of the simulator do not import each other; found ${target}`;
	}
	const { composition, ports } = processes[home] as (typeof processes)[string];
	const stage = stageOf(file, home);
	const targetStage = stageOf(target, home);
	if (stage === undefined) {
		if (targetStage === undefined) return undefined;
		const allowed = [`${home}/${composition}`, `${home}/main.ts`];
		return allowed.includes(file) ? undefined : `only ${allowed.join(" and ")} see stages; found ${target}`;
	}
	if (targetStage === stage) return undefined;
	if (targetStage !== undefined) return `stages are siblings that do not import each other; found ${target}`;
	if (ports.some((port) => target === `${home}/${port}`)) return undefined;
	if (target === `${home}/config.ts`) {
		return entry.typeOnly ? undefined : `a stage takes only types from ${target}: use import type`;
	}
	return `a stage imports ${ports.join(", ")}, types of config.ts, and common; found ${target}`;
}

function topOf(file: string): string {
	const top = file.split("/")[0] as string;
	return tops.includes(top) && file.includes("/") ? top : "";
}

function processOf(file: string): string | undefined {
	return Object.keys(processes).find((home) => file.startsWith(`${home}/`));
}

function stageOf(file: string, home: string): string | undefined {
	const [first, second] = file.slice(home.length + 1).split("/");
	return second === undefined ? undefined : first;
}

/** `common` has exactly the children contract and runtime. */
export function commonChildrenFindings(files: readonly string[]): Finding[] {
	return files
		.filter((file) => file.startsWith("common/") && !/^common\/(?:contract|runtime)\/./.test(file))
		.map((file) => ({ file, message: "expected only common/contract and common/runtime" }));
}
