import { type Baseline, type BaselinePoint, freezeBaseline } from "./baseline.ts";
import { lockedPoints } from "./chart.ts";
import { type IndividualsBasis, individualsBasis, individualsChart, knownBasis } from "./individuals.ts";
import { type Column, isThere, nothing, present } from "./numerics/column.ts";
import { type RuleName, RunRules, usual } from "./rules.ts";
import { type SignalName, Signals } from "./signals.ts";
import { predictionLimits } from "./small-sample.ts";

/** A lot's number for a characteristic. */
export interface LotPoint {
	readonly lot: string;
	readonly atMs: number;
	/** Undefined where there is none. */
	readonly value: number | undefined;
	/** Why it does not count, in words. */
	readonly rejected: string | undefined;
	/** How often the lot has had a point, with this one. */
	readonly revision: number;
}

/** What a point means on the chart, at the moment at which it came. */
export interface JudgedPoint {
	readonly center: number | undefined;
	readonly lower: number | undefined;
	readonly upper: number | undefined;
	/** The baseline's version; undefined while limits are provisional, or there are none. */
	readonly baselineVersion: number | undefined;
	readonly signals: readonly SignalName[];
	/** A baseline that this point has completed; it judges from the next one on. */
	readonly frozen: Baseline | undefined;
}

/** Fewer points before a value than this make no limits at all. */
const limitsFrom = 3;
/** The newest points are remembered; rules look at fourteen, a baseline at 25. */
const rememberedMax = 300;
/** Who freezes a first baseline when nobody else has. */
const collectorName = "collector";

/**
 * One characteristic, lot by lot. Without a baseline limits are those for the next normal value from all before it, and one
 * thing signals: a value beyond them. Once 25 values count and none of them signals on limits of their own, they are frozen as
 * version 1, and run rules watch from then on. Out of control at 25 it stays provisional, until a person says what to leave out.
 */
export class LotChart {
	readonly #characteristic: string;
	readonly #rules: readonly RuleName[];
	readonly #points: LotPoint[] = [];
	#baseline: Baseline | undefined;
	#watch: RunRules;

	constructor(characteristic: string, rules: readonly RuleName[] = usual) {
		this.#characteristic = characteristic;
		this.#rules = rules;
		this.#watch = new RunRules(rules);
	}

	/** Takes up what was there before; nothing of it is judged again. */
	load(points: readonly LotPoint[], baseline: Baseline | undefined): void {
		this.#points.splice(0, this.#points.length, ...points.slice(-rememberedMax));
		this.#baseline = baseline;
		this.#watch = this.#watchedUpTo(this.#points.length);
	}

	/** The same chart, for steps that may be taken back by throwing it away. */
	copy(): LotChart {
		const copy = new LotChart(this.#characteristic, this.#rules);
		copy.load(this.#points, this.#baseline);
		return copy;
	}

	/** From now on this baseline judges. */
	adopt(baseline: Baseline): void {
		this.#baseline = baseline;
		this.#watch = this.#watchedUpTo(this.#points.length);
	}

	get baseline(): Baseline | undefined {
		return this.#baseline;
	}

	/** The points that are remembered, oldest first. */
	get points(): readonly LotPoint[] {
		return this.#points;
	}

	/** Judges a lot's point. One that the lot has had before is replaced, and judged in its old place. */
	next(point: LotPoint, nowMs: number): JudgedPoint {
		const place = this.#points.findIndex(({ lot }) => lot === point.lot);
		if (place >= 0) {
			this.#points[place] = point;
			const judged = this.#judged(point, place, this.#watchedUpTo(place));
			this.#watch = this.#watchedUpTo(this.#points.length);
			return { ...judged, frozen: this.#freeze(nowMs) };
		}
		const judged = this.#judged(point, this.#points.length, this.#watch);
		this.#points.push(point);
		if (this.#points.length > rememberedMax) this.#points.shift();
		return { ...judged, frozen: this.#freeze(nowMs) };
	}

	#judged(point: LotPoint, place: number, watch: RunRules): Omit<JudgedPoint, "frozen"> {
		const value = counting(point);
		const baseline = this.#baseline;
		if (baseline !== undefined) {
			const { center, sigma, version } = baseline;
			const signals = new Signals();
			signals.addMask(0, watch.next((value - center) / sigma));
			return {
				...{ center, lower: center - 3 * sigma, upper: center + 3 * sigma, baselineVersion: version },
				signals: [...signals].map(({ rule }) => rule),
			};
		}
		const before = present(columnOf(this.#points.slice(0, place)));
		const none = { center: undefined, lower: undefined, upper: undefined, baselineVersion: undefined };
		if (before.length < limitsFrom || before.every((one) => one === before[0]))
			return { ...none, signals: [] };
		const { lower, upper } = predictionLimits(before);
		return {
			...{ center: (lower + upper) / 2, lower, upper, baselineVersion: undefined },
			signals: value < lower || value > upper ? ["beyond-limit"] : [],
		};
	}

	/** The rules as they are after the points before `place`. */
	#watchedUpTo(place: number): RunRules {
		const watch = new RunRules(this.#rules);
		const baseline = this.#baseline;
		if (baseline === undefined) return watch;
		for (const point of this.#points.slice(0, place))
			watch.next((counting(point) - baseline.center) / baseline.sigma);
		return watch;
	}

	#freeze(nowMs: number): Baseline | undefined {
		if (this.#baseline !== undefined) return undefined;
		const values = columnOf(this.#points);
		if (present(values).length < lockedPoints) return undefined;
		const basis = inControl(values, this.#rules);
		if (basis === undefined) return undefined;
		const reason = `the first ${lockedPoints} lots, in control`;
		const frozen = baselineOf(this.#characteristic, 1, this.#points, basis, {
			...{ by: collectorName, atMs: nowMs, reason },
		});
		this.adopt(frozen);
		return frozen;
	}
}

/** The points as a baseline; one that is rejected is excluded with its reason. */
function baselineOf(
	characteristic: string,
	version: number,
	points: readonly LotPoint[],
	{ center, sigma, meanRange, n }: IndividualsBasis,
	said: { readonly by: string; readonly atMs: number; readonly reason: string },
): Baseline {
	return freezeBaseline({
		...{ characteristic, version, chart: "imr", center, sigma, meanRange: meanRange ?? 0, n },
		...said,
		points: points.flatMap(({ lot, atMs, value, rejected }): BaselinePoint[] =>
			value === undefined ? [] : [{ id: lot, atMs, value, excluded: rejected }],
		),
	});
}

/** What a person wants a baseline to be made of. */
export interface WantedBaseline {
	readonly version: number;
	/** The first and the last lot of it. */
	readonly from: string;
	readonly to: string;
	readonly excluded: readonly { readonly lot: string; readonly reason: string }[];
	readonly by: string;
	readonly reason: string;
}

/**
 * A baseline from points between two lots.
 * @throws RangeError when a lot is not there, or what is left makes no chart
 */
export function personalBaseline(
	characteristic: string,
	points: readonly LotPoint[],
	wanted: WantedBaseline,
	atMs: number,
): Baseline {
	const at = (lot: string): number => {
		const place = points.findIndex((point) => point.lot === lot);
		if (place < 0) throw new RangeError(`expected a lot with a point of ${characteristic}, found ${lot}`);
		return place;
	};
	const [from, to] = [at(wanted.from), at(wanted.to)];
	if (to < from) throw new RangeError(`expected ${wanted.from} before ${wanted.to}`);
	const left = new Map(wanted.excluded.map(({ lot, reason }) => [lot, reason]));
	for (const lot of left.keys()) at(lot);
	const chosen = points
		.slice(from, to + 1)
		.map((point) => ({ ...point, rejected: left.get(point.lot) ?? point.rejected }));
	const basis = (() => {
		try {
			return individualsBasis(columnOf(chosen));
		} catch (error) {
			throw new RangeError(`${characteristic}: ${error instanceof Error ? error.message : error}`);
		}
	})();
	const { version, by, reason } = wanted;
	return baselineOf(characteristic, version, chosen, basis, { by, atMs, reason });
}

/** The basis of values none of which signals against it; undefined otherwise. */
function inControl(values: Column, rules: readonly RuleName[]): IndividualsBasis | undefined {
	const given = present(values);
	if (given.every((value) => value === given[0])) return undefined;
	let basis: IndividualsBasis;
	try {
		basis = individualsBasis(values);
	} catch {
		return undefined;
	}
	const { panels } = individualsChart(values, knownBasis(basis.center, basis.sigma), { rules });
	return panels[0].signals.length === 0 ? basis : undefined;
}

function columnOf(points: readonly LotPoint[]): Column {
	return Float64Array.from(points, counting);
}

function counting({ value, rejected }: LotPoint): number {
	return value === undefined || rejected !== undefined || !isThere(value) ? nothing : value;
}
