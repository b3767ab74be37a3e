// How often a chart cries wolf while nothing is wrong: exact where it is published or an exact chain gives it, else counted on
// seeded standard normal points.

import { SeededNormals } from "./numerics/random.ts";
import { nelson, type RuleName, RunRules, usual, westernElectric } from "./rules.ts";

export interface FalseAlarms {
	/** Points from one false alarm to the next, in the mean; undefined where there is none to be had. */
	readonly runLength: number | undefined;
	/** `exact` by a Markov chain, `counted` on seeded points to about 1 %. */
	readonly by: "exact" | "counted";
}

/** By Markov chain; Champ and Woodall, Technometrics 29 (1987), have those of Western Electric's rules. */
const exact: readonly (readonly [readonly RuleName[], number])[] = [
	[["beyond-3-sigma"], 370.4],
	[["nine-on-one-side"], 511],
	[usual, 216.7],
	[["beyond-3-sigma", "two-of-three-beyond-2-sigma"], 225.44],
	[["beyond-3-sigma", "four-of-five-beyond-1-sigma"], 166.05],
	[["beyond-3-sigma", "eight-on-one-side"], 152.73],
	[[...usual, "two-of-three-beyond-2-sigma", "four-of-five-beyond-1-sigma"], 109.05],
	[westernElectric, 91.75],
	[nelson, 73.4],
];

const countedPoints = 3_000_000;
const seed = 20_261_123;

/** Of run rules on independent normal points with known mean and sigma. */
export function ruleFalseAlarms(names: readonly RuleName[]): FalseAlarms {
	if (names.length === 0) return { runLength: undefined, by: "exact" };
	const set = [...new Set(names)].sort().join();
	const published = exact.find(([rules]) => [...rules].sort().join() === set);
	if (published !== undefined) return { runLength: published[1], by: "exact" };
	return remembered(set, () => {
		const rules = new RunRules(names);
		return counted(
			(z) => rules.next(z) !== 0,
			() => rules.restart(),
		);
	});
}

/** What has been counted, the newest of it. */
const known = new Map<string, FalseAlarms>();
const knownMax = 64;

function remembered(question: string, count: () => FalseAlarms): FalseAlarms {
	const answer = known.get(question) ?? count();
	known.delete(question);
	known.set(question, answer);
	const oldest = known.keys().next().value;
	if (known.size > knownMax && oldest !== undefined) known.delete(oldest);
	return answer;
}

/** Of any detector: how many points there are to an alarm, begun anew after each. */
function counted(alarms: (z: number) => boolean, restart: () => void): FalseAlarms {
	const normals = new SeededNormals(seed);
	let found = 0;
	let last = 0;
	for (let point = 1; point <= countedPoints; point++) {
		if (!alarms(normals.next())) continue;
		found++;
		last = point;
		restart();
	}
	return { runLength: found === 0 ? undefined : last / found, by: "counted" };
}

/** Of tabular sums with k and h, two-sided, from zero. */
export function cusumFalseAlarms(k: number, h: number): FalseAlarms {
	let [high, low] = [0, 0];
	const restart = () => {
		high = 0;
		low = 0;
	};
	const alarms = (z: number) => {
		high = Math.max(0, high + z - k);
		low = Math.max(0, low - z - k);
		return high > h || low > h;
	};
	return remembered(`sums ${k} ${h}`, () => counted(alarms, restart));
}

/** Of a moving average between asymptotic limits. */
export function ewmaFalseAlarms(lambda: number, width: number): FalseAlarms {
	const limit = width * Math.sqrt(lambda / (2 - lambda));
	let average = 0;
	const alarms = (z: number) => {
		average = lambda * z + (1 - lambda) * average;
		return Math.abs(average) > limit;
	};
	const restart = () => {
		average = 0;
	};
	return remembered(`average ${lambda} ${width}`, () => counted(alarms, restart));
}

/** By m points: the mean probability that a later point in control is beyond three sigmas that were estimated from them. */
const estimated: readonly (readonly [number, number])[] = [
	[5, 0.0567],
	[8, 0.0309],
	[10, 0.0235],
	[15, 0.0146],
	[20, 0.0109],
	[25, 0.0089],
	[30, 0.0076],
	[50, 0.0054],
	[100, 0.0039],
	[300, 0.0031],
];

/**
 * The same for individuals' limits from m points by moving ranges (200,000 runs for each entry, in between by 1/m). Undefined
 * below 5 points; with known sigma it would be 0.0027.
 */
export function estimatedFalseAlarm(m: number): number | undefined {
	const after = estimated.findIndex(([points]) => points >= m);
	if (after === 0) return estimated[0]?.[0] === m ? estimated[0][1] : undefined;
	const [low, high] = [estimated.at(after < 0 ? -1 : after - 1), after < 0 ? undefined : estimated[after]];
	if (low === undefined) return undefined;
	const threeSigmas = 0.0027;
	const [x1, y1] = [1 / low[0], low[1]];
	const [x2, y2] = high === undefined ? [0, threeSigmas] : [1 / high[0], high[1]];
	return y1 + ((y2 - y1) * (1 / m - x1)) / (x2 - x1);
}

/** The usual run rules of charts, and how often they are wrong while nothing changes. */
export function usualRules(): {
	readonly names: readonly RuleName[];
	readonly falseAlarmEveryPoints: number | undefined;
} {
	return { names: usual, falseAlarmEveryPoints: ruleFalseAlarms(usual).runLength };
}
