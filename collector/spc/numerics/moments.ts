/**
 * Mean and spread of values as they come, and of two such counts together: Welford, Technometrics 4 (1962), and Chan,
 * Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
 */
export class Moments {
	#count = 0;
	#mean = 0;
	#squares = 0;

	get count(): number {
		return this.#count;
	}

	/** NaN of no value. */
	get mean(): number {
		return this.#count === 0 ? Number.NaN : this.#mean;
	}

	/** The standard deviation of a sample, with n − 1; NaN of fewer than two values. */
	get standardDeviation(): number {
		return this.#count < 2 ? Number.NaN : Math.sqrt(this.#squares / (this.#count - 1));
	}

	add(value: number): void {
		this.#count++;
		const deviation = value - this.#mean;
		this.#mean += deviation / this.#count;
		this.#squares += deviation * (value - this.#mean);
	}

	/** Takes over what another one has counted. */
	merge(other: Moments): void {
		if (other.#count === 0) return;
		const count = this.#count + other.#count;
		const apart = other.#mean - this.#mean;
		this.#squares += other.#squares + (apart * apart * this.#count * other.#count) / count;
		this.#mean += (apart * other.#count) / count;
		this.#count = count;
	}
}
