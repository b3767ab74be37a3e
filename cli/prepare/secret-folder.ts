import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";

/** Its owner writes it; its owner and, in containers, those who are given its group read it. */
const folderMode = 0o750;
const fileMode = 0o440;

/** What has become of a file. */
export type FileFate = "made" | "renewed" | "kept";

/** A folder of secrets that remembers what it did with each file. */
export class SecretFolder {
	readonly #path: string;
	readonly #fates: Map<string, FileFate>;
	readonly #name: string;

	constructor(parent: string, name: string, fates: Map<string, FileFate>) {
		this.#path = join(parent, name);
		this.#name = name;
		this.#fates = fates;
	}

	/** The file's text, or undefined when there is none. @throws CodedError CONFIG_UNREADABLE */
	async read(file: string): Promise<string | undefined> {
		try {
			return await readFile(join(this.#path, file), "utf8");
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
			throw this.#trouble(file, error);
		}
	}

	/** The text is in the file, whole or not at all, whatever happens meanwhile. @throws CodedError CONFIG_UNREADABLE */
	async write(file: string, text: string): Promise<void> {
		const before = await this.read(file);
		this.#fates.set(
			`${this.#name}/${file}`,
			before === undefined ? "made" : before === text ? "kept" : "renewed",
		);
		if (before === text) return;
		const path = join(this.#path, file);
		const beside = `${path}.new`;
		try {
			await mkdir(this.#path, { recursive: true, mode: folderMode });
			await rm(beside, { force: true });
			await writeFile(beside, text, { mode: 0o600, flush: true });
			// Whatever the umask leaves out.
			await chmod(beside, fileMode);
			await rename(beside, path);
		} catch (error) {
			throw this.#trouble(file, error);
		}
	}

	/** What the file has, or what `make` gives when there is none. */
	async keep(file: string, make: () => string): Promise<string> {
		const text = (await this.read(file)) ?? make();
		await this.write(file, text);
		return text;
	}

	#trouble(file: string, error: unknown): CodedError {
		const path = join(this.#path, file);
		const message = `expected a file that this user may read and write, ${path}: ${errorText(error)}`;
		return new CodedError("CONFIG_UNREADABLE", message, { cause: error });
	}
}
