import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { Directory } from "../../../collector/directory.ts";
import { Adoption } from "../../../collector/intake/adoption.ts";
import { offerFiles } from "../../../collector/store/adopt-files.ts";
import { knownAnywhere } from "../../../collector/store/known-anywhere.ts";
import { adoptFolder, partFolder } from "../../../collector/store/parts/part-folder.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { beganMs, KnownStore } from "../store/known-store.ts";
import { sealTo } from "../store/sealed-store.ts";
import { IntakeRig } from "./intake-rig.ts";

let other: KnownStore;
let told: Record<string, unknown>[];

beforeEach(async () => {
	told = [];
	other = new KnownStore();
	other.series("U500", "TT01", "Double");
	other.series("U500", "Phase", "String");
	other.series("U500", "Total", "UInt64");
	for (let seq = 1; seq <= 8; seq++)
		other.record("U500", [
			{ tag: "TT01", atMs: beganMs + seq * 1_000, value: seq / 8 },
			{ tag: "Phase", atMs: beganMs + seq * 1_000, value: `P${seq}` },
			{ tag: "Total", atMs: beganMs + seq * 1_000, value: 2n ** 64n - BigInt(seq), status: 0x40000000 },
		]);
	await sealTo(other.file, other.path, 4);
	await sealTo(other.file, other.path, 8);
});
afterEach(() => other.remove());

/** A collector with other series, which reads what was offered when it starts. */
class Taker {
	readonly rig = new IntakeRig(temporaryFolder());
	readonly reader = new StoreReader("exporter");
	directory!: Directory;

	async start(): Promise<this> {
		await this.rig.start();
		const edgeNodes = [{ id: 1, group: "pilot", edgeNode: "line-1" }];
		const taken = Array.from({ length: 9 }, (_, index) => ({
			...{ id: index + 1, edgeNode: 1, device: "", tag: `${index}`, datatype: 10, eu: undefined },
		}));
		this.directory = new Directory({ edgeNodes, series: taken }, this.rig.intake);
		await this.reader.open(this.rig.path);
		onTestFinished(() => this.reader.close());
		return this;
	}

	async adopt(): Promise<void> {
		const { rig, reader, directory } = this;
		const tell = (event: string) => (fields: object) => void told.push({ event, ...fields });
		const adoption = new Adoption({
			files: reader,
			known: { samplesKnown: (...question) => knownAnywhere({ store: rig.store, reader }, ...question) },
			intake: rig.intake,
			directory,
			clock: rig.clock,
			telemetry: { adopting: tell("adopting"), adopted: tell("adopted"), notAdopted: tell("notAdopted") },
		});
		await adoption.start();
	}

	offer(...paths: string[]) {
		return offerFiles(paths, dirname(this.rig.path));
	}

	get waiting(): string[] {
		const folder = adoptFolder(partFolder(this.rig.path));
		return existsSync(folder) ? readdirSync(folder) : [];
	}

	stored(): unknown[] {
		return this.rig.rows(`SELECT r."offset" AS at, s.tag, p.source_ms AS ms, p.status, CAST(p.value AS TEXT) AS value
			FROM sample p JOIN series s ON s.id = p.series JOIN record r ON r.seq = p.pos / 512 ORDER BY p.pos`);
	}
}

const parts = () => partFolder(other.path);
const filesOf = (kind: string) =>
	readdirSync(parts())
		.filter((name) => name.includes(`-${kind}-`))
		.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
		.map((name) => join(parts(), name));
const expected = Array.from({ length: 8 }, (_, index) => index + 1).flatMap((seq) => [
	{ at: seq, tag: "TT01", ms: beganMs + seq * 1_000, status: 0, value: String(seq / 8) },
	{ at: seq, tag: "Phase", ms: beganMs + seq * 1_000, status: 0, value: `P${seq}` },
	{
		at: seq,
		tag: "Total",
		ms: beganMs + seq * 1_000,
		status: 0x40000000,
		value: String(2n ** 64n - BigInt(seq)),
	},
]);
const asStored = (rows: typeof expected) =>
	rows.map((row) => ({
		...row,
		value: row.tag === "TT01" ? String(Number(row.value).toFixed(3)) : row.value,
	}));
const rounded = (rows: unknown[]) =>
	asStored((rows as typeof expected).map((row) => ({ ...row, at: Number(row.at) })));

test("a part that was set aside is taken over with its records: samples and ranges are back, in another store's ids", async () => {
	const taker = await new Taker().start();
	const report = await taker.offer(parts());
	expect(report).toMatchObject({ withoutRecords: [] });
	expect([report.recordFiles.length, report.parts.length, taker.waiting.length]).toEqual([2, 2, 4]);
	await taker.adopt();
	expect(rounded(taker.stored())).toEqual(asStored(expected));
	expect(taker.rig.rows("SELECT * FROM committed_range")).toEqual([
		{ edge_node: 2, epoch: 7, first: 1, last: 8 },
	]);
	expect(taker.rig.rows("SELECT id, group_id, edge_node_id FROM edge_node WHERE id = 2")).toEqual([
		{ id: 2, group_id: "site", edge_node_id: "agent-1" },
	]);
	expect(told).toMatchObject([
		{ event: "adopted", records: 4, samples: 12, known: 0, incomplete: 0 },
		{ event: "adopted", records: 4, samples: 12, known: 0, incomplete: 0 },
	]);
	expect(taker.waiting).toEqual([]);
});

test("what is stored is not stored again, hot or sealed", async () => {
	const taker = await new Taker().start();
	await taker.offer(filesOf("q")[0] as string, filesOf("s")[0] as string);
	await taker.adopt();
	await taker.offer(parts());
	await taker.adopt();
	await taker.offer(parts());
	await taker.adopt();
	expect(rounded(taker.stored())).toEqual(asStored(expected));
	expect(told.map(({ records, known }) => [records, known])).toEqual([
		[4, 0],
		[0, 4],
		[4, 0],
		[0, 4],
		[0, 4],
	]);
});

test("offsets that were written off meanwhile are taken over too", async () => {
	const taker = await new Taker().start();
	const { id } = taker.directory.edgeNode("site", "agent-1");
	taker.rig.intake.held(id, [{ epoch: 7, first: 9, next: 9 }], true);
	await taker.rig.intake.settled();
	expect(taker.rig.rows("SELECT first, last FROM committed_range")).toEqual([{ first: 1, last: 8 }]);
	await taker.offer(parts());
	await taker.adopt();
	expect(rounded(taker.stored())).toEqual(asStored(expected));
});

test("records whose part is missing wait for it", async () => {
	const taker = await new Taker().start();
	await taker.offer(...filesOf("q"), filesOf("s")[1] as string);
	await taker.adopt();
	expect(told).toMatchObject([
		{ event: "adopted", records: 0, incomplete: 4 },
		{ event: "adopted", records: 4, incomplete: 0 },
	]);
	expect(taker.waiting.filter((name) => name.includes("-q-"))).toHaveLength(1);
	await taker.offer(parts());
	await taker.adopt();
	expect(taker.stored()).toHaveLength(24);
	expect(taker.waiting).toEqual([]);
});

test("a commit that fails leaves the files for the next start", async () => {
	const taker = await new Taker().start();
	await taker.offer(parts());
	taker.rig.refusals = 1;
	taker.rig.refusesRecords = true;
	let done = false;
	const adopting = taker.adopt().then(() => {
		done = true;
	});
	await vi.waitFor(() => {
		taker.rig.clock.step(1_000);
		expect(done).toBe(true);
	}, 20_000);
	await adopting;
	expect(told.filter(({ event }) => event !== "adopting")).toMatchObject([
		{ event: "notAdopted", reason: "4 records could not be committed" },
		{ event: "adopted" },
	]);
	expect(taker.waiting).toHaveLength(2);
	await taker.adopt();
	expect(taker.stored()).toHaveLength(24);
});

test("records of a foreign edge node are told apart by their samples", async () => {
	const foreign = new KnownStore();
	onTestFinished(() => foreign.remove());
	foreign.series("X1", "TT01", "Double");
	for (const value of [1, 2]) foreign.record("X1", [{ tag: "TT01", atMs: beganMs + value, value }]);
	foreign.file.run("UPDATE record SET epoch = 1");
	await sealTo(foreign.file, foreign.path, 2);
	const taker = await new Taker().start();
	for (let turn = 0; turn < 2; turn++) {
		await taker.offer(partFolder(foreign.path));
		await taker.adopt();
	}
	expect(taker.stored()).toMatchObject([
		{ at: 1, value: "1.0" },
		{ at: 2, value: "2.0" },
	]);
});

test("a part alone, and a folder without any, are refused by name", async () => {
	const taker = await new Taker().start();
	for (const file of filesOf("q")) rmSync(file);
	await expect(taker.offer(parts())).rejects.toThrow(
		"expected files of records (…-q-….parquet), found none; 2 parts",
	);
	await expect(taker.offer(join(parts(), "nowhere"))).rejects.toThrow("found nothing");
});
