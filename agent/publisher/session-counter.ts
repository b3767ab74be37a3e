import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../../common/runtime/data-directory.ts";

/** bdSeq, kept on disk, so that the will of an earlier process is told from the present one's. */
export class SessionCounter {
	readonly #file: string;
	#bdSeq = -1;

	constructor(directory: string) {
		this.#file = join(directory, "session.json");
	}

	/** Of the last CONNECT; −1 before the first. */
	get bdSeq(): number {
		return this.#bdSeq;
	}

	/** Reads what an earlier process left. A damaged file only costs one step of a counter that wraps anyway. */
	async open(): Promise<void> {
		try {
			const raw = JSON.parse(await readFile(this.#file, "utf8")) as { bdSeq?: unknown };
			if (Number.isInteger(raw.bdSeq)) this.#bdSeq = raw.bdSeq as number;
		} catch {
			this.#bdSeq = -1;
		}
	}

	/** For the next CONNECT: one more, 0 after 255 [tck-id-topics-nbirth-bdseq-increment]. On disk when it resolves. */
	async next(): Promise<number> {
		this.#bdSeq = (this.#bdSeq + 1) % 256;
		await replaceFile(this.#file, `${JSON.stringify({ bdSeq: this.#bdSeq })}\n`);
		return this.#bdSeq;
	}
}
