import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CodedError } from "./coded-error.ts";

/** Locks of this process. They stand here because a database that nobody refers to is closed. */
const guards = new Set<DatabaseSync>();

/**
 * One process owns a data directory. What decides is a lock of the operating system, which nobody can take twice and
 * which ends with its process, however that ends; SQLite is how Node.js comes by one, on a file that stays empty.
 * A second file names the owner, for people.
 */
export class DataDirectory {
	readonly path: string;
	#guard: DatabaseSync | undefined;

	constructor(path: string) {
		this.path = path;
	}

	/** @throws CodedError DATA_DIR_BUSY when a living process owns the directory. */
	async acquire(): Promise<void> {
		if (this.#guard !== undefined) return;
		await mkdir(this.path, { recursive: true, mode: 0o750 });
		const guard = new DatabaseSync(join(this.path, "lock.db"));
		try {
			guard.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
			await replaceFile(join(this.path, "lock"), await identity(process.pid));
		} catch (error) {
			guard.close();
			if (!isBusy(error)) throw error;
			const owner = (await readFile(join(this.path, "lock"), "utf8").catch(() => "")).trim();
			const pid = Number(owner.split(" ")[0]);
			const known = pid > 0 && (await identity(pid)) === owner;
			throw new CodedError(
				"DATA_DIR_BUSY",
				`${this.path} belongs to ${known ? `the running process ${pid}` : "another running process"}; stop it, or give this one another data_dir`,
			);
		}
		this.#guard = guard;
		guards.add(guard);
	}

	/** Whether a living process owns the directory, which stays as it is. @throws Error when that cannot be found out */
	static isOwned(path: string): boolean {
		const file = join(path, "lock.db");
		if (!existsSync(file)) return false;
		// Not for reading only: what an owner that was killed has left behind could not be cleared then.
		const guard = new DatabaseSync(file);
		try {
			guard.exec("PRAGMA busy_timeout = 0; BEGIN; SELECT count(*) FROM sqlite_master; ROLLBACK");
			return false;
		} catch (error) {
			if (!isBusy(error)) throw error;
			return true;
		} finally {
			guard.close();
		}
	}

	async release(): Promise<void> {
		const guard = this.#guard;
		this.#guard = undefined;
		if (guard === undefined) return;
		// The name goes while the lock still stands, so that it is not the next owner's.
		await rm(join(this.path, "lock"), { force: true });
		guard.close();
		guards.delete(guard);
	}
}

function isBusy(error: unknown): boolean {
	const busy = 5;
	return (error as { errcode?: unknown }).errcode === busy;
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
