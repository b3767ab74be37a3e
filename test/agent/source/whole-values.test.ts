import { expect, test } from "vitest";
import { CycleBuilder } from "../../../agent/source/cycle-builder.ts";
import { datatypes } from "../../../common/contract/datatype.ts";
import { add, finish } from "./cycle-builder-rig.ts";

const [lot, operator, value, other] = [1, 2, 3, 4];

/** A structure of three fields, which share their rank, and a tag of its own. */
function unit(): CycleBuilder {
	const names = ["Result.Lot", "Result.Operator", "Result.Value", "Lot"];
	return new CycleBuilder(
		{ name: "L900", time_base: "publish" } as never,
		names.map((name, index) => ({
			rank: index < 3 ? 0 : 3,
			nodeId: index < 3 ? "s=Result" : "s=Lot",
			tag: { id: index + 1, device: "L900", name, datatype: datatypes.String, configured: true },
		})),
	);
}

function result(to: CycleBuilder, atMs: number, ...fields: [string, string, number]): void {
	for (const [index, field] of fields.entries()) add(to, index + 1, atMs, field);
}

test("two values of a structure at one source time stand one behind the other, with all of their fields", () => {
	const line = unit();
	result(line, 10, "L1", "anna", 3.1);
	result(line, 10, "L1", "anna", 3.2);
	add(line, other, 10, "L1");
	result(line, 5, "L0", "anna", 9);
	expect(finish(line).samples).toEqual([
		...[
			[lot, 5, "L0"],
			[operator, 5, "anna"],
			[value, 5, 9],
		],
		...[
			[lot, 10, "L1"],
			[operator, 10, "anna"],
			[value, 10, 3.1],
		],
		...[
			[lot, 10, "L1"],
			[operator, 10, "anna"],
			[value, 10, 3.2],
		],
		[other, 10, "L1"],
	]);
});

test("while repeats are expected a value is dropped only when each of its fields is the same", () => {
	const line = unit();
	result(line, 10, "L1", "anna", 3.1);
	add(line, other, 10, "L1");
	finish(line, 0);
	line.expectRepeats(1_000);
	result(line, 10, "L1", "anna", 3.1);
	add(line, other, 10, "L1");
	result(line, 10, "L1", "anna", 3.2);
	const { samples, counts } = finish(line, 0, 2_000);
	expect(samples).toEqual([
		[lot, 10, "L1"],
		[operator, 10, "anna"],
		[value, 10, 3.2],
	]);
	expect(counts.repeats).toBe(4);
});

test("a value of which an earlier run has written only a part is told again, whole", () => {
	const line = unit();
	const known = (text: string) => ({ sourceMs: 10, sourceRestTicks: 0, status: 0, value: text });
	line.resume(
		undefined,
		new Map([
			[lot, known("L1")],
			[operator, known("anna")],
		]),
	);
	result(line, 10, "L1", "anna", 3.1);
	expect(finish(line, 0).samples).toEqual([
		[lot, 10, "L1"],
		[operator, 10, "anna"],
		[value, 10, 3.1],
	]);
});
