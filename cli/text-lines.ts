import { CodedError } from "../common/runtime/coded-error.ts";

const lineBytesMax = 4 * 1024 * 1024;

/**
 * The lines of a stream without their ends, as UTF-8. A last one without an end is a line, too.
 * @throws CodedError USAGE for a line that is too long; TypeError for what is no UTF-8
 */
export async function* textLines(input: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
	const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
	let rest = "";
	for await (const chunk of input) {
		const lines = (rest + decoder.decode(Buffer.from(chunk), { stream: true })).split("\n");
		rest = lines.pop() as string;
		yield* lines;
		if (rest.length > lineBytesMax)
			throw new CodedError(
				"USAGE",
				`expected lines of at most ${lineBytesMax} characters, found a longer one`,
			);
	}
	rest += decoder.decode();
	if (rest !== "") yield rest;
}
