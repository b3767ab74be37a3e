// What asking costs in a store of 100 million samples: `node test/bench/store-large.ts [days of 100 tags a second]`, one JSON
// document at the end. DuckDB makes the day parts directly, of known content, and every answer is compared with it; 18 more
// days have one value in ten seconds, so that 30 days of minutes are there. Takes minutes, and 1.5 GB of the temporary folder.

import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Duck, quoted } from "../../collector/store/parts/duck.ts";
import { partName } from "../../collector/store/parts/part-file.ts";
import { partFolder } from "../../collector/store/parts/part-folder.ts";
import { ReadingParts } from "../../collector/store/parts/reading-parts.ts";
import { writeRollup } from "../../collector/store/parts/rollup.ts";
import { writePart } from "../../collector/store/parts/sealing.ts";
import { readBucketsOfEach, readSlice } from "../../collector/store/sample-slices.ts";
import { StoreFile } from "../../collector/store/store-file.ts";
import { readTrend } from "../../collector/store/trend-query.ts";

const tags = 100;
const perUnit = 25;
const units = tags / perUnit;
const beganMs = Date.UTC(2026, 9, 1);
const dayMs = 86_400_000;
const sparseDays = 18;
const limits = { memoryMb: 384, threads: 1, temporaryMb: 8_192 };

/** The samples of a day; a value follows from its series and its second since the beginning. */
function dayQuery(day: number, everyS: number): string {
	const values = `CASE WHEN series % 5 < 3 THEN round(v, 2) ELSE v END`;
	return `SELECT (series + 1)::UINTEGER AS series, ((second * ${units} + series // ${perUnit}) * 512 + series % ${perUnit})::BIGINT AS pos,
		make_timestamp((${beganMs} + second * 1000 + series % ${perUnit})::BIGINT * 1000 + (hash(series, second) % 1000)::BIGINT) AS source_time,
		(hash(second, series) % 10)::UTINYINT AS source_rest, (20000 + (hash(series, second, 3) % 180000)::BIGINT)::BIGINT AS server_lag,
		0::UINTEGER AS status, ${values} AS value, NULL::BIGINT AS ivalue, NULL::VARCHAR AS tvalue, NULL::BLOB AS bvalue
	FROM (SELECT s.range AS series, t.range AS second,
			500 + 20 * sin(t.range / 600.0 + s.range) + (hash(s.range, t.range, 1) % 1000)::DOUBLE / 1000 AS v
		FROM range(${tags}) s, range(${day * 86_400}, ${(day + 1) * 86_400}, ${everyS}) t)`;
}

/** One day as a listed part with its rollup. */
async function makeDay(
	file: StoreFile,
	duck: Duck,
	folder: string,
	day: number,
	everyS: number,
): Promise<number> {
	const [fromPos, toPos] = [day, day + 1].map((each) => each * 86_400 * units * 512) as [number, number];
	const [part, rollup] = ["d", "r"].map((kind) =>
		partName(fromPos, toPos, `${kind}${day}`, file.meta("instance")),
	) as [string, string];
	const path = join(folder, part);
	await writePart(duck, dayQuery(day, everyS), path);
	await writeRollup(duck, `read_parquet(${quoted(path)})`, join(folder, rollup), tags * 1_440);
	const samples = (tags * 86_400) / everyS;
	const [minMs, maxMs] = [beganMs + day * dayMs, beganMs + (day + 1) * dayMs - everyS * 1_000 + perUnit - 1];
	file.run(
		"INSERT INTO part VALUES (?, 1, ?, ?, ?, ?, ?, ?, '', 'listed', NULL, 1, ?)",
		...[part, fromPos, toPos, minMs, maxMs, samples, statSync(path).size, rollup],
	);
	return samples;
}

async function timed(question: () => Promise<void>, turns = 9) {
	const times: number[] = [];
	const cpu = process.cpuUsage();
	for (let turn = 0; turn < turns; turn++) {
		const began = performance.now();
		await question();
		times.push(performance.now() - began);
	}
	const { user, system } = process.cpuUsage(cpu);
	const middleMs = times.toSorted((a, b) => a - b)[Math.floor(turns / 2)] as number;
	return {
		firstMs: round(times[0] as number),
		middleMs: round(middleMs),
		cpuMs: round((user + system) / 1e3 / turns),
	};
}

const round = (value: number) => Math.round(value * 10) / 10;

function expectEqual(what: string, found: unknown, expected: unknown): void {
	if (String(found) !== String(expected)) throw new Error(`${what}: expected ${expected}, found ${found}`);
}

async function figures(days: number): Promise<object> {
	const directory = mkdtempSync(join(tmpdir(), "pilotline-large-"));
	try {
		const path = join(directory, "store.db");
		const folder = partFolder(path);
		mkdirSync(folder);
		const file = new StoreFile(path);
		file.run("INSERT INTO edge_node VALUES (1, 'site', 'agent-1')");
		for (let series = 0; series < tags; series++)
			file.run(
				"INSERT INTO series VALUES (?, 1, ?, ?, 10, NULL)",
				series + 1,
				`U${Math.floor(series / perUnit)}`,
				`T${series}`,
			);
		const duck = await Duck.open(folder, join(folder, "temporary-keeper"), limits);
		let samples = 0;
		for (let day = 0; day < days + sparseDays; day++) {
			samples += await makeDay(file, duck, folder, day, day < days ? 1 : 10);
			process.stderr.write(
				`day ${day + 1} of ${days + sparseDays}: ${Math.round(samples / 1e6)} million samples\n`,
			);
		}
		duck.close();
		const end = (days + sparseDays) * 86_400 * units * 512;
		file.run("UPDATE meta SET value = ? WHERE key IN ('sealed_to', 'records_to', 'counted_to')", String(end));
		file.close();

		const db = new DatabaseSync(path, { readOnly: true });
		const reading = new ReadingParts(folder, { ...limits, threads: 2 }, "reader");
		const piece = (series: number, fromMs: number, toMs: number) => ({
			...{ unit: `U${Math.floor(series / perUnit)}`, tag: `T${series}`, series: [series + 1] },
			...{ datatype: "Double", eu: undefined, fromMs, toMs },
		});
		let turn = 0;
		const oneTagOneDay = await timed(() =>
			reading.view(db, async (_file, rows) => {
				const [series, day] = [(turn * 37 + 11) % tags, turn++ % days];
				const fromMs = beganMs + day * dayMs;
				const slice = await readSlice(rows, piece(series, fromMs, fromMs + dayMs - 1), 100_000);
				expectEqual("samples of a day", slice.atMs.length, 86_400);
				expectEqual("its first time", slice.atMs[0], fromMs + (series % perUnit));
				const value = Number(slice.value[0]);
				const middle = 500 + 20 * Math.sin((day * 86_400) / 600 + series);
				if (value < middle - 0.01 || value > middle + 1.01)
					throw new Error(`expected about ${middle}, found ${value}`);
			}),
		);
		turn = 0;
		const trendOfOneDay = await timed(() =>
			reading.view(db, async (handle, rows) => {
				const [series, day] = [(turn * 37 + 5) % tags, turn++ % days];
				const fromMs = beganMs + day * dayMs;
				const asked = {
					unit: `U${Math.floor(series / perUnit)}`,
					tag: `T${series}`,
					points: 600,
					phaseTag: "Phase",
				};
				const trend = await readTrend(handle, rows, { ...asked, fromMs, toMs: fromMs + dayMs - 1 });
				expectEqual("samples of a trend", trend?.samples, 86_400);
			}),
		);
		turn = 0;
		const eightTagsThirtyDays = await timed(() =>
			reading.view(db, async (handle, rows) => {
				const last = Math.min(30, days + sparseDays) * dayMs;
				const first = (turn++ * 13) % (tags - 8);
				const pieces = Array.from({ length: 8 }, (_, index) =>
					piece(first + index, beganMs, beganMs + last - 1),
				);
				for (const buckets of await readBucketsOfEach(handle, rows, pieces, 2_700_000)) {
					expectEqual("buckets", buckets.atMs.length, last / 2_700_000);
					expectEqual("samples of the first bucket", buckets.samples[0], 2_700);
				}
			}),
		);
		reading.close();
		db.close();
		return { millionSamples: round(samples / 1e6), oneTagOneDay, trendOfOneDay, eightTagsThirtyDays };
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}

if (import.meta.main)
	process.stdout.write(`${JSON.stringify(await figures(Number(process.argv[2] ?? 12)), null, "\t")}\n`);
