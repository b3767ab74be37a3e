/** No draw of the line is further out than this many standard deviations. */
export const gaussianMax = 3.5;

/**
 * A small seeded generator, sfc32 (Doty-Humphrey, PractRand). Each purpose has a stream of its own, named by what it
 * is for: reading an instrument, or a further one, does not change what the process does. The same seed and name
 * give the same numbers bit for bit.
 */
export class Random {
	#a: number;
	#b: number;
	#c: number;
	#d = 1;
	#spare: number | undefined;

	constructor(seed: number, ...names: readonly (string | number)[]) {
		// FNV-1a over the names gives the stream; the seed stays whole in a word of its own.
		let hash = 0x811c9dc5;
		for (const name of names) {
			for (const letter of `${name}/`) hash = Math.imul(hash ^ (letter.codePointAt(0) as number), 0x01000193);
		}
		this.#a = hash | 0;
		this.#b = Math.imul(hash ^ 0x5bf03635, 0x9e3779b1) | 0;
		this.#c = seed | 0;
		// Fifteen rounds part neighbouring seeds.
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

	/** Standard normal (Box and Muller), cut at `max` standard deviations on both sides. */
	gaussian(max = gaussianMax): number {
		let value = this.#spare;
		this.#spare = undefined;
		if (value === undefined) {
			const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
			const angle = 2 * Math.PI * this.uniform();
			value = radius * Math.cos(angle);
			this.#spare = radius * Math.sin(angle);
		}
		return Math.max(-max, Math.min(max, value));
	}
}
