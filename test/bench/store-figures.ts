// What the store costs on this machine: `node test/bench/store-figures.ts [million samples]`, one JSON document at the
// end. Values are random walks, three in five of them on a grid of 0.01; times have 100 ns, server times lag 2 to 20 ms:
// a hard case for compression. CPU is the process's, all threads together.

import {
	closeSync,
	fdatasyncSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	rmSync,
	statSync,
	writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { nextStretch } from "../../collector/store/keeping-state.ts";
import { PartTable } from "../../collector/store/part-table.ts";
import { compactParts } from "../../collector/store/parts/compaction.ts";
import { Duck } from "../../collector/store/parts/duck.ts";
import { partFolder } from "../../collector/store/parts/part-folder.ts";
import { ReadingParts } from "../../collector/store/parts/reading-parts.ts";
import { sealRange } from "../../collector/store/parts/sealing.ts";
import { StoreReader } from "../../collector/store/reader.ts";
import { readBuckets, readSlice } from "../../collector/store/sample-slices.ts";
import { Store } from "../../collector/store/store.ts";
import { StoreFile } from "../../collector/store/store-file.ts";
import { readTrend } from "../../collector/store/trend-query.ts";
import { beganMs, Line, perUnit, tags } from "./bench-line.ts";

const limits = { memoryMb: 384, threads: 1, temporaryMb: 4_096 };

interface Cost {
	cpuS: number;
	wallS: number;
}

async function measured<T>(work: () => T | Promise<T>): Promise<[T, Cost]> {
	const cpu = process.cpuUsage();
	const began = performance.now();
	const result = await work();
	const { user, system } = process.cpuUsage(cpu);
	return [result, { cpuS: (user + system) / 1e6, wallS: (performance.now() - began) / 1e3 }];
}

function create(directory: string): { file: StoreFile; path: string } {
	const path = join(directory, "store.db");
	const file = new StoreFile(path);
	file.commit({
		...new Line().batch(0, 0),
		edgeNodes: [{ id: 1, group: "site", edgeNode: "agent-1" }],
		series: Array.from({ length: tags }, (_, index) => ({
			...{ id: index + 1, edgeNode: 1, device: `U${Math.floor(index / perUnit)}`, tag: `T${index}` },
			...{ datatype: 10, eu: undefined },
		})),
		cache: undefined,
	});
	return { file, path };
}

function removeStore(directory: string): void {
	for (const name of ["store.db", "store.db-wal", "store.db-shm"])
		rmSync(join(directory, name), { force: true });
}

async function appended(file: StoreFile, line: Line, samples: number, records: number, seconds: number) {
	const batches = Math.round(samples / (records * seconds * perUnit));
	let making = 0;
	const [, cost] = await measured(() => {
		for (let index = 0; index < batches; index++) {
			const cpu = process.cpuUsage();
			const batch = line.batch(records, seconds);
			const { user, system } = process.cpuUsage(cpu);
			making += (user + system) / 1e6;
			file.commit(batch);
		}
	});
	const million = (batches * records * seconds * perUnit) / 1e6;
	return {
		cpuSPerMillion: round((cost.cpuS - making) / million),
		wallSPerMillion: round(cost.wallS / million),
	};
}

/** What the disk alone takes of the processor for as many writes, each made to last, as there are batches. */
function syncedWrites(directory: string, samples: number, perWrite: number) {
	const path = join(directory, "synced");
	const file = openSync(path, "w");
	const page = new Uint8Array(4_096);
	const writes = Math.round(samples / perWrite);
	const cpu = process.cpuUsage();
	for (let write = 0; write < writes; write++) {
		writeSync(file, page, 0, page.length, (write % 1_000) * page.length);
		fdatasyncSync(file);
	}
	const { user, system } = process.cpuUsage(cpu);
	closeSync(file);
	rmSync(path);
	return { cpuSPerMillion: round((user + system) / samples) };
}

/** The first and the middle of several runs, and what one costs. */
async function timed(work: () => Promise<unknown>) {
	const times: number[] = [];
	const [, cost] = await measured(async () => {
		for (let run = 0; run < 7; run++) {
			const began = performance.now();
			await work();
			times.push(performance.now() - began);
		}
	});
	const sorted = times.toSorted((a, b) => a - b);
	const [firstMs, middleMs] = [round(times[0] as number), round(sorted[3] as number)];
	return { firstMs, middleMs, cpuMs: round((cost.cpuS / 7) * 1e3) };
}

/** Latency of commits of 5,000 samples, ten a second, alone and beside questions without end. */
async function besideQuestions(path: string, line: Line) {
	const store = new Store();
	const reader = new StoreReader();
	await store.open(path);
	await reader.open(path, { ...limits, threads: 2 });
	const period = { fromMs: beganMs, toMs: beganMs + 86_400_000 - 1 };
	const commits = async () => {
		const times: number[] = [];
		for (let commit = 0; commit < 100; commit++) {
			const began = performance.now();
			await store.commit(line.batch(10, 20));
			times.push(performance.now() - began);
			await new Promise((resolve) => setTimeout(resolve, Math.max(0, 100 - (performance.now() - began))));
		}
		times.sort((a, b) => a - b);
		return { p50Ms: round(times[49] as number), p99Ms: round(times[98] as number) };
	};
	const alone = await commits();
	let asking = true;
	let questions = 0;
	const asked = (async () => {
		for (; asking; questions++) {
			const tag = questions % perUnit;
			await reader.trend({ ...period, unit: "U0", tag: `T${tag}`, points: 600, phaseTag: "Phase" });
		}
	})();
	const beside = await commits();
	asking = false;
	await asked;
	await reader.close();
	await store.close();
	return { alone, beside, questions };
}

const round = (value: number) => Math.round(value * 1_000) / 1_000;

async function figures(million: number): Promise<object> {
	const directory = mkdtempSync(join(tmpdir(), "pilotline-figures-"));
	try {
		const small = create(directory);
		const batches25 = await appended(small.file, new Line(), 200_000, 1, 1);
		small.file.close();
		const synced25 = syncedWrites(directory, 200_000, 25);
		removeStore(directory);
		const together = create(directory);
		const records25 = await appended(together.file, new Line(), 1e6, 200, 1);
		together.file.close();
		removeStore(directory);

		const { file, path } = create(directory);
		const line = new Line();
		const batches5000 = await appended(file, line, million * 1e6, 10, 20);
		file.run("UPDATE judgement_cache SET seq = ?", line.seq);
		const hotBytes = statSync(path).size;

		mkdirSync(partFolder(path), { recursive: true });
		const db = new DatabaseSync(path, { readOnly: true });
		const table = new PartTable(file);
		const duck = await Duck.open(partFolder(path), join(partFolder(path), "temporary-keeper"), limits);
		const request = () => ({ fromPos: table.sealedTo, instance: file.meta("instance") });
		let sealing: Cost = { cpuS: 0, wallS: 0 };
		let trimming: Cost = { cpuS: 0, wallS: 0 };
		for (;;) {
			const { toPos, samples } = nextStretch(db, 360_000);
			if (samples === 0) break;
			const [, cost] = await measured(async () => {
				const part = await sealRange(db, duck, { ...request(), toPos }, { folder: partFolder(path) });
				table.list({ part, toPos, atMs: 1 });
			});
			const [, trimmed] = await measured(() => {
				while (table.trim());
			});
			sealing = { cpuS: sealing.cpuS + cost.cpuS, wallS: sealing.wallS + cost.wallS };
			trimming = { cpuS: trimming.cpuS + trimmed.cpuS, wallS: trimming.wallS + trimmed.wallS };
		}
		const listed = () => file.all("SELECT file, samples, bytes FROM part WHERE state = 'listed'");
		const sum = (key: string) => listed().reduce((total, row) => total + Number(row[key]), 0);
		const sealed = { parts: listed().length, samples: sum("samples"), bytes: sum("bytes") };

		const reading = new ReadingParts(partFolder(path), { ...limits, threads: 2 }, "reader");
		const series = { unit: "U0", tag: "T1", series: [2], datatype: "Double", eu: undefined };
		const period = { fromMs: beganMs, toMs: beganMs + 86_400_000 - 1 };
		const queries = async () => ({
			oneTagOneDay: await timed(() =>
				reading.view(db, (_file, rows) => readSlice(rows, { ...series, ...period }, 100_000)),
			),
			trendOfOneDay: await timed(() =>
				reading.view(db, (handle, rows) =>
					readTrend(handle, rows, { ...period, unit: "U0", tag: "T1", points: 600, phaseTag: "Phase" }),
				),
			),
			eightTagsMinuteBuckets: await timed(() =>
				reading.view(db, async (handle, rows) => {
					for (let tag = 0; tag < 8; tag++)
						await readBuckets(
							handle,
							rows,
							{ ...series, ...period, tag: `T${tag}`, series: [tag + 1] },
							60_000,
						);
				}),
			),
		});
		const byHour = await queries();
		const [made, compaction] = await measured(() => {
			const rows = listed();
			const names = rows.map((row) => String(row.file));
			const samples = rows.reduce((total, row) => total + Number(row.samples), 0);
			return compactParts(
				duck,
				{ files: names, samples, instance: file.meta("instance") },
				{ folder: partFolder(path) },
			).then((parts) => {
				table.replace({ parts, replaced: names, atMs: 1 });
				return parts;
			});
		});
		const compacted = { parts: made.length, bytes: sum("bytes") };
		const byDay = await queries();
		reading.close();
		duck.close();
		db.close();
		file.close();
		const commits = await besideQuestions(path, line);
		return {
			million,
			append: {
				// Each a transaction of its own, made to last; of it, the disk's share.
				batchesOf25: batches25,
				disksShareOf25: synced25,
				// As the intake commits small records that come fast: many in one transaction.
				recordsOf25In5000: records25,
				batchesOf5000: batches5000,
				hotBytesPerSample: round(hotBytes / million / 1e6),
			},
			sealing: {
				cpuSPerMillion: round(sealing.cpuS / million),
				deletingCpuSPerMillion: round(trimming.cpuS / million),
				parts: sealed.parts,
				bytesPerSample: round(sealed.bytes / sealed.samples),
			},
			compaction: {
				cpuSPerMillion: round(compaction.cpuS / million),
				parts: compacted.parts,
				bytesPerSample: round(compacted.bytes / sealed.samples),
			},
			queries: { beforeCompaction: byHour, after: byDay },
			commits,
			rssMb: Math.round(process.memoryUsage().rss / 1e6),
		};
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}

if (import.meta.main)
	process.stdout.write(`${JSON.stringify(await figures(Number(process.argv[2] ?? 2)), null, "\t")}\n`);
