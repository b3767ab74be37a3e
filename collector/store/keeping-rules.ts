// What the keeper does next, decided from what there is. Pure.

import type { KeepingState } from "./keeping-state.ts";

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
	/** The oldest parts go while all together are larger; without bound when undefined. */
	readonly keepBytes: number | undefined;
}

export interface Retirement {
	readonly parts: readonly { readonly part: Listed; readonly why: string }[];
	/** Bytes beyond `keepBytes` that stay, because somebody still needs them. */
	readonly heldBytes: number;
}

/** What is too old or too much, the oldest first; never what a follower within its bound or an open lot still needs. */
export function partsToRetire(state: KeepingState, bounds: RetentionBounds, nowMs: number): Retirement {
	const { keepMs, keepBytes } = bounds;
	const parts: { part: Listed; why: string }[] = [];
	let bytes = state.listed.reduce((sum, part) => sum + part.bytes, 0);
	for (const part of state.listed.toSorted((a, b) => a.maxMs - b.maxMs)) {
		const isOld = keepMs !== undefined && part.maxMs < nowMs - keepMs;
		const isMuch = keepBytes !== undefined && bytes > keepBytes;
		if (!isOld && !isMuch) continue;
		const needed =
			part.toPos > state.heldFrom || part.maxMs >= (state.openLotsFromMs ?? Number.POSITIVE_INFINITY);
		if (needed) continue;
		bytes -= part.bytes;
		parts.push({ part, why: isOld ? "older than store.keep_days" : "beyond store.keep_mb" });
	}
	return { parts, heldBytes: keepBytes === undefined ? 0 : Math.max(0, bytes - keepBytes) };
}
