const stepsMax = 400;

/**
 * Where a distribution function reaches `p`: Newton's method, kept between two bounds that close in by halving whenever a
 * step leaves them. `cdf` rises from 0 at `low` to 1 at `high`.
 */
export function invert(options: {
	readonly cdf: (x: number) => number;
	readonly density: (x: number) => number;
	readonly p: number;
	readonly low: number;
	readonly high: number;
	readonly guess: number;
}): number {
	const { cdf, density, p } = options;
	let { low, high } = options;
	let x = options.guess > low && options.guess < high ? options.guess : (low + high) / 2;
	for (let step = 0; step < stepsMax; step++) {
		const off = cdf(x) - p;
		if (off === 0) return x;
		if (off > 0) high = x;
		else low = x;
		const newton = x - off / density(x);
		const next = newton > low && newton < high ? newton : (low + high) / 2;
		if (Math.abs(next - x) <= 1e-16 * Math.abs(next) || next === x) return next;
		x = next;
	}
	return x;
}
