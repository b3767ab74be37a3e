import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AgentConfig } from "../../agent/config.ts";
import { TagBook } from "../../agent/tag-book.ts";
import { datatypes } from "../../common/contract/datatype.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

function configOf(...tags: [name: string, type: string][]): AgentConfig {
	return {
		devices: [{ name: "U500", tags: tags.map(([name, type]) => ({ name, type })) }],
	} as unknown as AgentConfig;
}

test("a tag keeps its number over restarts, additions and removals", async () => {
	const folder = temporaryFolder();
	const first = await TagBook.open(folder, configOf(["A", "Double"], ["B", "Double"]));
	const a = first.find("U500", "A")?.id;
	const b = first.find("U500", "B")?.id;
	await TagBook.open(folder, configOf(["B", "Double"], ["C", "Double"]));
	const third = await TagBook.open(folder, configOf(["C", "Double"], ["A", "Double"]));
	expect(third.find("U500", "A")?.id).toBe(a);
	expect(third.get(b as number)).toMatchObject({ name: "B", configured: false });
	expect(third.find("U500", "B")).toBeUndefined();
	expect(third.tags.map(({ id }) => id)).toEqual(third.tags.map((_, index) => index + 1));
});

test("another data type makes another tag, and the old one stays known for old records", async () => {
	const folder = temporaryFolder();
	const before = (await TagBook.open(folder, configOf(["A", "Double"]))).find("U500", "A");
	const book = await TagBook.open(folder, configOf(["A", "Int32"]));
	expect(book.find("U500", "A")).toMatchObject({ datatype: datatypes.Int32, configured: true });
	expect(book.find("U500", "A")?.id).not.toBe(before?.id);
	expect(book.get(before?.id as number)).toMatchObject({ datatype: datatypes.Double, configured: false });
});

test.each([
	["text that is no JSON", "{", "DATA_DAMAGED"],
	[
		"ids with a hole",
		JSON.stringify({ format: 1, tags: [{ id: 2, device: "U", name: "A", type: "Double" }] }),
		"DATA_DAMAGED",
	],
	["JSON of something else", "null", "DATA_DAMAGED"],
	["a list with nothing in it", JSON.stringify({ format: 1, tags: [null] }), "DATA_DAMAGED"],
	["a newer format", JSON.stringify({ format: 99, tags: [] }), "DATA_FORMAT_NEWER"],
])("%s is refused by name and left as it is", async (_, text, code) => {
	const folder = temporaryFolder();
	const file = join(folder, "tags.json");
	writeFileSync(file, text);
	await expect(TagBook.open(folder, configOf(["A", "Double"]))).rejects.toMatchObject({
		code,
		message: expect.stringContaining(file),
	});
	expect(readFileSync(file, "utf8")).toBe(text);
});
