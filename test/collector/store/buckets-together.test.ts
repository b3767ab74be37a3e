import { expect, onTestFinished, test } from "vitest";
import { bucketPiecesMost, type SamplePiece } from "../../../collector/samples-port.ts";
import { readBuckets, readBucketsOfEach } from "../../../collector/store/sample-slices.ts";
import { beganMs, hourMs, KnownStore, minuteMs } from "./known-store.ts";
import { ask, compact, sealTo } from "./sealed-store.ts";

const tags = Array.from({ length: bucketPiecesMost + 2 }, (_, index) => `TT${index}`);

test("buckets of several tags together are those of each alone: with a gap of one tag, a silent tag, more tags than are read at once", async () => {
	const store = new KnownStore();
	onTestFinished(() => store.remove());
	for (const tag of [...tags, "quiet"]) store.series("U500", tag, "Double");
	const samples = Array.from({ length: 600 }, (_, index) => ({
		...{ tag: tags[index % tags.length] as string, value: (index * 37) % 101 },
		...{ atMs: beganMs + index * 9_000, status: 0 },
	}));
	store.records("U500", samples, 40);
	const gap = { id: "g", edgeNode: 1, device: "U500", tags: ["TT1"], cause: "server_overflow" as const };
	const hole = { fromMs: beganMs + 20 * minuteMs, toMs: beganMs + 29 * minuteMs };
	store.commit({ gaps: [{ ...gap, ...hole, backfilled: false, noticedMs: 1 }] });
	await sealTo(store.file, store.path, 1);
	await sealTo(store.file, store.path, 15);
	await compact(store);
	const period = { fromMs: beganMs - hourMs, toMs: beganMs + 3 * hourMs - 1 };
	const pieces = [...tags, "quiet"].map(
		(tag, index): SamplePiece => ({
			...{ unit: "U500", tag, datatype: "Double", eu: undefined, series: [index + 1], ...period },
		}),
	);
	await ask(store.path, async (db, rows) => {
		expect(rows.rollups("U500", period, []).length).toBeGreaterThan(0);
		for (const asked of [pieces, [pieces[3], pieces[1]] as SamplePiece[], pieces.toReversed()]) {
			const together = await readBucketsOfEach(db, rows, asked, 5 * minuteMs);
			rows.minutes.want([]);
			const alone = [];
			for (const piece of asked) alone.push(await readBuckets(db, rows, piece, 5 * minuteMs));
			expect(together).toEqual(alone);
			expect(alone.some(({ samples }) => samples.some((count) => count > 0))).toBe(true);
		}
		// Pieces of other periods are not taken from each other's minutes.
		const shifted = pieces.map((piece, index) => ({ ...piece, fromMs: piece.fromMs + index * minuteMs }));
		const together = await readBucketsOfEach(db, rows, shifted, 5 * minuteMs);
		rows.minutes.want([]);
		for (const [index, piece] of shifted.entries())
			expect(together[index]).toEqual(await readBuckets(db, rows, piece, 5 * minuteMs));
	});
});
