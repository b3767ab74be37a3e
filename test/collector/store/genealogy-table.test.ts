import { afterEach, beforeEach, expect, test } from "vitest";
import { LinkReader } from "../../../collector/genealogy/link-reader.ts";
import type { GenealogyLink } from "../../../collector/genealogy-port.ts";
import { rebuildGenealogy } from "../../../collector/genealogy-rebuild.ts";
import { readLinks, readLotLinks } from "../../../collector/store/genealogy-table.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { Store } from "../../../collector/store/store.ts";
import { beganMs, KnownStore } from "./known-store.ts";
import { sealTo } from "./sealed-store.ts";

let known: KnownStore;
beforeEach(() => {
	known = new KnownStore();
});
afterEach(() => known.remove());

const link = (
	kind: GenealogyLink["kind"],
	from: string,
	into: string,
	kg: number,
	atMs = beganMs,
): GenealogyLink => ({
	...{ kind, from, into, kg, atMs, material: "", supplier: "", assay: undefined, unit: "U650" },
});
const text = ({ kind, from, into, kg }: GenealogyLink) => JSON.stringify({ link: kind, from, into, kg });
const links = [
	link("charge", "S1", "B1", 10, beganMs + 1_000),
	link("charge", "S1", "B2", 12, beganMs + 2_000),
	link("blend", "B1", "L1", 5, beganMs + 3_000),
	link("pack", "L1", "L1-1", 5, beganMs + 4_000),
];

test("links are committed with their samples; what comes twice is one link", () => {
	const db = known.file.db;
	known.commit({ genealogy: links });
	known.commit({ genealogy: [...links].reverse() });
	const ids = (found: readonly GenealogyLink[]) => found.map(({ from, into }) => `${from}>${into}`);
	expect(ids(readLinks(db, { ids: ["S1"], direction: "forward", most: 9 }))).toEqual(["S1>B1", "S1>B2"]);
	expect(ids(readLinks(db, { ids: ["S1"], direction: "forward", most: 1 }))).toEqual(["S1>B1"]);
	expect(readLinks(db, { ids: ["L1"], direction: "back", most: 9 })).toEqual([links[2]]);
	expect(ids(readLotLinks(db, "L1", ["B2"]))).toEqual(["B1>L1", "S1>B1", "S1>B2", "L1>L1-1"]);
	expect(readLotLinks(db, "L2", [])).toEqual([]);
});

test("ids that look like SQL or JSON are ids", () => {
	const nasty = ["' OR 1=1 --", '"] UNION SELECT 1,2,3,4,5,6,7,8,9 --', "%", "B'1", "\u0000x", "é\u{1f600}"];
	known.commit({ genealogy: nasty.map((id, index) => link("charge", id, `B${index}`, index)) });
	for (const [index, id] of nasty.entries()) {
		const found = readLinks(known.file.db, { ids: [id], direction: "forward", most: 9 });
		expect(found.map(({ from, into }) => [from, into])).toEqual([[id, `B${index}`]]);
	}
});

test("a commit that fails leaves no link", () => {
	const record = { series: [{ id: 1, edgeNode: 1, device: "U650", tag: "T", datatype: 10, eu: undefined }] };
	known.commit(record);
	expect(() => known.commit({ ...record, genealogy: links })).toThrow();
	expect(readLinks(known.file.db, { ids: ["S1"], direction: "forward", most: 9 })).toEqual([]);
});

test("a store of before, or another tag: links are read out of what is sealed and what is hot", async () => {
	known.series("U650", "Genealogy", "String");
	known.series("U650", "Other", "String");
	const value = (tag: string, one: GenealogyLink) => ({ tag, atMs: one.atMs, value: text(one) });
	known.record("U650", [
		value("Genealogy", links[0] as GenealogyLink),
		value("Genealogy", links[1] as GenealogyLink),
	]);
	known.record("U650", [{ tag: "Genealogy", atMs: beganMs + 2_500, value: "no link" }]);
	await sealTo(known.file, known.path, 2);
	known.record("U650", [
		value("Genealogy", links[2] as GenealogyLink),
		value("Other", links[3] as GenealogyLink),
	]);
	const [store, reader] = [new Store(), new StoreReader()];
	await store.open(known.path);
	await reader.open(known.path);
	const told: { tag: string; links: number }[] = [];
	const rebuild = (tag: string | undefined) =>
		rebuildGenealogy({
			...{ reader, store, telemetry: { rebuilt: (fields) => told.push(fields) } },
			links: tag === undefined ? undefined : new LinkReader(tag),
		});
	const all = () => reader.links({ ids: ["S1", "B1", "B2", "L1"], direction: "forward", most: 99 });
	await rebuild(undefined);
	expect(await all()).toEqual([]);
	await rebuild("Genealogy");
	expect(await all()).toEqual(links.slice(0, 3));
	await rebuild("Genealogy");
	await rebuild("Other");
	expect(await all()).toEqual([links[3]]);
	expect(told).toEqual([
		{ tag: "Genealogy", links: 3 },
		{ tag: "Other", links: 1 },
	]);
	await reader.close();
	await store.close();
});
