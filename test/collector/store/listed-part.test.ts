import { expect, test } from "vitest";
import { filesInOrder, type ListedPart } from "../../../collector/store/listed-part.ts";

const part = (file: string, minMs: number, maxMs: number): ListedPart => ({
	...{ file, minMs, maxMs },
	...{ fromPos: 0, toPos: 1, rollup: undefined },
});

test("one series of parts that follow each other is in order by file", () => {
	const parts = [part("b", 20, 29), part("a", 10, 19), part("c", 30, 39)];
	expect(filesInOrder(parts, [7])).toEqual({ files: ["a", "b", "c"], isOrdered: true });
	expect(filesInOrder([], [7])).toEqual({ files: [], isOrdered: true });
});

test("parts that share a millisecond, or several series, have to be sorted", () => {
	const parts = [part("a", 10, 20), part("b", 20, 29)];
	expect(filesInOrder(parts, [7])).toEqual({ files: ["a", "b"], isOrdered: false });
	expect(filesInOrder([part("a", 10, 19), part("b", 20, 29)], [7, 8]).isOrdered).toBe(false);
	// The first one reaches beyond the two after it.
	expect(filesInOrder([part("a", 10, 35), part("b", 20, 29), part("c", 30, 39)], [7]).isOrdered).toBe(false);
});
