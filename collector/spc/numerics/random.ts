/**
 * Standard normal numbers from a seed, always the same ones: mulberry32 through the polar method (G. Marsaglia and T. Bray,
 * SIAM Review 6, 1964).
 */
export class SeededNormals {
	#state: number;
	#spare: number | undefined;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}

	next(): number {
		const spare = this.#spare;
		if (spare !== undefined) {
			this.#spare = undefined;
			return spare;
		}
		for (;;) {
			const u = 2 * this.uniform() - 1;
			const v = 2 * this.uniform() - 1;
			const s = u * u + v * v;
			if (s >= 1 || s === 0) continue;
			const factor = Math.sqrt((-2 * Math.log(s)) / s);
			this.#spare = v * factor;
			return u * factor;
		}
	}

	/** 0 ≤ number < 1, in steps of 2⁻³². */
	uniform(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
	}
}
