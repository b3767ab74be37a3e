import { CodedError } from "../common/runtime/coded-error.ts";
import { readSecretFile } from "../common/runtime/secret-file.ts";

const inputBytesMax = 4_096;

/**
 * A new password: from a file, from standard input, or typed twice at a terminal that does not show it. Never from an
 * argument, which every user of the host could read.
 * @throws CodedError CONFIG_UNREADABLE, USAGE
 */
export async function newPassword(file: string | undefined): Promise<string> {
	if (file !== undefined) return await readSecretFile(file);
	if (!process.stdin.isTTY) return await pipedLine();
	const first = await typedLine("New password: ");
	if ((await typedLine("Once more: ")) !== first)
		throw new CodedError("USAGE", "expected the same password twice, found two");
	return first;
}

async function pipedLine(): Promise<string> {
	let text = "";
	for await (const chunk of process.stdin.setEncoding("utf8")) {
		text += String(chunk);
		if (text.length > inputBytesMax) break;
	}
	const line = text.split(/\r?\n/, 1)[0] ?? "";
	if (line === "" || text.length > inputBytesMax)
		throw new CodedError("USAGE", "expected the password on the first line of standard input, found none");
	return line;
}

const enter = new Set(["\r", "\n", "\u0004"]);

function typedLine(prompt: string): Promise<string> {
	const { stdin, stderr } = process;
	stderr.write(prompt);
	stdin.setRawMode(true).setEncoding("utf8").resume();
	return new Promise((resolve, reject) => {
		let line = "";
		const end = () => {
			stdin.off("data", onData).setRawMode(false).pause();
			stderr.write("\n");
		};
		const onData = (text: string) => {
			for (const key of text) {
				if (enter.has(key)) {
					end();
					return resolve(line);
				}
				if (key === "\u0003") {
					end();
					return reject(new CodedError("USAGE", "expected a password, found Ctrl-C"));
				}
				line = key === "\u007f" || key === "\b" ? [...line].slice(0, -1).join("") : `${line}${key}`;
			}
			return undefined;
		};
		stdin.on("data", onData);
	});
}
