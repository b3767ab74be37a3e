import { expect, test } from "vitest";
import type { DiskFile } from "../../../agent/journal/disk.ts";
import { liveThroughSeeds, type Mutation } from "./power-loss-run.ts";

const seeds = 300;

test(`in ${seeds} random histories with power cuts, what was durable is there or its gap record is`, async () => {
	const counts = await liveThroughSeeds(1, seeds);
	// The model must have been where it hurts.
	expect(counts.cuts).toBeGreaterThan(seeds);
	expect(counts.kills).toBeGreaterThan(seeds / 10);
	expect(counts.gapRecords).toBeGreaterThan(seeds / 2);
	expect(counts.failures).toBeGreaterThan(seeds);
	expect(counts.records).toBeGreaterThan(seeds * 50);
});

/** Syncs of the files that `isSpared` names do nothing. */
function withoutSync(isSpared: (path: string, isNew: boolean) => boolean): Mutation {
	const spared = (path: string, isNew: boolean, file: DiskFile): DiskFile =>
		isSpared(path, isNew) ? { ...file, sync: () => Promise.resolve() } : file;
	return (disk) => ({
		...disk,
		create: async (path) => spared(path, true, await disk.create(path)),
		open: async (path) => spared(path, false, await disk.open(path)),
	});
}

/** After a rename to such a name the folder's sync does nothing. */
function withoutFolderSync(isSpared: (path: string) => boolean): Mutation {
	return (disk) => {
		let renamed = "";
		return {
			...disk,
			rename: (from, to) => {
				renamed = to;
				return disk.rename(from, to);
			},
			syncFolder: (path) => (isSpared(renamed) ? Promise.resolve() : disk.syncFolder(path)),
		};
	};
}

test.each<[string, Mutation]>([
	["the sync of segments", withoutSync((path, isNew) => isNew && path.includes(".journal"))],
	["the sync of gap files", withoutSync((path) => path.includes(".gap"))],
	["the sync of what a killed process left", withoutSync((_, isNew) => !isNew)],
	["the folder's sync for segments", withoutFolderSync((path) => path.endsWith(".journal"))],
	["the folder's sync for gap files", withoutFolderSync((path) => path.endsWith(".gap"))],
])("without %s the model finds a loss", async (_, mutation) => {
	await expect(liveThroughSeeds(1, seeds, mutation)).rejects.toThrow(/^seed \d+: AssertionError/);
});
