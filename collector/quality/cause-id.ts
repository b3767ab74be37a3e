import { createHash } from "node:crypto";

/** An id that the same cause always gets again, so that recomputing and restoring never make a second one. */
export function causeId(...cause: (string | number)[]): string {
	return createHash("sha256").update(JSON.stringify(cause)).digest("hex").slice(0, 32);
}
