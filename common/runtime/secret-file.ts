import { readFile } from "node:fs/promises";
import { CodedError, errorText } from "./coded-error.ts";

const secretBytesMax = 16 * 1024;

/**
 * The first line of a file that holds a secret, without its line end. Errors name the file and never its content.
 * @throws CodedError CONFIG_UNREADABLE
 */
export async function readSecretFile(path: string): Promise<string> {
	let text: string;
	try {
		text = await readFile(path, "utf8");
	} catch (error) {
		throw new CodedError(
			"CONFIG_UNREADABLE",
			`expected a secret on the first line of ${path}, which cannot be read: ${errorText(error)}`,
			{
				cause: error,
			},
		);
	}
	const line = text.split(/\r?\n/, 1)[0] ?? "";
	if (line === "" || text.length > secretBytesMax) {
		throw new CodedError(
			"CONFIG_UNREADABLE",
			`${path}: expected a secret on the first line, found ${line === "" ? "nothing" : "a large file"}`,
		);
	}
	return line;
}
