import type { Disk, DiskFile } from "../../../agent/journal/disk.ts";
import type { Seeded } from "../../delivery/seeded.ts";

/** A change of a file that may or may not have reached the medium. */
type Change = { readonly at: number; readonly bytes: Buffer } | { readonly truncateTo: number };

interface Inode {
	/** What a reader sees. */
	seen: Buffer;
	/** What the medium is known to have. */
	synced: Buffer;
	/** Since the last sync, in order; and the writes that a failed sync has made the system forget. */
	changes: Change[];
}

type NameChange = { readonly path: string; readonly inode: Inode | undefined; readonly from?: string };

const blockBytes = 64;
const failure = (code: string) => Object.assign(new Error(`${code}: the model's disk`), { code });

function patched(content: Buffer, at: number, bytes: Buffer): Buffer {
	const grown = Buffer.alloc(Math.max(content.length, at + bytes.length));
	content.copy(grown);
	bytes.copy(grown, at);
	return grown;
}

/**
 * A disk in memory that keeps after a power cut what was synced, and of everything else any part: any blocks of the
 * unsynced writes of a file, with or without the length, and any of the names made, renamed or removed since the
 * folder's last sync; a rename may leave both names. A write can fail half-way. After a failed sync the system holds
 * unwritten bytes for written, as kernels do. Operations take a few turns of the event loop, in an order that the
 * seed decides.
 */
export class ForgetfulDisk {
	readonly #random: Seeded;
	#names = new Map<string, Inode>();
	#durableNames = new Map<string, Inode>();
	#nameChanges: NameChange[] = [];
	#generation = 0;
	#operations = 0;
	#cutAt = Number.POSITIVE_INFINITY;
	#onCut: () => void = () => undefined;
	/** The share of operations that fail. */
	failureShare = 0;
	/** Syncs that have failed: what a killed process leaves in the system's memory is then no longer to be trusted. */
	failedSyncs = 0;

	constructor(random: Seeded) {
		this.#random = random;
	}

	/** The power goes at one of the next `operations`; resolves then. The process of before never hears from the disk again. */
	cutWithin(operations: number): Promise<void> {
		this.#cutAt = this.#operations + this.#random.from(1, operations);
		return new Promise((resolve) => {
			this.#onCut = resolve;
		});
	}

	/** The process ends, the power stays: what was written is there, synced or not. */
	kill(): void {
		this.#generation++;
		this.#cutAt = Number.POSITIVE_INFINITY;
	}

	cut(): void {
		this.kill();
		const keepShare = [0, 0.3, 0.7, 1][this.#random.from(0, 3)] as number;
		for (const { path, inode, from } of this.#nameChanges) {
			if (!this.#random.chance(keepShare)) continue;
			if (inode === undefined) this.#durableNames.delete(path);
			else this.#durableNames.set(path, inode);
			if (from !== undefined && this.#random.chance(0.8)) this.#durableNames.delete(from);
		}
		this.#nameChanges = [];
		for (const inode of new Set(this.#durableNames.values())) this.#forget(inode);
		// Two names of one file are two files from here on.
		this.#durableNames = new Map(
			[...this.#durableNames].map(([path, { seen }]) => [path, { seen, synced: seen, changes: [] }]),
		);
		this.#names = new Map(this.#durableNames);
		this.#onCut();
	}

	#forget(inode: Inode): void {
		const keepShare = [0, 0.5, 0.9, 1][this.#random.from(0, 3)] as number;
		let content = inode.synced;
		for (const change of inode.changes) {
			if ("truncateTo" in change) {
				if (this.#random.chance(keepShare)) content = content.subarray(0, change.truncateTo);
				continue;
			}
			const { at, bytes } = change;
			for (let from = 0; from < bytes.length; ) {
				const to = Math.min(bytes.length, (Math.floor((at + from) / blockBytes) + 1) * blockBytes - at);
				if (this.#random.chance(keepShare)) content = patched(content, at + from, bytes.subarray(from, to));
				from = to;
			}
			// The length can arrive without the bytes; they read as zeros then.
			if (this.#random.chance(0.3)) content = patched(content, at + bytes.length, Buffer.alloc(0));
		}
		inode.seen = content;
		inode.synced = content;
		inode.changes = [];
	}

	/** The disk as one process has it, until it is killed or the power goes. */
	forProcess(): Disk {
		const generation = this.#generation;
		/** Runs `effect` some turns later, or never. `half` is what a failing or cut operation may have done. */
		const operation = async <T>(effect: () => T, failsWith?: string, half?: () => void): Promise<T> => {
			const turns = this.#random.from(1, 3);
			for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
			if (generation !== this.#generation) return await new Promise<never>(() => undefined);
			this.#operations++;
			if (this.#operations >= this.#cutAt) {
				if (this.#random.chance(0.5)) half?.();
				this.cut();
				return await new Promise<never>(() => undefined);
			}
			if (failsWith !== undefined && this.#random.chance(this.failureShare)) {
				half?.();
				throw failure(failsWith);
			}
			return effect();
		};
		const rename = (path: string, inode: Inode | undefined, from?: string) => {
			if (inode === undefined) this.#names.delete(path);
			else this.#names.set(path, inode);
			if (from !== undefined) this.#names.delete(from);
			this.#nameChanges.push({ path, inode, ...(from === undefined ? {} : { from }) });
		};
		const found = (path: string): Inode => {
			const inode = this.#names.get(path);
			if (inode === undefined) throw failure("ENOENT");
			return inode;
		};
		const fileOf = (inode: Inode): DiskFile => ({
			read: (into, length, position) =>
				operation(() => inode.seen.copy(into, 0, position, Math.min(inode.seen.length, position + length))),
			write: (bytes, offset, length, position) => {
				const whole = Buffer.from(bytes.subarray(offset, offset + length));
				const write = (some: Buffer) => {
					inode.seen = patched(inode.seen, position, some);
					inode.changes.push({ at: position, bytes: some });
					return some.length;
				};
				const part = this.#random.chance(0.2) ? Math.ceil(length / 2) : length;
				return operation(
					() => write(whole.subarray(0, part)),
					"ENOSPC",
					() => write(whole.subarray(0, Math.floor(length / 2))),
				);
			},
			sync: async () => {
				const changes = [...inode.changes];
				await operation(
					() => {
						for (const change of changes) inode.synced = applied(inode.synced, change);
						inode.changes = inode.changes.filter((change) => !changes.includes(change));
					},
					"EIO",
					() => {
						this.failedSyncs++;
						for (const change of changes)
							if (this.#random.chance(0.5)) inode.synced = applied(inode.synced, change);
						inode.changes = inode.changes.filter((change) => !changes.includes(change));
					},
				);
			},
			close: () => operation(() => undefined),
		});
		return {
			makeFolder: () => operation(() => undefined),
			names: () =>
				operation(() => [...this.#names.keys()].map((path) => path.slice(path.lastIndexOf("/") + 1))),
			readWhole: (path) => operation(() => Buffer.from(found(path).seen)),
			times: (path) =>
				operation(() => {
					found(path);
					return { madeMs: 0, changedMs: 0 };
				}),
			create: (path) =>
				operation(() => {
					if (this.#names.has(path)) throw failure("EEXIST");
					const inode: Inode = { seen: Buffer.alloc(0), synced: Buffer.alloc(0), changes: [] };
					rename(path, inode);
					return fileOf(inode);
				}, "ENOSPC"),
			open: (path) => operation(() => fileOf(found(path))),
			truncate: (path, bytes) =>
				operation(() => {
					const inode = found(path);
					inode.seen = inode.seen.subarray(0, bytes);
					inode.changes.push({ truncateTo: bytes });
				}),
			rename: (from, to) => operation(() => rename(to, found(from), from), "EIO"),
			remove: (path) =>
				operation(() => {
					if (this.#names.has(path)) rename(path, undefined);
				}, "EIO"),
			syncFolder: async () => {
				const changes = [...this.#nameChanges];
				await operation(() => {
					for (const { path, inode, from } of changes) {
						if (inode === undefined) this.#durableNames.delete(path);
						else this.#durableNames.set(path, inode);
						if (from !== undefined) this.#durableNames.delete(from);
					}
					this.#nameChanges = this.#nameChanges.filter((change) => !changes.includes(change));
				}, "EIO");
			},
		};
	}
}

function applied(content: Buffer, change: Change): Buffer {
	return "truncateTo" in change
		? content.subarray(0, change.truncateTo)
		: patched(content, change.at, change.bytes);
}
