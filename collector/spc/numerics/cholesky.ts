/** A symmetric matrix as rows. */
export type Matrix = readonly (readonly number[])[];

/**
 * The lower triangle L with L·Lᵀ = A of a symmetric positive definite matrix; undefined when A is not, as far as its
 * numbers can tell: Golub and Van Loan, "Matrix Computations", algorithm 4.2.1.
 */
export function cholesky(a: Matrix): number[][] | undefined {
	const size = a.length;
	const l: number[][] = a.map(() => new Array<number>(size).fill(0));
	for (let row = 0; row < size; row++) {
		const own = l[row] as number[];
		for (let column = 0; column <= row; column++) {
			const other = l[column] as number[];
			let rest = a[row]?.[column] as number;
			for (let k = 0; k < column; k++) rest -= (own[k] as number) * (other[k] as number);
			if (row !== column) {
				own[column] = rest / (other[column] as number);
				continue;
			}
			// A variable that the others explain has nothing left but rounding.
			if (!(rest > 1e-12 * Math.abs(a[row]?.[row] as number))) return undefined;
			own[row] = Math.sqrt(rest);
		}
	}
	return l;
}

/** The solution x of A·x = b, from the lower triangle of A. */
export function solve(l: Matrix, b: readonly number[]): number[] {
	const size = l.length;
	const y = new Array<number>(size).fill(0);
	for (let row = 0; row < size; row++) {
		let rest = b[row] as number;
		for (let k = 0; k < row; k++) rest -= (l[row]?.[k] as number) * (y[k] as number);
		y[row] = rest / (l[row]?.[row] as number);
	}
	for (let row = size - 1; row >= 0; row--) {
		let rest = y[row] as number;
		for (let k = row + 1; k < size; k++) rest -= (l[k]?.[row] as number) * (y[k] as number);
		y[row] = rest / (l[row]?.[row] as number);
	}
	return y;
}

/** bᵀ·A⁻¹·b, from the lower triangle of A: a squared distance, never below 0. */
export function squaredDistance(l: Matrix, b: readonly number[]): number {
	let sum = 0;
	const y: number[] = [];
	for (let row = 0; row < l.length; row++) {
		let rest = b[row] as number;
		for (let k = 0; k < row; k++) rest -= (l[row]?.[k] as number) * (y[k] as number);
		const value = rest / (l[row]?.[row] as number);
		y.push(value);
		sum += value * value;
	}
	return sum;
}
