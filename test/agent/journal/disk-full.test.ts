import { execFileSync } from "node:child_process";
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { AgentConfig } from "../../../agent/config.ts";
import { type Disk, systemDisk } from "../../../agent/journal/disk.ts";
import { Recorder } from "../../../agent/journal/recorder.ts";
import { TagBook } from "../../../agent/tag-book.ts";
import { SampleColumns } from "../../../common/contract/samples.ts";
import { systemClock } from "../../../common/runtime/clock.ts";
import { describeWithPeer, withoutPeer } from "../../helpers/peers.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { journalIn, readAll, untilDurable } from "./journal-rig.ts";
import { openedBody, recordOf, tagNames, told } from "./known-records.ts";

const KiB = 1024;

function valuesFor(number: number, bytes = 4 * KiB): Buffer {
	return recordOf("U5", [[501, number, "x".repeat(bytes)]]);
}

describeWithPeer("mount", "on a disk that is really full", (mount) => {
	/** A file system of this size, or why there is none. */
	function smallDisk(bytes: number): { folder: string } | { missing: string } {
		const folder = temporaryFolder();
		try {
			execFileSync(mount, ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder], { stdio: "pipe" });
		} catch (error) {
			return { missing: `a tmpfs cannot be mounted (${String(error)}); run the tests as root` };
		}
		onTestFinished(() => {
			// Lazily, or a test that fails with a file open would leave it behind.
			execFileSync(join(dirname(mount), "umount"), ["-l", folder]);
		});
		return { folder };
	}

	/** Takes all the room there is but `bytes`; returns what gives it back. */
	function ballast(folder: string, bytes: number): () => void {
		const { bavail, bsize } = statfsSync(folder);
		const path = join(folder, "ballast");
		writeFileSync(path, Buffer.alloc(bavail * bsize - bytes));
		return () => rmSync(path);
	}

	test("values are kept in memory, then refused into a hole that is written down; with room again all goes on by itself", async (context) => {
		const small = smallDisk(2 * KiB ** 2);
		if ("missing" in small) return withoutPeer(small.missing, process.env, context);
		const config = { devices: [{ name: "U5", tags: [{ name: "Note", type: "String" }] }] };
		const tags = await TagBook.open(temporaryFolder(), config as unknown as AgentConfig);
		const { journal } = journalIn(small.folder, { memoryBytes: 256 * KiB, tags });
		await journal.open();
		const recorder = new Recorder({ journal, tags, clock: systemClock });
		recorder.opened({ epoch: 1, previousEpoch: 0, previousLast: 0 });
		const samples = new SampleColumns(1);
		samples.count = 1;
		samples.tagId[0] = tags.find("U5", "Note")?.id ?? 0;
		let number = 0;
		const record = () => {
			samples.sourceMs[0] = ++number;
			samples.setValue(0, `${number} ${"x".repeat(4 * KiB)}`);
			recorder.cycle({ device: "U5", samples, throughMs: number });
		};
		record();
		await untilDurable(journal, 2);
		const giveRoom = ballast(small.folder, 128 * KiB);
		while (journal.stats().lastError === undefined || recorder.stats.refusedSamples < 10) {
			record();
			await new Promise((resolve) => setImmediate(resolve));
		}
		expect(journal.stats().lastError).toMatch(/ENOSPC/);
		const taken = recorder.stats.records;
		// The disk had room for a part of it only.
		expect(journal.durable.offset).toBeLessThan(taken);
		giveRoom();
		await untilDurable(journal, taken);
		record();
		await untilDurable(journal, recorder.stats.records);
		expect(journal.stats().lastError).toBeUndefined();
		const found = (await readAll(journal, { chain: 0, offset: 0 })).map(({ body }) => told(body));
		const stored = new Set(found.flatMap(({ values }) => values.map(([, sourceMs]) => sourceMs)));
		const holes = found.flatMap(({ gaps }) => gaps);
		expect(holes.every(({ tags: names, cause }) => names[0] === "Note" && cause === "journal_bound")).toBe(
			true,
		);
		const missing = Array.from({ length: number }, (_, index) => index + 1).filter((at) => !stored.has(at));
		expect(missing).toHaveLength(recorder.stats.refusedSamples);
		expect(missing.filter((at) => !holes.some(({ fromMs, toMs }) => fromMs <= at && at <= toMs))).toEqual([]);
		expect(stored.has(number)).toBe(true);
		await journal.close();
	});

	test("also when the journal is at its bound then: it drops again when there is room, and nothing is lost in silence", async (context) => {
		const small = smallDisk(2 * KiB ** 2);
		if ("missing" in small) return withoutPeer(small.missing, process.env, context);
		const { journal, troubles } = journalIn(small.folder, {
			maxBytes: 256 * KiB,
			memoryBytes: 128 * KiB,
			tags: tagNames,
		});
		await journal.open();
		journal.append(openedBody({ epoch: 1_000, previousEpoch: 0, previousLast: 0 }));
		let last = 1;
		const append = () => {
			const taken = journal.append(valuesFor(last + 1)) !== undefined;
			if (taken) last++;
			return taken;
		};
		while (journal.stats().bytes < 250 * KiB) {
			append();
			await untilDurable(journal, last);
		}
		const giveRoom = ballast(small.folder, 0);
		while (append()) await new Promise((resolve) => setImmediate(resolve));
		await expect.poll(() => journal.stats().lastError, { timeout: 5_000 }).toMatch(/ENOSPC/);
		giveRoom();
		await untilDurable(journal, last);
		for (let more = 0; more < 100; more++) {
			expect(append()).toBe(true);
			await untilDurable(journal, last);
		}
		await expect.poll(() => journal.stats().bytes).toBeLessThan((256 + 64 + 8) * KiB);
		// Dropping may still be under way; what is on disk is looked at when it is not.
		await journal.close();
		const { journal: after } = journalIn(small.folder, { tags: tagNames });
		await after.open();
		const [gap, ...others] = await readAll(after, { chain: 0, offset: 0 });
		expect(told(gap?.body as Buffer)).toMatchObject({
			openings: [{ epoch: 1_000 }],
			gaps: [{ fromMs: 2, toMs: gap?.last }],
		});
		expect(others.map(({ offset }) => offset)).toEqual(
			Array.from({ length: last - (gap?.last ?? 0) }, (_, index) => (gap?.last ?? 0) + index + 1),
		);
		expect(troubles.some(({ kind, message }) => kind === "failed" && /ENOSPC/.test(message))).toBe(true);
		await after.close();
	});
});

describe("when the gap record cannot be written", () => {
	function refusing(step: "create" | "write" | "sync" | "rename"): { disk: Disk; allow(): void } {
		let isRefusing = true;
		const refuse = (path: string, at: typeof step) => {
			if (isRefusing && at === step && path.includes(".gap"))
				throw Object.assign(new Error(`ENOSPC: no space left on device, ${at}`), { code: "ENOSPC" });
		};
		const disk: Disk = {
			...systemDisk,
			create: async (path) => {
				refuse(path, "create");
				const file = await systemDisk.create(path);
				return {
					...file,
					write: async (bytes, offset, length, position) => {
						if (isRefusing && step === "write" && path.includes(".gap"))
							await file.write(bytes, offset, Math.floor(length / 2), position);
						refuse(path, "write");
						return await file.write(bytes, offset, length, position);
					},
					sync: async () => {
						refuse(path, "sync");
						await file.sync();
					},
				};
			},
			rename: async (from, to) => {
				refuse(from, "rename");
				await systemDisk.rename(from, to);
			},
		};
		return {
			disk,
			allow: () => {
				isRefusing = false;
			},
		};
	}

	test.each(["create", "write", "sync", "rename"] as const)(
		"because %s fails, the segment stays, the newest is refused within two segments, and all goes on when it can",
		async (step) => {
			const { disk, allow } = refusing(step);
			const { journal, troubles } = journalIn(temporaryFolder(), {
				maxBytes: 256 * KiB,
				tags: tagNames,
				disk,
			});
			await journal.open();
			let last = 0;
			while (journal.append(valuesFor(last + 1)) !== undefined) await untilDurable(journal, ++last);
			expect(journal.stats().bytes).toBeLessThan((256 + 2 * 64 + 8) * KiB);
			expect(journal.stats()).toMatchObject({
				droppedRecords: 0,
				lastError: expect.stringMatching(/ENOSPC/),
			});
			expect(journal.held()[0]?.first).toBe(1);
			expect((await readAll(journal, { chain: 0, offset: 0 })).map(({ last: end }) => end)).toHaveLength(
				last,
			);
			expect(troubles.every(({ kind }) => kind === "failed")).toBe(true);
			allow();
			// The collector confirms something, so that there is room for a record, and a next segment tries again.
			journal.trim({ chain: 1, offset: 20 });
			for (let more = 0; more < 60; more++) {
				while (journal.append(valuesFor(last + 1)) === undefined) await untilDurable(journal, last);
				await untilDurable(journal, ++last);
			}
			await expect.poll(() => journal.stats().lastError).toBeUndefined();
			expect(journal.stats().droppedRecords).toBeGreaterThan(0);
			const [gap, next] = await readAll(journal, { chain: 0, offset: 0 });
			expect(next?.offset).toBe((gap?.last ?? 0) + 1);
			await journal.close();
		},
	);
});
