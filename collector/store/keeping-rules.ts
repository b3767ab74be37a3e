// What the keeper does next, decided from what there is. Pure.

import { samplesPerSeq } from "../pipeline.ts";
import type { KeepingState, ListedRecords } from "./keeping-state.ts";
import { readPartName } from "./parts/part-file.ts";

type Listed = KeepingState["listed"][number];

const dayMs = 86_400_000;
/** A part of so many samples is large enough. */
const largeSamples = 4_000_000;
/** Samples that are put together at once. */
const togetherSamples = 25_000_000;
const togetherParts = 64;

/**
 * The parts to put together next: neighbours that were sealed before today and are small, two at least. Times are wall
 * clock.
 */
export function partsToCompact(state: KeepingState, nowMs: number): Listed[] {
	const todayMs = Math.floor(nowMs / dayMs) * dayMs;
	let run: Listed[] = [];
	let samples = 0;
	for (const part of state.listed.filter(({ level }) => level === 0)) {
		const fits =
			part.sealedMs < todayMs &&
			part.samples < largeSamples &&
			samples + part.samples <= togetherSamples &&
			run.length < togetherParts;
		if (fits) {
			run.push(part);
			samples += part.samples;
			continue;
		}
		if (run.length > 1) return run;
		run = [];
		samples = 0;
	}
	return run.length > 1 ? run : [];
}

export interface RetentionBounds {
	/** Parts whose newest sample is older go; for ever when undefined. */
	readonly keepMs: number | undefined;
	/** The oldest parts go while all files together are larger; without bound when undefined. */
	readonly keepBytes: number | undefined;
}

export interface Retirement {
	readonly parts: readonly { readonly part: Listed; readonly why: string }[];
	/** Bytes beyond `keepBytes` that stay, because somebody still needs them. */
	readonly heldBytes: number;
}

/**
 * What is too old or too much, the oldest first; never what a follower within its bound or an open lot still needs. Parts
 * count with their rollups, whose sizes are given by name, and with the record files that go when they do.
 */
export function partsToRetire(
	state: KeepingState,
	{ keepMs, keepBytes }: RetentionBounds,
	nowMs: number,
	rollupBytes: ReadonlyMap<string, number>,
): Retirement {
	const parts: { part: Listed; why: string }[] = [];
	const bytesOf = ({ bytes, rollup = "" }: Listed) => bytes + (rollupBytes.get(rollup) ?? 0);
	let listed = [...state.listed];
	let partBytes = listed.reduce((sum, part) => sum + bytesOf(part), 0);
	const retiredTo = [retiredBefore(state)];
	const allBytes = () => partBytes + bytesAbove(state.recordFiles, retiredBelow(listed, retiredTo));
	for (const part of state.listed.toSorted((a, b) => a.maxMs - b.maxMs)) {
		const isOld = keepMs !== undefined && part.maxMs < nowMs - keepMs;
		const isMuch = keepBytes !== undefined && allBytes() > keepBytes;
		if (!isOld && !isMuch) continue;
		const needed =
			part.toPos > state.heldFrom || part.maxMs >= (state.openLotsFromMs ?? Number.POSITIVE_INFINITY);
		if (needed) continue;
		partBytes -= bytesOf(part);
		listed = listed.filter((other) => other !== part);
		retiredTo.push(part.toPos);
		parts.push({ part, why: isOld ? "older than store.keep_days" : "beyond store.keep_mb" });
	}
	return { parts, heldBytes: keepBytes === undefined ? 0 : Math.max(0, allBytes() - keepBytes) };
}

/** Record files that lie below every part, because those beside them were retired. */
export function recordsToRetire(state: KeepingState): ListedRecords[] {
	const border = retiredBelow(state.listed, [retiredBefore(state)]);
	return state.recordFiles.filter(({ toSeq }) => toSeq * samplesPerSeq <= border);
}

/** The position after the last that a retired part held. */
function retiredBefore({ retired }: KeepingState): number {
	return Math.max(0, ...retired.map((name) => readPartName(name)?.toPos ?? 0));
}

/** The position below which all parts are retired. */
function retiredBelow(listed: readonly Listed[], retiredTo: readonly number[]): number {
	return Math.min(Math.max(...retiredTo), ...listed.map(({ fromPos }) => fromPos));
}

function bytesAbove(files: readonly ListedRecords[], border: number): number {
	return files.reduce((sum, { toSeq, bytes }) => (toSeq * samplesPerSeq > border ? sum + bytes : sum), 0);
}
