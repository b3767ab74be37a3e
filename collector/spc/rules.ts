// Run rules for control charts: L. S. Nelson, "The Shewhart Control Chart – Tests for Special Causes", J. Quality Technology 16
// (1984), and the Western Electric handbook (1956). A rule has a name, because numbers differ between the two.
//
// What every implementation decides and few say:
//   - beyond is strict: a point exactly on a limit is not beyond it
//   - a point exactly on the centre line breaks a run on one side
//   - two equal points break a trend and an alternation
//   - a trend of six is six points, which are five steps
//   - of "two of three" and "four of five" the flagged point itself is beyond, and there are three, or five, points
//   - eight outside of one sigma lie on both sides
//   - a signal is on the point that completes a pattern, and on each further one while it goes on
//   - a missing, rejected or excluded point breaks every pattern

/** Standardised: the distance from the centre line in sigmas; undefined where there is no point. */
export type Point = number | undefined;

interface Rule {
	/** How many of the last points it looks at. */
	readonly length: number;
	/** Whether the last point completes the pattern; `points` are the last `length` ones, none of them missing. */
	readonly completes: (points: readonly number[]) => boolean;
}

const every = (length: number, is: (z: number) => boolean): Rule => ({
	length,
	completes: (points) => points.every(is),
});

/** On one side of the centre line, all of them. */
const sameSide = (length: number): Rule => ({
	length,
	completes: (points) => points.every((z) => z > 0) || points.every((z) => z < 0),
});

/** At least `count` of them beyond `sigma` on the side of the last one, which is among them. */
const mostBeyond = (count: number, length: number, sigma: number): Rule => ({
	length,
	completes: (points) => {
		const last = points.at(-1) as number;
		if (Math.abs(last) <= sigma) return false;
		return points.filter((z) => Math.sign(z) === Math.sign(last) && Math.abs(z) > sigma).length >= count;
	},
});

const steps = (points: readonly number[]): number[] =>
	points.slice(1).map((z, index) => Math.sign(z - (points[index] as number)));

const rules = {
	"beyond-3-sigma": every(1, (z) => Math.abs(z) > 3),
	"nine-on-one-side": sameSide(9),
	"eight-on-one-side": sameSide(8),
	"six-rising-or-falling": {
		length: 6,
		completes: (points) => {
			const all = steps(points);
			return all[0] !== 0 && all.every((step) => step === all[0]);
		},
	},
	"fourteen-alternating": {
		length: 14,
		completes: (points) => {
			const all = steps(points);
			return all.every((step, index) => step !== 0 && (index === 0 || step === -(all[index - 1] as number)));
		},
	},
	"two-of-three-beyond-2-sigma": mostBeyond(2, 3, 2),
	"four-of-five-beyond-1-sigma": mostBeyond(4, 5, 1),
	"fifteen-within-1-sigma": every(15, (z) => Math.abs(z) < 1),
	"eight-outside-1-sigma": {
		length: 8,
		completes: (points) =>
			points.every((z) => Math.abs(z) > 1) && points.some((z) => z > 0) && points.some((z) => z < 0),
	},
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof rules;

/** Rules 1 to 8 in their order. All of them together cry wolf every 73 points. */
export const nelson: readonly RuleName[] = [
	...(["beyond-3-sigma", "nine-on-one-side", "six-rising-or-falling", "fourteen-alternating"] as const),
	...(["two-of-three-beyond-2-sigma", "four-of-five-beyond-1-sigma"] as const),
	...(["fifteen-within-1-sigma", "eight-outside-1-sigma"] as const),
];

/** The four of the handbook: a false signal every 92 points. */
export const westernElectric: readonly RuleName[] = [
	...(["beyond-3-sigma", "two-of-three-beyond-2-sigma"] as const),
	...(["four-of-five-beyond-1-sigma", "eight-on-one-side"] as const),
];

/** Few, so that a signal means something: a false one every 217 points. */
export const usual: readonly RuleName[] = ["beyond-3-sigma", "nine-on-one-side"];

/** Watches standardised points one by one by the rules of a set. */
export class RunRules {
	readonly #names: readonly RuleName[];
	readonly #longest: number;
	#points: number[] = [];

	constructor(names: readonly RuleName[]) {
		this.#names = names;
		this.#longest = Math.max(1, ...names.map((name) => rules[name].length));
	}

	/** The rules that this point completes, in the order of the set. */
	next(z: Point): RuleName[] {
		if (z === undefined) {
			this.#points = [];
			return [];
		}
		this.#points.push(z);
		if (this.#points.length > this.#longest) this.#points.shift();
		return this.#names.filter((name) => {
			const { length, completes } = rules[name];
			return this.#points.length >= length && completes(this.#points.slice(-length));
		});
	}
}
