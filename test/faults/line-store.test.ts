import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { schema } from "../../collector/store/schema.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { LineStore } from "./line-store.ts";

/** A store whose counters have these values at these times; a tag may have several series, as after a change of type. */
function storeOf(
	series: readonly { tag: string; values: readonly (readonly [ms: number, value: number])[] }[],
): LineStore {
	const folder = temporaryFolder();
	const db = new DatabaseSync(join(folder, "store.db"));
	db.exec(schema);
	let pos = 512;
	for (const [index, { tag, values }] of series.entries()) {
		db.prepare("INSERT INTO series VALUES (?, 1, 'L001', ?, ?, NULL)").run(index + 1, tag, index);
		for (const [ms, value] of values)
			db.prepare("INSERT INTO sample VALUES (?, ?, ?, 0, NULL, 0, ?)").run(pos++, index + 1, ms, value);
	}
	db.close();
	const store = new LineStore(folder);
	onTestFinished(() => store.close());
	return store;
}

test("a counter without a hole is whole, in whatever order it was stored", () => {
	const store = storeOf([
		{
			tag: "T1",
			values: [
				[30, 3],
				[10, 1],
				[20, 2],
			],
		},
		{
			tag: "T2",
			values: [
				[10, 1],
				[10, 2],
			],
		},
	]);
	expect(store.examine()).toEqual({ missing: [], doubled: [] });
	expect(store.newest()).toEqual({ "L001/T1": 3, "L001/T2": 2 });
});

test("holes are found at the beginning, inside, and where a tag changed its type", () => {
	const store = storeOf([
		{
			tag: "T1",
			values: [
				[30, 3],
				[60, 6],
			],
		},
		{
			tag: "T2",
			values: [
				[10, 1],
				[20, 2],
			],
		},
		{ tag: "T2", values: [[50, 5]] },
	]);
	expect(store.examine()).toEqual({
		missing: [
			{ tag: "L001/T1", values: 2, fromMs: 0, toMs: 30 },
			{ tag: "L001/T1", values: 2, fromMs: 30, toMs: 60 },
			{ tag: "L001/T2", values: 2, fromMs: 20, toMs: 50 },
		],
		doubled: [],
	});
});

test("a value that is there twice is found, also when another source time or type hides it", () => {
	const store = storeOf([
		{
			tag: "T1",
			values: [
				[10, 1],
				[10, 1],
			],
		},
		{
			tag: "T2",
			values: [
				[10, 1],
				[20, 2],
				[25, 1],
			],
		},
		{ tag: "T3", values: [[10, 1]] },
		{ tag: "T3", values: [[10, 1]] },
	]);
	expect(store.examine().doubled).toEqual(["L001/T1 value 1", "L001/T2 value 1", "L001/T3 value 1"]);
});
