// How times, durations and numbers read on the page.

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");

/** `2026-11-20 14:03:10` in the browser's zone. @param {number | null | undefined} ms */
export function dateTime(ms) {
	if (typeof ms !== "number" || !Number.isFinite(ms)) return "–";
	const date = new Date(ms);
	return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time(ms)}`;
}

/** `11-20 14:03`. @param {number | null | undefined} ms */
export function shortTime(ms) {
	return dateTime(ms).slice(5, 16) || "–";
}

/** `14:03:10`. @param {number} ms */
export function time(ms) {
	const date = new Date(ms);
	return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Two units at most: `3 s`, `4 min 5 s`, `5 h 12 min`, `3 d 4 h`. @param {number} ms */
export function duration(ms) {
	const seconds = Math.max(0, Math.round(ms / 1000));
	if (seconds < 60) return `${seconds} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return pair(minutes, "min", seconds % 60, "s");
	const hours = Math.floor(minutes / 60);
	if (hours < 24) return pair(hours, "h", minutes % 60, "min");
	return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** @param {number} most @param {string} mostUnit @param {number} rest @param {string} restUnit */
function pair(most, mostUnit, rest, restUnit) {
	return rest === 0 ? `${most} ${mostUnit}` : `${most} ${mostUnit} ${rest} ${restUnit}`;
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });

/** @param {number | null | undefined} value */
export function count(value) {
	return typeof value === "number" ? whole.format(value) : "–";
}

/** A measured value. @param {number | string | null | undefined} value */
export function measured(value) {
	if (value === null || value === undefined) return "no value";
	return typeof value === "number" ? precise.format(value) : value;
}

/** @param {string} code such as server_unreachable */
export function words(code) {
	return code.replaceAll("_", " ");
}

/** @param {number} number @param {string} one @param {string} [many] */
export function plural(number, one, many = `${one}s`) {
	return `${count(number)} ${number === 1 ? one : many}`;
}
