import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, test } from "vitest";
import list from "../../.ci/peers.json" with { type: "json" };

/** A program that tests need and npm does not bring; .ci/peers.json is the one list of them. */
export type PeerName = keyof typeof list.peers;

export type Peer = { readonly path: string } | { readonly missing: string };

/** Where the peer's program is, or how to get it. Daemons live in folders that a user's PATH leaves out. */
export function peer(name: PeerName, searchPath: string = process.env.PATH ?? ""): Peer {
	const { command } = list.peers[name];
	const folders = [...searchPath.split(delimiter), "/usr/sbin", "/usr/local/sbin"];
	for (const folder of folders) {
		if (folder === "") continue;
		const path = join(folder, command);
		try {
			accessSync(path, constants.X_OK);
			return { path };
		} catch {
			// Not in this folder.
		}
	}
	return { missing: `no program ${command}; apt-get install ${name}` };
}

/**
 * A suite that needs a peer; `suite` gets the program's path. Without the peer the suite becomes
 * one test: failing where CI=true, where everything must run, skipped with the reason elsewhere.
 */
export function describeWithPeer(name: PeerName, title: string, suite: (path: string) => void): void {
	const found = peer(name);
	describe(title, () => {
		if ("path" in found) suite(found.path);
		else test(`needs ${name}`, (context) => withoutPeer(found.missing, process.env, context));
	});
}

/** What a test without its peer does. */
export function withoutPeer(
	reason: string,
	env: Readonly<Record<string, string | undefined>>,
	context: { skip(note: string): void },
): void {
	if (env.CI === "true")
		throw new Error(`${reason} (.ci/run installs what npm test needs; with CI=true nothing is skipped)`);
	context.skip(reason);
}
