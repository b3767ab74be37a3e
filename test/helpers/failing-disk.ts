import { type FileHandle, open } from "node:fs/promises";
import { onTestFinished } from "vitest";

const inputOutputError = () => Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" });
const noSpace = () => Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });

interface HeldSync {
	fail(): void;
	succeed(): void;
}

/**
 * Real files on a disk that fails when a test says so. After a failed sync, what was written since the last good one
 * is gone from the file, as when a kernel drops the dirty pages it could not write.
 */
export class FailingDisk {
	/** So many of the next syncs fail. */
	failingSyncs = 0;
	/** So many of the next writes fail, after a part of their bytes arrived. */
	failingWrites = 0;
	/** Syncs of a file whose sync or write had failed before: after a failure the kernel's word on it is worth nothing. */
	retriedSyncs = 0;
	#heldWrite: ((release: () => void) => void) | undefined;
	#hold: ((held: HeldSync) => void) | undefined;

	/** Holds the next sync; resolves when it has been asked for. */
	holdNextSync(): Promise<HeldSync> {
		return new Promise((resolve) => {
			this.#hold = resolve;
		});
	}

	/** Holds the next write; resolves with what lets it go on. */
	holdNextWrite(): Promise<() => void> {
		return new Promise((resolve) => {
			this.#heldWrite = resolve;
		});
	}

	/** Stands behind every file handle until the running test ends. */
	static async install(anyFile: string): Promise<FailingDisk> {
		const disk = new FailingDisk();
		const probe = await open(anyFile, "r");
		const prototype = Object.getPrototypeOf(probe) as FileHandle;
		await probe.close();
		const { datasync, write } = prototype;
		const synced = new WeakMap<FileHandle, number>();
		const failed = new WeakSet<FileHandle>();
		prototype.datasync = async function (this: FileHandle) {
			if (failed.has(this)) disk.retriedSyncs++;
			let fails = disk.failingSyncs > 0;
			if (fails) disk.failingSyncs--;
			const hold = disk.#hold;
			disk.#hold = undefined;
			if (hold !== undefined) {
				fails = await new Promise<boolean>((resolve) =>
					hold({ fail: () => resolve(true), succeed: () => resolve(false) }),
				);
			}
			const { size } = await this.stat();
			if (fails) {
				failed.add(this);
				await this.truncate(synced.get(this) ?? 0);
				throw inputOutputError();
			}
			await datasync.call(this);
			synced.set(this, size);
		};
		// Only the form that the journal uses: bytes, offset, length, position.
		prototype.write = async function (this: FileHandle, ...args: unknown[]) {
			const heldWrite = disk.#heldWrite;
			disk.#heldWrite = undefined;
			if (heldWrite !== undefined) await new Promise<void>((release) => heldWrite(release));
			if (disk.failingWrites === 0) return Reflect.apply(write, this, args);
			disk.failingWrites--;
			const [bytes, offset, length, position] = args as [Buffer, number, number, number];
			await Reflect.apply(write, this, [bytes, offset, Math.floor(length / 2), position]);
			throw noSpace();
		} as FileHandle["write"];
		onTestFinished(() => {
			Object.assign(prototype, { datasync, write });
		});
		return disk;
	}
}
