/** No draw is further out than this many standard deviations, so that a clean batch stays clean. */
export const gaussianMax = 3.5;

/**
 * Small seeded generator (sfc32). Every instrument and decision owns one, seeded by the line's seed and
 * its own name, so that a further tag does not change what the others do.
 */
export class Random {
	#a: number;
	#b: number;
	#c: number;
	#d = 1;
	#spare: number | undefined;

	constructor(seed: number, name: string) {
		let hash = 0x811c9dc5 ^ seed;
		for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) as number), 0x01000193);
		this.#a = hash | 0;
		this.#b = Math.imul(hash, 0x9e3779b1) | 0;
		this.#c = (seed * 0x85ebca6b) | 0;
		// The first outputs of neighbouring seeds resemble each other.
		for (let round = 0; round < 15; round++) this.uniform();
	}

	/** In [0, 1). */
	uniform(): number {
		const sum = (((this.#a + this.#b) | 0) + this.#d) | 0;
		this.#d = (this.#d + 1) | 0;
		this.#a = this.#b ^ (this.#b >>> 9);
		this.#b = (this.#c + (this.#c << 3)) | 0;
		this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
		return (sum >>> 0) / 0x1_0000_0000;
	}

	between(low: number, high: number): number {
		return low + (high - low) * this.uniform();
	}

	/** Standard normal, cut at `gaussianMax` on both sides. */
	gaussian(): number {
		let value = this.#spare;
		this.#spare = undefined;
		if (value === undefined) {
			const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
			const angle = 2 * Math.PI * this.uniform();
			value = radius * Math.cos(angle);
			this.#spare = radius * Math.sin(angle);
		}
		return Math.max(-gaussianMax, Math.min(gaussianMax, value));
	}
}
