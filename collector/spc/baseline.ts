import { createHash } from "node:crypto";
import type { ChartName } from "./chart.ts";

/** One point that a baseline stands on or was kept out of it. */
export interface BaselinePoint {
	/** What the plant calls it: a lot, a batch, a row. */
	readonly id: string;
	readonly atMs: number;
	readonly value: number;
	/** Why it does not count, in words; undefined when it does. */
	readonly excluded: string | undefined;
}

/** What is frozen. Nothing of it ever changes: another opinion is the next version. */
export interface Baseline {
	readonly characteristic: string;
	/** Counts from 1. */
	readonly version: number;
	readonly chart: ChartName;
	readonly center: number;
	readonly sigma: number;
	/** The mean moving range. */
	readonly meanRange: number;
	/** Points that count. */
	readonly n: number;
	readonly points: readonly BaselinePoint[];
	/** Who froze it, when and why. */
	readonly by: string;
	readonly atMs: number;
	readonly reason: string;
	/** SHA-256, in hexadecimal, of everything above as canonical JSON. */
	readonly hash: string;
}

/**
 * A baseline with its hash, frozen all the way down.
 * @throws RangeError without a name, a reason, or a reason for each exclusion
 */
export function freezeBaseline(content: Omit<Baseline, "hash">): Baseline {
	if (content.by.trim() === "") throw new RangeError("expected a name of who freezes the baseline");
	if (content.reason.trim() === "") throw new RangeError("expected a reason for the baseline");
	for (const { id, excluded } of content.points)
		if (excluded !== undefined && excluded.trim() === "")
			throw new RangeError(`expected a reason why ${id} is excluded`);
	const points = content.points.map((point) => Object.freeze({ ...point }));
	return Object.freeze({ ...content, points: Object.freeze(points), hash: baselineHash(content) });
}

/** What the hash of a baseline has to be. */
function baselineHash(content: Omit<Baseline, "hash">): string {
	const { characteristic, version, chart, center, sigma, meanRange, n, points, by, atMs, reason } = content;
	const told = { characteristic, version, chart, center, sigma, meanRange, n, by, atMs, reason };
	const plain = points.map(({ id, atMs: at, value, excluded }) => ({
		...{ id, atMs: at, value },
		...(excluded === undefined ? {} : { excluded }),
	}));
	return createHash("sha256")
		.update(canonicalJson({ ...told, points: plain }))
		.digest("hex");
}

/** Whether a stored baseline still is what was frozen. */
export function isIntact(baseline: Baseline): boolean {
	return baselineHash(baseline) === baseline.hash;
}

/** JSON with sorted keys and no blanks: RFC 8785 for plain data with finite numbers. */
function canonicalJson(value: unknown): string {
	if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
	if (typeof value !== "object" || value === null) return JSON.stringify(value);
	const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
	return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
}
