import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A clause of the Sparkplug specification 3.0 that has an id, in our words. */
export interface Clause {
	/** Without `tck-id-`. */
	readonly id: string;
	readonly chapter: string;
	readonly level: string;
	readonly role: "edge" | "host" | "both" | "broker";
	readonly text: string;
}

export const clauses: readonly Clause[] = readFileSync(join(import.meta.dirname, "clauses.tsv"), "utf8")
	.trimEnd()
	.split("\n")
	.slice(1)
	.map((line) => {
		const [id = "", chapter = "", level = "", role = "", text = ""] = line.split("\t");
		return { id, chapter, level, role: role as Clause["role"], text };
	});

/** Clauses that a message on the wire cannot show, and the test that does. */
export const elsewhere: Readonly<Record<string, string>> = {
	"operational-behavior-host-application-host-id": "test/collector/host/host-id-watch.test.ts",
	"intro-edge-node-id-uniqueness": "test/collector/intake/rival-agents.test.ts",
	"topic-structure-namespace-unique-edge-node-descriptor": "test/collector/intake/rival-agents.test.ts",
	"payloads-nbirth-edge-node-descriptor": "test/collector/intake/rival-agents.test.ts",
	"topic-structure-namespace-duplicate-device-id-across-edge-node": "test/collector/host/host-order.test.ts",
};
