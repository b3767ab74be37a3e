import { afterEach, beforeEach, expect, test } from "vitest";
import { readLotSamples } from "../../../collector/store/lot-evidence.ts";
import { seeded } from "../quality/final/judged-story.ts";
import { beganMs, KnownStore } from "./known-store.ts";
import { ask, askSealedToo, sealTo } from "./sealed-store.ts";

const unit = "U500";
const tags = ["TT01", "TT02", "TT03", "TT04"];
let store: KnownStore;

beforeEach(() => {
	store = new KnownStore();
	for (const tag of tags) store.series(unit, tag, "Double");
	store.series(unit, "Counter", "Int64");
});
afterEach(() => store.remove());

test("the newest value before a time is found for every tag, wherever it is stored and however late it came", async () => {
	const random = seeded(20_261_203);
	const told: { tag: string; atMs: number; value: number }[] = [];
	for (let record = 0; record < 60; record++) {
		const samples = Array.from({ length: 1 + Math.floor(random() * 4) }, () => ({
			// The last tag is silent but for the beginning; times are out of order by up to twenty records.
			tag: tags[Math.floor(random() * (record < 5 ? 4 : 3))] as string,
			atMs: beganMs + Math.floor((record + random() * 20) * 1_000),
			value: Math.floor(random() * 1e6),
		}));
		store.record(unit, samples);
		told.push(...samples);
	}
	for (const afterS of [1, 15, 40, 79]) {
		const fromMs = beganMs + afterS * 1_000;
		const answer = await askSealedToo(store.file, store.path, async (db, rows) => {
			const columns = await readLotSamples(db, rows, { unit, tags, fromMs, toMs: fromMs + 1 });
			return tags.map((tag) => [tag, columns?.get(tag)?.value[0]] as const);
		});
		for (const [tag, value] of answer) {
			const before = told.filter((one) => one.tag === tag && one.atMs <= fromMs);
			const newestMs = Math.max(...before.map(({ atMs }) => atMs));
			const at = before.filter(({ atMs }) => atMs === newestMs).map((one) => one.value);
			expect(value === undefined ? [] : at, `${tag} before ${afterS} s`).toEqual(
				value === undefined ? at : expect.arrayContaining([value]),
			);
		}
	}
});

test("too many are as many hot as sealed: values of other tags in the same records do not count", async () => {
	for (let second = 0; second < 10; second++)
		store.record(
			unit,
			tags.map((tag) => ({ tag, atMs: beganMs + second * 1_000, value: second })),
		);
	const query = { unit, tags: ["TT01"], fromMs: beganMs, toMs: beganMs + 60_000 };
	const read = (most: number) =>
		askSealedToo(store.file, store.path, async (db, rows) => {
			const columns = await readLotSamples(db, rows, query, most);
			return columns?.get("TT01")?.value.length;
		});
	expect(await read(10)).toBe(10);
	expect(await read(9)).toBeUndefined();
});

test("a 64-bit integer beyond what a number can say is read as it is, hot and sealed", async () => {
	store.record(unit, [{ tag: "Counter", atMs: beganMs, value: 2n ** 60n }]);
	store.record(unit, [{ tag: "TT01", atMs: beganMs, value: 1 }]);
	const read = () =>
		ask(store.path, async (db, rows) => {
			const columns = await readLotSamples(db, rows, {
				...{ unit, tags: ["Counter", "TT01"], fromMs: beganMs, toMs: beganMs + 1 },
			});
			return [...(columns?.values() ?? [])].map(({ value }) => [...value]);
		});
	const hot = await read();
	expect(hot).toEqual([[2 ** 60], [1]]);
	await sealTo(store.file, store.path, 2);
	expect(await read()).toEqual(hot);
});

test("a tag that has been silent for thousands of records still has its value, hot and sealed", async () => {
	store.record(unit, [{ tag: "TT04", atMs: beganMs, value: 4 }]);
	for (let seq = 0; seq < 2_100; seq++)
		store.record(unit, [{ tag: "TT01", atMs: beganMs + 1_000 + seq, value: seq }]);
	const answer = await askSealedToo(store.file, store.path, async (db, rows) => {
		const query = { unit, tags: ["TT04"], fromMs: beganMs + 60_000, toMs: beganMs + 60_001 };
		return [...((await readLotSamples(db, rows, query))?.get("TT04")?.value ?? [])];
	});
	expect(answer).toEqual([4]);
});
