import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CodedError } from "./coded-error.ts";

/**
 * One process owns a data directory. The lock file names the owner by process id and start time, so that a
 * lock left by a power cut, or a process id used again, does not keep the directory shut.
 */
export class DataDirectory {
	readonly path: string;
	#lock: string | undefined;

	constructor(path: string) {
		this.path = path;
	}

	/** @throws CodedError DATA_DIR_BUSY when a living process owns the directory. */
	async acquire(): Promise<void> {
		await mkdir(this.path, { recursive: true, mode: 0o750 });
		const lock = join(this.path, "lock");
		const self = await identity(process.pid);
		for (let attempt = 0; attempt < 3; attempt++) {
			try {
				const handle = await open(lock, "wx", 0o640);
				await handle.writeFile(self);
				await handle.close();
				this.#lock = lock;
				return;
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
			}
			const owner = (await readFile(lock, "utf8").catch(() => "")).trim();
			const pid = Number(owner.split(" ")[0]);
			if (pid > 0 && pid !== process.pid && (await identity(pid)) === owner) {
				throw new CodedError(
					"DATA_DIR_BUSY",
					`${this.path} belongs to the running process ${pid}; stop it, or give this one another data_dir`,
				);
			}
			await rm(lock, { force: true });
		}
		throw new CodedError(
			"DATA_DIR_BUSY",
			`${this.path} is being taken by another process at this moment; try again`,
		);
	}

	async release(): Promise<void> {
		const lock = this.#lock;
		this.#lock = undefined;
		if (lock !== undefined) await rm(lock, { force: true });
	}
}

/** `<pid> <start time in clock ticks>` of a living process, or the pid alone where /proc does not exist. */
async function identity(pid: number): Promise<string> {
	try {
		const stat = await readFile(`/proc/${pid}/stat`, "utf8");
		// The command name in parentheses may hold blanks; the start time is the 20th field after it.
		const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
		return `${pid} ${startTime}`;
	} catch {
		return String(pid);
	}
}

/** Replaces a small file so that after a power cut it is either the old one or the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
	const temporary = `${path}.new`;
	const handle = await open(temporary, "w", 0o640);
	try {
		await handle.writeFile(text);
		await handle.sync();
	} finally {
		await handle.close();
	}
	await rename(temporary, path);
	const folder = await open(dirname(path), "r");
	try {
		await folder.sync();
	} finally {
		await folder.close();
	}
}
