// InfluxDB's line protocol, as text: measurement,label=text field=value,field=value nanoseconds
// What versions 1, 2 and 3 read alike; what none of them can carry is refused by name instead of being changed.

/** Something that line protocol cannot carry; `message` says what. */
export class LineRefused extends Error {}

const unsafeInLabel = /[,= \\\n\r\t]/;
const control = /[\n\r\t\0]/;

/**
 * A label's name or text with its escapes. Line protocol has no escape for a line end, nor for a backslash at the end, and
 * no way to say that a label is there and empty.
 * @throws LineRefused
 */
export function labelText(text: string): string {
	if (text === "") throw new LineRefused("a label is empty");
	if (!text.isWellFormed()) throw new LineRefused(`the label ${JSON.stringify(text)} is not valid Unicode`);
	if (!unsafeInLabel.test(text)) return text;
	if (control.test(text)) throw new LineRefused(`the label ${JSON.stringify(text)} has a control character`);
	if (text.endsWith("\\")) throw new LineRefused(`the label ${JSON.stringify(text)} ends with a backslash`);
	return text.replaceAll(/[,= ]/g, "\\$&");
}

/**
 * Measurement and labels of a point, in order of the labels' names; labels without text are left out, which is what a
 * database makes of them.
 * @throws LineRefused
 */
export function seriesKey(measurement: string, labels: Readonly<Record<string, string>>): string {
	return Object.entries(labels)
		.filter(([, text]) => text !== "")
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.reduce((key, [name, text]) => `${key},${name}=${labelText(text)}`, measurement);
}

/** Text as a field's value. @throws LineRefused when it is not valid Unicode. */
export function textField(text: string): string {
	if (!text.isWellFormed()) throw new LineRefused("the text is not valid Unicode");
	return /["\\]/.test(text) ? `"${text.replaceAll(/["\\]/g, "\\$&")}"` : `"${text}"`;
}

/** A finite number as a field's value; the shortest digits that read back as the same double. */
export function floatField(value: number): string {
	return Object.is(value, -0) ? "-0" : String(value);
}

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;

/** Whether a whole number fits the signed 64 bits of an integer field. */
export function fitsInteger(value: bigint): boolean {
	return value >= int64Min && value <= int64Max;
}

/** InfluxDB keeps times from 1677-09-21 to 2262-04-11: signed 64-bit nanoseconds, less what it keeps for itself. */
const timeMinMs = -9_223_372_036_854;
const timeMaxMs = 9_223_372_036_853;

/**
 * A time in nanoseconds: whole milliseconds since 1970 and `restNs`, 0 to 999,999.
 * @throws LineRefused when it is outside of what InfluxDB can keep.
 */
export function timeText(ms: number, restNs: number): string {
	if (!(ms >= timeMinMs && ms <= timeMaxMs))
		throw new LineRefused(`the time ${ms} ms is outside of 1677 to 2262`);
	if (ms > 0) return `${ms}${String(restNs).padStart(6, "0")}`;
	return String(BigInt(ms) * 1_000_000n + BigInt(restNs));
}
