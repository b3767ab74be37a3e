import { createHash } from "node:crypto";
import type {
	ChartBaselineRow,
	ChartCommit,
	ChartedLot,
	ChartPointRow,
	ChartSignalRow,
	LotNumber,
	LotNumbersQuery,
	StoredCharts,
} from "../chart-port.ts";
import type { SpecVersion } from "../specification-port.ts";
import type { CollectorTelemetry } from "../telemetry.ts";
import { type Baseline, isIntact } from "./baseline.ts";
import { LotChart, type LotPoint, personalBaseline, type WantedBaseline } from "./lot-chart.ts";
import { type RuleName, usual } from "./rules.ts";

/** The windows whose means are charted. */
export function chartedWindows(inForce: SpecVersion | undefined): LotNumbersQuery["windows"] {
	const windows = inForce?.specification.windows ?? [];
	return windows.map(({ id, unit, tag, blanking_s }) => ({ id, unit, tag, blankingMs: blanking_s * 1_000 }));
}

/** More characteristics than this are refused, counted and named once. */
const chartsMax = 1_000;

export interface LotChartsOptions {
	/** What a lot has given in numbers, in any order. */
	readonly numbers: (lot: ChartedLot) => Promise<readonly LotNumber[]>;
	/** What was there when the collector started. */
	readonly stored: StoredCharts;
	readonly wanted: readonly (WantedBaseline & { readonly characteristic: string })[];
	readonly telemetry: Pick<
		CollectorTelemetry,
		"chartSignalled" | "baselineFrozen" | "baselineRefused" | "chartRefused"
	>;
	readonly rules?: readonly RuleName[];
}

/**
 * The charts of all characteristics. A lot's numbers become points, signals and baselines, which are rows of the transaction
 * that has the lot's verdict. Nothing changes here until that transaction is done (`keep`).
 */
export class LotCharts {
	readonly #options: LotChartsOptions;
	readonly #charts = new Map<string, LotChart>();
	/** What the last lot did, until its rows are stored. */
	readonly #pendingCharts = new Map<string, LotChart>();
	readonly #stored = new Map<
		string,
		{ readonly points: readonly LotPoint[]; readonly baseline: Baseline | undefined }
	>();

	constructor(options: LotChartsOptions) {
		this.#options = options;
		const baselines = new Map<string, Baseline>();
		for (const { characteristic, version, body } of options.stored.baselines) {
			const baseline = readBaseline(body);
			if (baseline === undefined || !isIntact(baseline)) {
				options.telemetry.baselineRefused({ characteristic, version, reason: "it does not match its hash" });
				continue;
			}
			if (version >= (baselines.get(characteristic)?.version ?? 0)) baselines.set(characteristic, baseline);
		}
		const points = Map.groupBy(options.stored.points, ({ characteristic }) => characteristic);
		for (const characteristic of new Set([...points.keys(), ...baselines.keys()]))
			this.#stored.set(characteristic, {
				points: (points.get(characteristic) ?? []).map(({ lot, atMs, value, rejected, revision }) => ({
					...{ lot, atMs, value, rejected, revision },
				})),
				baseline: baselines.get(characteristic),
			});
	}

	/** The baselines that persons want and that are not stored yet, as rows to store; from then on they judge. */
	wantedBaselines(nowMs: number): ChartBaselineRow[] {
		const { wanted, telemetry } = this.#options;
		const rows: ChartBaselineRow[] = [];
		for (const one of [...wanted].sort((a, b) => a.version - b.version)) {
			const { characteristic, version } = one;
			const chart = this.#chart(characteristic);
			if (chart === undefined || version <= (chart.baseline?.version ?? 0)) continue;
			try {
				const baseline = personalBaseline(characteristic, chart.points, one, nowMs);
				chart.adopt(baseline);
				rows.push(rowOf(baseline));
				telemetry.baselineFrozen({ characteristic, version, by: baseline.by, n: baseline.n });
			} catch (error) {
				if (!(error instanceof RangeError)) throw error;
				telemetry.baselineRefused({ characteristic, version, reason: error.message });
			}
		}
		return rows;
	}

	/** Rows for a lot that is being judged. The same numbers again give none. What was not kept before is forgotten. */
	async lot(lot: ChartedLot, nowMs: number): Promise<ChartCommit> {
		return this.take(await this.#options.numbers(lot), nowMs);
	}

	/** The rows of the last lot are stored. */
	keep(): void {
		for (const [characteristic, chart] of this.#pendingCharts) this.#charts.set(characteristic, chart);
		this.#pendingCharts.clear();
	}

	/** Rows for numbers of any source; like `lot` it waits for `keep`. */
	take(numbers: readonly LotNumber[], nowMs: number): ChartCommit {
		this.#pendingCharts.clear();
		const { telemetry } = this.#options;
		const points: ChartPointRow[] = [];
		const signals: ChartSignalRow[] = [];
		const baselines: ChartBaselineRow[] = [];
		for (const number of numbers) {
			const { characteristic, lot } = number;
			const chart = this.#pendingCharts.get(characteristic) ?? this.#chart(characteristic)?.copy();
			if (chart === undefined) {
				telemetry.chartRefused({ characteristic });
				continue;
			}
			const before = chart.points.find((point) => point.lot === lot);
			if (before !== undefined && before.value === number.value && before.rejected === number.rejected)
				continue;
			const { stored, ...told } = number;
			const revision = Math.max(stored, before?.revision ?? 0) + 1;
			if (before === undefined && stored > 0) {
				// Of a lot that is too long ago there is a new value, and nobody left to compare it with.
				points.push({ ...told, ...noLimits, revision, judgedMs: nowMs });
				continue;
			}
			this.#pendingCharts.set(characteristic, chart);
			const { frozen, signals: found, ...limits } = chart.next({ ...pointOf(number), revision }, nowMs);
			points.push({ ...told, ...limits, revision, judgedMs: nowMs });
			for (const rule of found) {
				const id = causeOf("chart signal", characteristic, lot, revision, rule);
				signals.push({ ...told, ...limits, id, rule, revision, notedMs: nowMs });
				telemetry.chartSignalled({ characteristic, lot, rule });
			}
			if (frozen === undefined) continue;
			baselines.push(rowOf(frozen));
			telemetry.baselineFrozen({ characteristic, version: frozen.version, by: frozen.by, n: frozen.n });
		}
		return { points, signals, baselines };
	}

	#chart(characteristic: string): LotChart | undefined {
		const known = this.#charts.get(characteristic);
		if (known !== undefined) return known;
		if (this.#charts.size >= chartsMax) return undefined;
		const chart = new LotChart(characteristic, this.#options.rules ?? usual);
		const stored = this.#stored.get(characteristic);
		if (stored !== undefined) chart.load(stored.points, stored.baseline);
		this.#stored.delete(characteristic);
		this.#charts.set(characteristic, chart);
		return chart;
	}
}

const noLimits = { center: undefined, lower: undefined, upper: undefined, baselineVersion: undefined };

function pointOf({ lot, atMs, value, rejected }: LotNumber): Omit<LotPoint, "revision"> {
	return { lot, atMs, value, rejected };
}

function rowOf(baseline: Baseline): ChartBaselineRow {
	const { characteristic, version, hash, atMs, by, n } = baseline;
	return { characteristic, version, hash, atMs, by, n, body: JSON.stringify(baseline) };
}

function readBaseline(body: string): Baseline | undefined {
	try {
		const read: unknown = JSON.parse(body);
		return typeof read === "object" && read !== null && "points" in read ? (read as Baseline) : undefined;
	} catch {
		return undefined;
	}
}

/** An id that the same cause always gets again. */
function causeOf(...cause: (string | number)[]): string {
	return createHash("sha256").update(JSON.stringify(cause)).digest("hex").slice(0, 32);
}
