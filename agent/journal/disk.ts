import { mkdir, open, readdir, readFile, rename, rm, stat, truncate } from "node:fs/promises";

/** An open file. `read` and `write` move as many bytes as the system likes and say how many. */
export interface DiskFile {
	read(into: Buffer, length: number, position: number): Promise<number>;
	write(bytes: Buffer, offset: number, length: number, position: number): Promise<number>;
	/** fdatasync: contents and length are on the medium. Says nothing of the file's name. */
	sync(): Promise<void>;
	close(): Promise<void>;
}

/**
 * What the journal asks of a file system, and nothing more, so that a test can take its place and forget what was not
 * synced. Errors are those of the system, with their `code`. The journal relies on exactly this: what was written to
 * a file is kept after its `sync`; names that were made, renamed or removed are so for good after `syncFolder`; a
 * rename replaces a file as a whole. Everything else may be lost in a power cut, in any order.
 */
export interface Disk {
	makeFolder(path: string): Promise<void>;
	names(folder: string): Promise<string[]>;
	readWhole(path: string): Promise<Buffer>;
	/** In milliseconds of the wall clock; a system that does not know when a file was made says when it was changed. */
	times(path: string): Promise<{ madeMs: number; changedMs: number }>;
	/** A new file for writing; one that is there already is an error. */
	create(path: string): Promise<DiskFile>;
	/** A file for reading. */
	open(path: string): Promise<DiskFile>;
	truncate(path: string, bytes: number): Promise<void>;
	rename(from: string, to: string): Promise<void>;
	/** A file that is not there is no error. */
	remove(path: string): Promise<void>;
	syncFolder(path: string): Promise<void>;
}

async function opened(path: string, flags: string): Promise<DiskFile> {
	const handle = await open(path, flags, 0o640);
	return {
		read: async (into, length, position) => (await handle.read(into, 0, length, position)).bytesRead,
		write: async (bytes, offset, length, position) =>
			(await handle.write(bytes, offset, length, position)).bytesWritten,
		sync: () => handle.datasync(),
		close: () => handle.close(),
	};
}

/** The machine's own file system. */
export const systemDisk: Disk = {
	makeFolder: async (path) => {
		await mkdir(path, { recursive: true });
	},
	names: (folder) => readdir(folder),
	readWhole: (path) => readFile(path),
	times: async (path) => {
		const { birthtimeMs, mtimeMs } = await stat(path);
		return { madeMs: birthtimeMs > 0 ? Math.min(birthtimeMs, mtimeMs) : mtimeMs, changedMs: mtimeMs };
	},
	create: (path) => opened(path, "wx"),
	open: (path) => opened(path, "r"),
	truncate,
	rename,
	remove: (path) => rm(path, { force: true }),
	syncFolder: async (path) => {
		const handle = await open(path, "r");
		try {
			await handle.sync();
		} finally {
			await handle.close();
		}
	},
};

/** Writes all of `bytes` at `position`, however many calls that takes. */
export async function writeWhole(file: DiskFile, bytes: Buffer, position: number): Promise<void> {
	for (let done = 0; done < bytes.length; ) {
		done += await file.write(bytes, done, bytes.length - done, position + done);
	}
}
