import { type FileHandle, mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Something that a database, or line protocol itself, refused. */
export interface DeadLetter {
	/** Wall clock. */
	readonly atMs: number;
	readonly reason: string;
	/** The line as it was sent; absent where none could be made. */
	readonly line?: string;
	/** What is known where there is no line: tag, source time, position. */
	readonly what?: string;
	/** Further lines of the same request that were refused for the same reason and are not named. */
	readonly more?: number;
}

/**
 * A file of JSON lines with what could not be written, for people. Its size is bounded: when half the bound is reached it
 * becomes `….1.jsonl`, and what that held before is gone; the values themselves stay in the store.
 */
export class DeadLetters {
	readonly path: string;
	readonly #bytesMax: number;
	#file: FileHandle | undefined;
	#bytes = 0;

	/** `path` ends in `.jsonl`. Nothing is created before the first letter. */
	constructor(path: string, bytesMax: number) {
		this.path = path;
		this.#bytesMax = bytesMax;
	}

	/** Resolves when the letters are on disk. */
	async append(letters: readonly DeadLetter[]): Promise<void> {
		if (letters.length === 0) return;
		const text = letters.map(({ atMs, ...rest }) => {
			return `${JSON.stringify({ at: new Date(atMs).toISOString(), ...rest })}\n`;
		});
		const bytes = Buffer.from(text.join(""));
		const file = await this.#opened(bytes.length);
		await file.appendFile(bytes);
		this.#bytes += bytes.length;
		await file.datasync();
	}

	async close(): Promise<void> {
		const file = this.#file;
		this.#file = undefined;
		await file?.close();
	}

	async #opened(further: number): Promise<FileHandle> {
		if (this.#file === undefined) {
			await mkdir(dirname(this.path), { recursive: true, mode: 0o750 });
			const known = await stat(this.path).catch(() => undefined);
			this.#bytes = known?.size ?? 0;
		}
		if (this.#bytes > 0 && this.#bytes + further > this.#bytesMax / 2) {
			await this.close();
			await rename(this.path, this.path.replace(/\.jsonl$/, ".1.jsonl"));
			this.#bytes = 0;
		}
		this.#file ??= await open(this.path, "a", 0o640);
		return this.#file;
	}
}
