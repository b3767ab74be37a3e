import { expect, test } from "vitest";
import type { TagSet } from "../../agent/pipeline.ts";
import { TagBook } from "../../agent/tag-book.ts";
import { TagSets } from "../../agent/tag-sets.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const tag = (name: string, type: "Double" | "Int32" = "Double") => ({ name, node: `s=${name}`, type });
const setOf = (...tags: TagSet["tags"]): TagSet => ({ device: "U500", tags, gone: new Set() });

test("a change is in the book, on disk first, then with the source, then in births; changes do not mix", async () => {
	const folder = temporaryFolder();
	const book = await TagBook.open(folder, { devices: [{ name: "U500", tags: [tag("A"), tag("B")] }] });
	const heard: string[] = [];
	const names = () => book.tags.filter(({ device, configured }) => device === "U500" && configured);
	const sets = new TagSets({
		book,
		sourceOf: () => ({ tagsChanged: ({ tags }) => heard.push(`source ${tags.map(({ name }) => name)}`) }),
		publisher: { tagsChanged: () => heard.push(`births ${names().map(({ name, id }) => `${name}=${id}`)}`) },
	});
	const [a, b] = [book.find("U500", "A")?.id, book.find("U500", "B")?.id];
	await Promise.all([
		sets.change(setOf(tag("B"), tag("C"))),
		sets.change(setOf(tag("A", "Int32"), tag("B"))),
	]);
	const c = (b as number) + 1;
	expect(heard).toEqual(["source B,C", `births B=${b},C=${c}`, "source A,B", `births B=${b},A=${c + 1}`]);
	expect(book.get(a as number)).toMatchObject({ name: "A", configured: false });
	const again = await TagBook.open(folder, { devices: [{ name: "U500", tags: [tag("A"), tag("C")] }] });
	expect([again.find("U500", "A")?.id, again.find("U500", "C")?.id]).toEqual([a, c]);
});

test("a change that cannot be written down changes nothing, and the next one is taken", async () => {
	const book = await TagBook.open(temporaryFolder(), { devices: [] });
	let fails = true;
	const heard: string[] = [];
	const sets = new TagSets({
		book: {
			add: async (device, tags) => {
				if (fails) throw new Error("the disk is full");
				await book.add(device, tags);
			},
			configure: (device, tags) => book.configure(device, tags),
		},
		sourceOf: () => undefined,
		publisher: { tagsChanged: () => heard.push("births") },
	});
	await expect(sets.change(setOf(tag("A")))).rejects.toThrow("the disk is full");
	expect([heard, book.find("U500", "A")]).toEqual([[], undefined]);
	fails = false;
	await sets.change(setOf(tag("A")));
	expect([heard, book.find("U500", "A")?.name]).toEqual([["births"], "A"]);
});
