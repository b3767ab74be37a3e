import { expect, test } from "vitest";
import { pathFilter } from "../../../../agent/source/browsing/path-filter.ts";

const paths = [
	"TT01",
	"Zone1/TT01",
	"Zone1/TT02",
	"Zone2/TT01",
	"Zone2/Diag/Errors",
	"Zone2/Diag/Deep/Count",
];

function kept(include: string[], exclude: string[] = []): string[] {
	const filter = pathFilter(include, exclude);
	return paths.filter((path) => filter.accepts(path.split("/")));
}

test("without a pattern everything is kept", () => {
	expect(kept([])).toEqual(paths);
});

test("a pattern without / is compared with the last name, one with / with the whole path", () => {
	expect(kept(["TT01"])).toEqual(["TT01", "Zone1/TT01", "Zone2/TT01"]);
	expect(kept(["Zone1/*"])).toEqual(["Zone1/TT01", "Zone1/TT02"]);
	expect(kept(["/TT01"])).toEqual(["TT01", "Zone1/TT01", "Zone2/TT01"]);
});

test("**, ?, and {a,b} stand for levels, a character, and either", () => {
	expect(kept(["**/Diag/**"])).toEqual(["Zone2/Diag/Errors", "Zone2/Diag/Deep/Count"]);
	expect(kept(["Zone?/TT0{2,3}"])).toEqual(["Zone1/TT02"]);
	expect(kept(["Zone2/**"])).toEqual(["Zone2/TT01", "Zone2/Diag/Errors", "Zone2/Diag/Deep/Count"]);
});

test("exclude wins over include", () => {
	expect(kept(["TT*"], ["Zone1/**", "*02"])).toEqual(["TT01", "Zone2/TT01"]);
});

test("characters that mean something in expressions mean themselves, and open braces end with the name", () => {
	const filter = pathFilter(["T.01 [°C] (a|b)+$^\\"], []);
	expect(filter.accepts(["T.01 [°C] (a|b)+$^\\"])).toBe(true);
	expect(filter.accepts(["Tx01 [°C] (a|b)+$^\\"])).toBe(false);
	expect(pathFilter(["{a,b"], []).accepts(["b"])).toBe(true);
});

test("no pattern takes long", () => {
	const slow = pathFilter([`${"*a".repeat(30)}/${"**/".repeat(20)}x`], []);
	const startedMs = performance.now();
	slow.accepts(["a".repeat(500), ...Array.from({ length: 60 }, () => "b")]);
	expect(performance.now() - startedMs).toBeLessThan(1_000);
});
