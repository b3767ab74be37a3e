import { CodedError } from "../common/runtime/coded-error.ts";
import { readSecretFile } from "../common/runtime/secret-file.ts";

const loopback = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * The header that proves to a collector who asks: the token on the first line of a file, by default the one that the
 * environment variable PILOTLINE_TOKEN_FILE names. Empty without a file. A token never goes unencrypted over a network.
 * @throws CodedError CONFIG_UNREADABLE, USAGE
 */
export async function tokenHeader(
	url: string,
	file = process.env.PILOTLINE_TOKEN_FILE,
): Promise<Record<string, string>> {
	if (file === undefined || file === "") return {};
	const { protocol, hostname } = new URL(url);
	if (protocol !== "https:" && !loopback.has(hostname))
		throw new CodedError(
			"USAGE",
			`expected https:// or an address of this host to send a token to, found ${url}`,
		);
	return { authorization: `Bearer ${await readSecretFile(file)}` };
}
