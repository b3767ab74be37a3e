import { createHash } from "node:crypto";

/** The id of a gap of a foreign edge node: told again, it is the same row. */
export function gapIdOf(edgeNode: number, device: string, fromMs: number, cause: string): string {
	return createHash("sha256")
		.update(`foreign ${edgeNode} ${device} ${fromMs} ${cause}`)
		.digest("hex")
		.slice(0, 32);
}
