import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isTimeZone, readTime } from "../../../collector/laboratory/local-time.ts";

const iso = (text: string, zone?: string, order?: "dmy" | "mdy") => {
	const read = readTime(text, { zone, order });
	return typeof read === "number" ? new Date(read).toISOString() : read.message;
};

describe("a time", () => {
	test.each<[string, string | undefined, "dmy" | "mdy" | undefined, string]>([
		["2026-01-05T14:30:00Z", undefined, undefined, "2026-01-05T14:30:00.000Z"],
		["2026-01-05 14:30:00.250 +09:00", undefined, undefined, "2026-01-05T05:30:00.250Z"],
		["2026/1/5 14:30", "Asia/Tokyo", undefined, "2026-01-05T05:30:00.000Z"],
		["2026年1月5日 14時30分", "Asia/Tokyo", undefined, "2026-01-05T05:30:00.000Z"],
		["２０２６年１月５日", "Asia/Tokyo", undefined, "2026-01-04T15:00:00.000Z"],
		["5.1.2026 14:30", "Europe/Berlin", undefined, "2026-01-05T13:30:00.000Z"],
		["5.7.2026 14:30:01", "Europe/Berlin", undefined, "2026-07-05T12:30:01.000Z"],
		["03/04/2026", "UTC", "dmy", "2026-04-03T00:00:00.000Z"],
		["03/04/2026", "UTC", "mdy", "2026-03-04T00:00:00.000Z"],
		[
			"03/04/2026",
			"UTC",
			undefined,
			'expected the year first, or a stated order of day and month, found "03/04/2026"',
		],
		[
			"2026-01-05 14:30",
			undefined,
			undefined,
			'expected a time with its offset (as Z or +09:00), or a stated time zone, found "2026-01-05 14:30"',
		],
		["2026-02-30", "UTC", undefined, 'expected a day and time that exist, found "2026-02-30"'],
		["2026-01-05 24:30", "UTC", undefined, 'expected a day and time that exist, found "2026-01-05 24:30"'],
		["yesterday", "UTC", undefined, 'expected a time such as 2026-01-05 14:30, found "yesterday"'],
		[
			"2026-03-29 02:30",
			"Europe/Berlin",
			undefined,
			'expected a time that the clocks of Europe/Berlin show, found "2026-03-29 02:30"',
		],
		[
			"2026-10-25 02:30",
			"Europe/Berlin",
			undefined,
			'expected an offset, because the clocks of Europe/Berlin show this time twice, found "2026-10-25 02:30"',
		],
		["2026-10-25 02:30+01:00", "Europe/Berlin", undefined, "2026-10-25T01:30:00.000Z"],
	])("%s in %s, %s: %s", (text, zone, order, is) => {
		expect(iso(text, zone, order)).toBe(is);
	});

	test("whatever a zone's clocks show once is read as the moment at which they show it", () => {
		const zones = [
			"Asia/Tokyo",
			"Europe/Berlin",
			"America/St_Johns",
			"Pacific/Kiritimati",
			"Pacific/Pago_Pago",
			"Australia/Lord_Howe",
		];
		const day = 86_400_000;
		fc.assert(
			fc.property(fc.constantFrom(...zones), fc.integer({ min: 0, max: 20_000 * 1_440 }), (zone, minutes) => {
				const atMs = minutes * 60_000;
				const text = new Date(atMs).toLocaleString("sv-SE", { timeZone: zone });
				const read = readTime(text, { zone, order: undefined });
				if (typeof read === "number") expect(read).toBe(atMs);
				else {
					const shows = (ms: number) => new Date(ms).toLocaleString("sv-SE", { timeZone: zone }) === text;
					const times = Array.from({ length: 97 }, (_, index) => atMs - day + index * 1_800_000);
					expect(times.filter(shows).length).toBeGreaterThan(1);
				}
			}),
			{ numRuns: 300 },
		);
	});

	test("only names of time zones are time zones", () => {
		expect([isTimeZone("Asia/Tokyo"), isTimeZone("Tokyo"), isTimeZone("")]).toEqual([true, false, false]);
	});
});
