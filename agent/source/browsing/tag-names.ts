import type { NodeId } from "node-opcua";
import { nodeText } from "../../../common/runtime/opcua-names.ts";

const lengthMax = 128;
/** Names that Sparkplug and we have given away. */
const taken = /^(?:Delivery|Node Control|Device Control|bdSeq)$/;

/** A name of the server as a tag or device may have it: one level of a topic, 1 to 128 characters without `+`, `/`, `#`. */
export function validName(name: string): string {
	const valid = [...name.replace(/[+/#\p{Cc}]/gu, "_")].slice(0, lengthMax).join("");
	if (valid.trim() === "") return "_";
	return taken.test(valid) ? `${valid}_` : valid;
}

/** Gives names that differ in more than upper and lower case; of two that clash the second gets a number. */
export class UniqueNames {
	readonly #given = new Set<string>();

	give(name: string): string {
		const valid = validName(name);
		let unique = valid;
		for (let number = 2; this.#given.has(unique.toLowerCase()); number++) {
			const suffix = `-${number}`;
			unique = [...valid].slice(0, lengthMax - suffix.length).join("") + suffix;
		}
		this.#given.add(unique.toLowerCase());
		return unique;
	}
}

/** A node id without its namespace's index, `s=…`. */
function identifierText(nodeId: NodeId): string {
	return nodeId.toString().replace(/^ns=\d+;/, "");
}

/** A node id with its namespace's URI, which stays when the index changes. */
export function lastingNodeId(nodeId: NodeId, namespaces: readonly string[]): string {
	return nodeText(namespaces[nodeId.namespace] ?? "", identifierText(nodeId));
}
