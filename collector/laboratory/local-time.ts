import type { LabRefusal } from "./result-id.ts";
import { shown } from "./value-text.ts";

export interface LocalTimes {
	/** IANA name, such as Asia/Tokyo, of times without an offset; without it they are refused. */
	readonly zone: string | undefined;
	/** The order of dates as 03/04/2026; without it they are refused. */
	readonly order: "dmy" | "mdy" | undefined;
}

const clock = String.raw`(?:[T\s]\s*(\d{1,2})[:時](\d{1,2})(?:[:分](\d{1,2})(?:[.,](\d{1,9}))?秒?|分)?)?`;
const offset = String.raw`\s*(Z|[+-]\d{2}:?\d{2})?`;
const yearFirst = new RegExp(String.raw`^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?${clock}${offset}$`);
const dayFirst = new RegExp(String.raw`^(\d{1,2})\.(\d{1,2})\.(\d{4})${clock}${offset}$`);
const slashed = new RegExp(String.raw`^(\d{1,2})/(\d{1,2})/(\d{4})${clock}${offset}$`);

/** Whether a time zone has this name. */
export function isTimeZone(name: string): boolean {
	try {
		new Intl.DateTimeFormat("en", { timeZone: name });
		return true;
	} catch {
		return false;
	}
}

/**
 * A time as 2026-01-05 14:30, 2026/1/5 14:30:00, 2026年1月5日 14時30分, 5.1.2026 14:30, with or without a time of day (then
 * midnight) and an offset; in milliseconds since 1970. A local time that a clock change leaves out or has twice is refused.
 */
export function readTime(text: string, { zone, order }: LocalTimes): number | LabRefusal {
	const plain = text.normalize("NFKC").trim();
	const first = yearFirst.exec(plain);
	const point = dayFirst.exec(plain);
	const slash = slashed.exec(plain);
	const match = first ?? point ?? slash;
	const wrong = (expected: string): LabRefusal => ({
		code: "TIME_INVALID",
		message: `expected ${expected}, found ${shown(text)}`,
	});
	if (match === null) return wrong("a time such as 2026-01-05 14:30");
	if (slash !== null && order === undefined)
		return wrong("the year first, or a stated order of day and month");
	const [a, b, c] = [Number(match[1]), Number(match[2]), Number(match[3])];
	const [year, month, day] =
		first !== null ? [a, b, c] : point !== null || order === "dmy" ? [c, b, a] : [c, a, b];
	const [hour, minute, second] = [Number(match[4] ?? 0), Number(match[5] ?? 0), Number(match[6] ?? 0)];
	const millis = Math.floor(Number(`0.${match[7] ?? "0"}`) * 1_000);
	const asUtc = Date.UTC(year, month - 1, day, hour, minute, second, millis);
	const back = new Date(asUtc);
	const isDate =
		back.getUTCFullYear() === year && back.getUTCMonth() === month - 1 && back.getUTCDate() === day;
	if (!isDate || hour > 23 || minute > 59 || second > 59 || year < 1900)
		return wrong("a day and time that exist");
	const shift = match[8];
	if (shift === "Z") return asUtc;
	if (shift !== undefined) {
		const minutes = Number(shift.slice(1, 3)) * 60 + Number(shift.slice(-2));
		return asUtc - (shift[0] === "-" ? -minutes : minutes) * 60_000;
	}
	if (zone === undefined) return wrong("a time with its offset (as Z or +09:00), or a stated time zone");
	// Offsets lie within 15 hours; both sides of a change are tried.
	const offsets = new Set([-15, 15].map((hours) => offsetAt(zone, asUtc + hours * 3_600_000)));
	const fitting = [...offsets].filter((ms) => offsetAt(zone, asUtc - ms) === ms);
	if (fitting.length === 1) return asUtc - (fitting[0] as number);
	return wrong(
		fitting.length === 0
			? `a time that the clocks of ${zone} show`
			: `an offset, because the clocks of ${zone} show this time twice`,
	);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What a zone's clocks are ahead of UTC at a moment, in milliseconds. */
function offsetAt(zone: string, atMs: number): number {
	let format = formats.get(zone);
	if (format === undefined) {
		format = new Intl.DateTimeFormat("en-US", {
			...{
				timeZone: zone,
				hourCycle: "h23",
				era: "short",
				year: "numeric",
				month: "numeric",
				day: "numeric",
			},
			...{ hour: "numeric", minute: "numeric", second: "numeric" },
		});
		formats.set(zone, format);
	}
	const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
	const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
	const shownMs = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
	return shownMs - Math.floor(atMs / 1_000) * 1_000;
}
