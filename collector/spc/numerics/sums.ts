/**
 * A sum that keeps what additions round away: Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation
 * endlicher Summen", ZAMM 54 (1974). Its error does not grow with the number of terms.
 */
export class CompensatedSum {
	#sum = 0;
	#lost = 0;

	add(term: number): void {
		const sum = this.#sum + term;
		this.#lost += Math.abs(this.#sum) >= Math.abs(term) ? this.#sum - sum + term : term - sum + this.#sum;
		this.#sum = sum;
	}

	get value(): number {
		return this.#sum + this.#lost;
	}
}

/** The mean of at least one value; NaN of none. */
export function meanOf(values: ArrayLike<number>): number {
	const sum = new CompensatedSum();
	for (let index = 0; index < values.length; index++) sum.add(values[index] as number);
	return sum.value / values.length;
}

/**
 * The sum of squared deviations from the mean in two passes, the second one corrected for the rounding of the mean: Chan,
 * Golub and LeVeque, "Algorithms for computing the sample variance", Am. Stat. 37 (1983), equation 1.7.
 */
export function squaredDeviations(values: ArrayLike<number>, mean = meanOf(values)): number {
	const squares = new CompensatedSum();
	const deviations = new CompensatedSum();
	for (let index = 0; index < values.length; index++) {
		const deviation = (values[index] as number) - mean;
		squares.add(deviation * deviation);
		deviations.add(deviation);
	}
	return squares.value - (deviations.value * deviations.value) / values.length;
}

/** The standard deviation of a sample, with n − 1; NaN of fewer than two values. */
export function standardDeviation(values: ArrayLike<number>): number {
	return values.length < 2 ? Number.NaN : Math.sqrt(squaredDeviations(values) / (values.length - 1));
}
