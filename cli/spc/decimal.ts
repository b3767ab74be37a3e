// Numbers out of bytes. Most of them are short decimals, which are exact as a whole number over a power of ten: both are
// doubles, and one division rounds once. Whatever is longer goes through the language.

const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const digitsExact = 15;
const [zero, nine, point, comma, minus, plus] = [48, 57, 46, 44, 45, 43];

/** Larger ones would overflow when they are squared and summed; of smaller ones, other than 0, nothing would be left. */
export const magnitudeMax = 1e150;
export const magnitudeMin = 1e-130;

const written = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/**
 * The number that stands in bytes from `start` to before `end`; NaN when there is none. With `decimalComma` a comma may stand for
 * the point. Infinities come out as such.
 */
export function decimal(bytes: Uint8Array, start: number, end: number, decimalComma: boolean): number {
	let at = start;
	const sign = bytes[at] === minus ? -1 : 1;
	if (bytes[at] === minus || bytes[at] === plus) at++;
	let mantissa = 0;
	let digits = 0;
	let behind = -1;
	for (; at < end; at++) {
		const byte = bytes[at] as number;
		if (byte >= zero && byte <= nine) {
			mantissa = mantissa * 10 + (byte - zero);
			digits++;
			if (behind >= 0) behind++;
		} else if ((byte === point || (decimalComma && byte === comma)) && behind < 0) behind = 0;
		else break;
	}
	if (at === end && digits > 0 && digits <= digitsExact)
		return behind > 0 ? (sign * mantissa) / (powersOfTen[behind] as number) : sign * mantissa;
	const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
	const plain = decimalComma ? text.replace(",", ".") : text;
	if (written.test(plain)) return Number(plain);
	return /^[+-]?inf(?:inity)?$/i.test(plain) ? Number.POSITIVE_INFINITY : Number.NaN;
}
