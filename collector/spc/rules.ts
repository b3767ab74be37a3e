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

/** Every rule; its place in this list is its bit in a mask. */
export const ruleNames = [
	...(["beyond-3-sigma", "nine-on-one-side", "six-rising-or-falling", "fourteen-alternating"] as const),
	...(["two-of-three-beyond-2-sigma", "four-of-five-beyond-1-sigma"] as const),
	...(["fifteen-within-1-sigma", "eight-outside-1-sigma", "eight-on-one-side"] as const),
] as const;

export type RuleName = (typeof ruleNames)[number];

/** Rules 1 to 8 in their order. All of them together cry wolf every 73 points. */
export const nelson: readonly RuleName[] = ruleNames.slice(0, 8);

/** The four of the handbook: a false signal every 92 points. */
export const westernElectric: readonly RuleName[] = [
	...(["beyond-3-sigma", "two-of-three-beyond-2-sigma"] as const),
	...(["four-of-five-beyond-1-sigma", "eight-on-one-side"] as const),
];

/** Few, so that a signal means something: a false one every 217 points. */
export const usual: readonly RuleName[] = ["beyond-3-sigma", "nine-on-one-side"];

const bit = (name: RuleName): number => 1 << ruleNames.indexOf(name);
const [beyond3, nine, six, fourteen] = [
	bit(ruleNames[0]),
	bit(ruleNames[1]),
	bit(ruleNames[2]),
	bit(ruleNames[3]),
];
const [twoOf3, fourOf5, fifteen] = [bit(ruleNames[4]), bit(ruleNames[5]), bit(ruleNames[6])];
const [eightOutside, eightSide] = [bit(ruleNames[7]), bit(ruleNames[8])];

/** The set of rules as a mask. */
function maskOf(names: readonly RuleName[]): number {
	return names.reduce((mask, name) => mask | bit(name), 0);
}

/** Ones among the lowest five bits. */
const ones = Uint8Array.from({ length: 32 }, (_, bits) => bits.toString(2).replaceAll("0", "").length);

/** Watches standardised points one by one by the rules of a set; what it remembers does not grow. */
export class RunRules {
	readonly #mask: number;
	#seen = 0;
	#last = 0;
	/** Points on one side of the centre line; below zero for the lower side. */
	#side = 0;
	/** Steps in one direction; below zero downwards. */
	#trend = 0;
	/** Steps that go up and down in turn, and the direction of the last one. */
	#turns = 0;
	#step = 0;
	#within = 0;
	/** The newest points as bits, the last one lowest: beyond one sigma, and two, above and below. */
	#above1 = 0;
	#below1 = 0;
	#above2 = 0;
	#below2 = 0;

	constructor(names: readonly RuleName[]) {
		this.#mask = maskOf(names);
	}

	/** Forgets everything: nothing before this moment makes a pattern with what follows. */
	restart(): void {
		this.#seen = this.#side = this.#trend = this.#turns = this.#step = this.#within = 0;
		this.#above1 = this.#below1 = this.#above2 = this.#below2 = 0;
	}

	/**
	 * The rules that this point completes, as a mask. `z` is its distance from the centre line in sigmas; NaN, where there is
	 * no point, breaks every pattern.
	 */
	next(z: number): number {
		if (Number.isNaN(z)) {
			this.restart();
			return 0;
		}
		const step = this.#seen === 0 ? 0 : Math.sign(z - this.#last);
		this.#last = z;
		this.#seen++;
		this.#side = z > 0 ? Math.max(this.#side, 0) + 1 : z < 0 ? Math.min(this.#side, 0) - 1 : 0;
		this.#trend = step > 0 ? Math.max(this.#trend, 0) + 1 : step < 0 ? Math.min(this.#trend, 0) - 1 : 0;
		this.#turns = step === 0 ? 0 : step === -this.#step ? this.#turns + 1 : 1;
		this.#step = step;
		const far = Math.abs(z);
		this.#within = far < 1 ? this.#within + 1 : 0;
		this.#above1 = ((this.#above1 << 1) | (z > 1 ? 1 : 0)) & 0xff;
		this.#below1 = ((this.#below1 << 1) | (z < -1 ? 1 : 0)) & 0xff;
		this.#above2 = ((this.#above2 << 1) | (z > 2 ? 1 : 0)) & 0b111;
		this.#below2 = ((this.#below2 << 1) | (z < -2 ? 1 : 0)) & 0b111;
		return this.#completed(far, z > 0);
	}

	#completed(far: number, above: boolean): number {
		let found = 0;
		const side = Math.abs(this.#side);
		if (far > 3) found |= beyond3;
		if (side >= 9) found |= nine;
		if (side >= 8) found |= eightSide;
		if (Math.abs(this.#trend) >= 5) found |= six;
		if (this.#turns >= 13) found |= fourteen;
		if (this.#within >= 15) found |= fifteen;
		if (far > 1) {
			const [bits1, bits2] = above ? [this.#above1, this.#above2] : [this.#below1, this.#below2];
			if (far > 2 && this.#seen >= 3 && (ones[bits2] as number) >= 2) found |= twoOf3;
			if (this.#seen >= 5 && (ones[bits1 & 0b11111] as number) >= 4) found |= fourOf5;
			const both = this.#above1 > 0 && this.#below1 > 0;
			if (both && (this.#above1 | this.#below1) === 0xff) found |= eightOutside;
		}
		return found & this.#mask;
	}
}
