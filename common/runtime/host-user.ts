import { userInfo } from "node:os";

/** Who uses a command on this host, as the audit record names it. */
export function hostUser(): string {
	try {
		return `os:${userInfo().username}`;
	} catch {
		// A container may run as a number that has no name.
		return `os:${process.getuid?.() ?? "unknown"}`;
	}
}
