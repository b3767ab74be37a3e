// What a lot has given in numbers: the mean of a window's tag over the window's runs of that lot.

import type { DatabaseSync } from "node:sqlite";
import { isGood } from "../../common/contract/status.ts";
import type { LotNumber, LotNumbersQuery } from "../chart-port.ts";
import { all, get } from "./read-rows.ts";
import type { SampleRows } from "./sample-rows.ts";

/** Samples of one unit that one lot may read through. */
const scanSamplesMax = 4_000_000;

interface Run {
	readonly window: string;
	readonly fromMs: number;
	readonly toMs: number;
	readonly badSamples: number;
	/** It had begun before anybody looked. */
	readonly unseen: boolean;
}

/** A tag's samples in order of source time; NaN for what is not Good or no number. */
interface Series {
	readonly atMs: number[];
	readonly value: number[];
}

/**
 * One number for each window that had a run of the lot. Every Good value counts for as long as it held behind the blanking: until
 * the next sample of the tag, or the end of the run. A run with values that were not Good, or without any, one whose beginning nobody saw, and a
 * hole in the unit's data meanwhile reject the number.
 */
export async function readLotNumbers(
	db: DatabaseSync,
	rows: SampleRows,
	{ lot, windows, gaps }: LotNumbersQuery,
): Promise<LotNumber[]> {
	const runs = all(
		db,
		// A run that began with the first thing that was ever heard of its batch had begun before.
		`SELECT window, from_ms, to_ms, bad_samples, EXISTS (SELECT 1 FROM unit_visit v WHERE v.unit = p.unit AND v.batch = p.batch
			AND v.start_observed = 0 AND v.from_ms = p.from_ms) AS unseen
		FROM window_period p WHERE lot = ? ORDER BY window, from_ms`,
		lot,
	).map((row) => ({
		window: String(row.window),
		fromMs: Number(row.from_ms),
		toMs: Number(row.to_ms),
		badSamples: Number(row.bad_samples),
		unseen: row.unseen === 1,
	}));
	const known = new Map(windows.map((window) => [window.id, window]));
	const byUnit = Map.groupBy(
		runs.filter(({ window }) => known.has(window)),
		({ window }) => known.get(window)?.unit ?? "",
	);
	const numbers: LotNumber[] = [];
	for (const [unit, own] of byUnit) {
		const tags = new Set(own.map(({ window }) => known.get(window)?.tag ?? ""));
		const samples = await samplesOf(db, rows, { unit, tags, runs: own });
		for (const [window, its] of Map.groupBy(own, ({ window }) => window)) {
			const series = samples?.get(known.get(window)?.tag ?? "");
			const blankingMs = known.get(window)?.blankingMs ?? 0;
			const mean = series === undefined ? undefined : heldMean(series, its, blankingMs);
			const toMs = Math.max(...its.map((run) => run.toMs));
			const hole = gaps.find(
				(gap) => gap.unit === unit && its.some((run) => gap.fromMs < run.toMs && gap.toMs > run.fromMs),
			);
			const bad = its.reduce((sum, run) => sum + run.badSamples, 0);
			const reasons = [
				...(samples === undefined ? [`more than ${scanSamplesMax} samples in the unit`] : []),
				...(samples !== undefined && mean === undefined ? ["no good value"] : []),
				...(its.some(({ unseen }) => unseen) ? ["its beginning was not seen"] : []),
				...(bad > 0 ? [`${bad} values that were not good`] : []),
				...(hole === undefined ? [] : [`gap: ${hole.cause}`]),
			];
			const characteristic = `${window}/mean`;
			numbers.push({
				...{ characteristic, lot, atMs: toMs, stored: storedRevision(db, characteristic, lot) },
				...{ value: mean?.value, samples: mean?.samples ?? 0 },
				rejected: reasons.length === 0 ? undefined : reasons.join("; "),
			});
		}
	}
	return numbers;
}

function storedRevision(db: DatabaseSync, characteristic: string, lot: string): number {
	const sql = "SELECT coalesce(max(revision), 0) AS n FROM chart_point WHERE characteristic = ? AND lot = ?";
	return Number(get(db, sql, characteristic, lot)?.n);
}

/** The samples of some tags of a unit, from the first to the last run; undefined when there are too many to read. */
async function samplesOf(
	db: DatabaseSync,
	rows: SampleRows,
	{ unit, tags, runs }: { unit: string; tags: ReadonlySet<string>; runs: readonly Run[] },
): Promise<Map<string, Series> | undefined> {
	const [fromMs, toMs] = [
		Math.min(...runs.map((run) => run.fromMs)),
		Math.max(...runs.map((run) => run.toMs)),
	];
	const { samples } = await rows.records.figures({ device: unit, endFromMs: fromMs, beginToMs: toMs });
	if (samples > scanSamplesMax) return undefined;
	const series = all(db, "SELECT id, tag, datatype FROM series WHERE device = ?", unit).filter(({ tag }) =>
		tags.has(String(tag)),
	);
	const found = new Map<string, Series>();
	if (series.length === 0) return found;
	const byId = new Map(series.map((row) => [Number(row.id), row]));
	const order = new Map<string, { atMs: number; value: number }[]>();
	for await (const { count, samples } of rows.ofSeries({ unit, series: [...byId.keys()], fromMs, toMs })) {
		for (let index = 0; index < count; index++) {
			const row = byId.get(samples.tagId[index] as number);
			if (row === undefined) continue;
			const value = samples.value(index);
			const number = typeof value === "number" || typeof value === "bigint" ? Number(value) : Number.NaN;
			const isUsable = isGood(samples.status[index] as number) && Number.isFinite(number);
			const list = order.get(String(row.tag)) ?? [];
			list.push({ atMs: samples.sourceMs[index] as number, value: isUsable ? number : Number.NaN });
			order.set(String(row.tag), list);
		}
	}
	for (const [tag, list] of order) {
		list.sort((a, b) => a.atMs - b.atMs);
		found.set(tag, { atMs: list.map(({ atMs }) => atMs), value: list.map(({ value }) => value) });
	}
	return found;
}

/**
 * The mean of the Good values in the runs, each weighted with the time it held after the blanking; undefined without any. What
 * held when the blanking ended counts from then on.
 */
function heldMean(
	{ atMs, value }: Series,
	runs: readonly Run[],
	blankingMs: number,
): { value: number; samples: number } | undefined {
	let [mean, held, samples] = [0, 0, 0];
	// Values that came all at one moment, the end of a run, held for no time.
	let [plain, plainCount] = [0, 0];
	for (const { fromMs: beganMs, toMs } of runs) {
		const fromMs = beganMs + blankingMs;
		let index = firstFrom(atMs, fromMs);
		if (index > 0 && (atMs[index - 1] as number) >= beganMs && fromMs < toMs) index--;
		for (; index < atMs.length && (atMs[index] as number) <= toMs; index++) {
			const own = value[index] as number;
			if (Number.isNaN(own)) continue;
			samples++;
			plain += (own - plain) / ++plainCount;
			const time = Math.min(atMs[index + 1] ?? toMs, toMs) - Math.max(atMs[index] as number, fromMs);
			if (time <= 0) continue;
			held += time;
			mean += ((own - mean) * time) / held;
		}
	}
	if (samples === 0) return undefined;
	return { value: held > 0 ? mean : plain, samples };
}

function firstFrom(atMs: readonly number[], fromMs: number): number {
	let [low, high] = [0, atMs.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((atMs[middle] as number) < fromMs) low = middle + 1;
		else high = middle;
	}
	return low;
}
