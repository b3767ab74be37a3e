// Writes the dashboards of a plant: node dashboards/grafana/generate.ts [AGENT.yaml SPECIFICATION.yaml [FOLDER]]
// Without arguments those of examples/pilot-line, into dashboards/grafana/generated.

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { dashboardsOf } from "./dashboards.ts";
import { readPlant } from "./plant-files.ts";

/** File name and text of every dashboard; the same files give the same bytes. */
export function dashboardFiles(agentFile: string, specificationFile: string): Map<string, string> {
	return new Map(
		dashboardsOf(readPlant(agentFile, specificationFile)).map((dashboard) => [
			`${dashboard.uid.toLowerCase()}.json`,
			`${JSON.stringify(dashboard, null, "\t")}\n`,
		]),
	);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const example = fileURLToPath(new URL("../../examples/pilot-line/", import.meta.url));
	const [agent = join(example, "agent.yaml"), specification = join(example, "specification.yaml")] =
		process.argv.slice(2);
	const folder = resolve(process.argv[4] ?? fileURLToPath(new URL("generated", import.meta.url)));
	mkdirSync(folder, { recursive: true });
	const files = dashboardFiles(agent, specification);
	for (const [name, text] of files) writeFileSync(join(folder, name), text);
	process.stdout.write(`${files.size} dashboards in ${folder}\n`);
}
