import { describe, expect, test } from "vitest";
import { LotBook, type LotChanges } from "../../../collector/lots/lot-book.ts";

const route = ["U1", "U2", "U3"];
const minute = 60_000;

/** `U1=B1/L1` at minute after minute; `U1=` is an idle unit. A unit that spoke before says so with its first word. */
function story(words: string, options: { seen?: readonly string[]; book?: LotBook } = {}) {
	const book = options.book ?? new LotBook(route);
	const out: LotChanges = { visits: [], lots: [], due: [] };
	const idle = { batch: "", lot: "" };
	const before = new Map((options.seen ?? route).map((unit) => [unit, idle]));
	for (const [index, word] of words.split(" ").entries()) {
		const [unit = "", what = ""] = word.split("=");
		const [batch = "", lot = ""] = what.split("/");
		const after = { batch, lot, recipe: "R", phase: "P" };
		book.change({ unit, atMs: index * minute, before: before.get(unit), after }, out);
		before.set(unit, after);
	}
	return { book, out };
}

function closedOf({ lots }: LotChanges) {
	return lots
		.filter(({ closedMs }) => closedMs !== undefined)
		.map(
			({ lot, closedMs = 0, observedWhole }) =>
				`${lot}@${closedMs / minute} ${observedWhole ? "whole" : "not whole"}`,
		);
}

describe("a lot", () => {
	test.each([
		["one batch through every unit is whole", "U1=B1/L1 U1= U2=B1/L1 U2= U3=B1/L1 U3=", ["L1@5 whole"]],
		["the next lot in the last unit ends it, too", "U1=B1/L1 U2=B1/L1 U3=B1/L1 U3=B2/L2", ["L1@3 whole"]],
		["a missed unit makes it not whole", "U1=B1/L1 U3=B1/L1 U3=", ["L1@2 not whole"]],
		["a lot that was first seen in the middle is not whole", "U2=B1/L1 U3=B1/L1 U3=", ["L1@2 not whole"]],
		["leaving another unit than the last closes nothing", "U1=B1/L1 U1= U2=B1/L1 U2=", []],
		[
			"two batches, one behind the other, close it with the second",
			"U1=B1/L1 U1= U2=B1/L1 U1=B2/L1 U2= U3=B1/L1 U2=B2/L1 U3= U2= U3=B2/L1 U3=",
			["L1@10 whole"],
		],
		[
			"batches that are blended go on as the last of them",
			"U1=B1/L1 U1=B2/L1 U2=B1/L1 U1= U2=B2/L1 U3=B2/L1 U2= U3=",
			["L1@7 whole"],
		],
		[
			"a second batch that was not seen from its beginning makes the lot not whole",
			"U1=B1/L1 U2=B1/L1 U2=B2/L1 U3=B2/L1 U3=",
			["L1@4 not whole"],
		],
		[
			"a batch that never came on does not keep the lot open when the next lot is packed",
			"U1=B1/L1 U1= U1=B2/L1 U2=B1/L1 U1= U2= U3=B1/L1 U3= U3=B3/L2",
			["L1@8 whole"],
		],
	])("%s", (_, words, closed) => {
		const { out } = story(words);
		expect(closedOf(out)).toEqual(closed);
		expect(out.due).toEqual(
			out.lots.flatMap(({ lot, closedMs }) => (closedMs === undefined ? [] : [{ lot, dueMs: closedMs }])),
		);
	});

	test("that was on the line when it was first looked at is not whole (warm start)", () => {
		const { out } = story("U1=B1/L1 U2=B1/L1 U3=B1/L1 U3=", { seen: ["U2", "U3"] });
		expect(closedOf(out)).toEqual(["L1@3 not whole"]);
		expect(out.visits[0]).toMatchObject({ unit: "U1", startObserved: false });
	});

	test("of a unit that is not on the route opens nothing", () => {
		const { out } = story("U9=B1/L1 U9=", { seen: ["U9"] });
		expect(out.lots).toEqual([]);
		expect(out.visits).toHaveLength(2);
	});
});

test("a visit is a row from its beginning to its end, and a new phase is no new visit", () => {
	const { out } = story("U1=B1/L1 U1=B1/L1 U1=");
	expect(out.visits).toEqual([
		{
			unit: "U1",
			batch: "B1",
			lot: "L1",
			recipe: "R",
			phase: "P",
			fromMs: 0,
			toMs: undefined,
			startObserved: true,
		},
		{
			unit: "U1",
			batch: "B1",
			lot: "L1",
			recipe: "R",
			phase: "P",
			fromMs: 0,
			toMs: 2 * minute,
			startObserved: true,
		},
	]);
});

test("a saved book goes on where it stopped, and is not changed by what follows", () => {
	const { book } = story("U1=B1/L1 U1=B2/L1 U2=B1/L1");
	const saved = JSON.stringify(book.save());
	const next = new LotBook(route);
	next.load(JSON.parse(saved));
	const words = "U1= U2=B2/L1 U3=B2/L1 U2= U3=";
	const state = book.save();
	expect(closedOf(story(words, { book }).out)).toEqual(closedOf(story(words, { book: next }).out));
	expect(JSON.stringify(state)).toBe(saved);
});

describe("units that do the same work side by side", () => {
	const places = [
		["A1", "B1"],
		["A2", "A2x", "B2"],
		["A3", "B3"],
	];
	const beside = (words: string) =>
		closedOf(story(words, { book: new LotBook(places), seen: places.flat() }).out);

	test.each([
		[
			"a lot is whole that was in one unit of each place",
			"A1=B1/L1 A1= A2x=B1/L1 A2x= A3=B1/L1 A3=",
			["L1@5 whole"],
		],
		["a lot that was in no unit of a place is not", "A1=B1/L1 A1= A3=B1/L1 A3=", ["L1@3 not whole"]],
		[
			"each lot closes in its own time",
			"A1=B1/L1 B1=B2/L2 A2=B1/L1 B2=B2/L2 A3=B1/L1 B3=B2/L2 A1= B1= A3= A2= B2= B3=",
			["L1@8 whole", "L2@11 whole"],
		],
		[
			"a lot that still waits for a batch is ended by the next in its own last unit, not by one beside it",
			"A1=B1/L1 A1= A1=B2/L1 A2=B1/L1 A1= A2= A3=B1/L1 A3= B3=B8/L8 A3=B9/L9",
			["L1@9 whole"],
		],
	])("%s", (_, words, closed) => {
		expect(beside(words)).toEqual(closed);
	});
});
