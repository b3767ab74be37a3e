// A line of 100 units as judgement sees it; see final-judgement-figures.ts.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { VerdictStage } from "../../collector/judgement-port.ts";
import { laboratoryVerdicts } from "../../collector/laboratory/lot-results.ts";
import type { LabResult } from "../../collector/laboratory-port.ts";
import { bookedLot, LotBook } from "../../collector/lots/lot-book.ts";
import type { CommitBatch, RecordRow, Series } from "../../collector/pipeline.ts";
import { FinalJudge } from "../../collector/quality/final/final-judge.ts";
import { LiveJudge } from "../../collector/quality/live-judge.ts";
import { type Specification, specificationConfig } from "../../collector/specification.ts";
import { SpecificationBook } from "../../collector/specification-book.ts";
import { nextStretch } from "../../collector/store/keeping-state.ts";
import { PartTable } from "../../collector/store/part-table.ts";
import { Duck } from "../../collector/store/parts/duck.ts";
import { partFolder } from "../../collector/store/parts/part-folder.ts";
import { sealRange } from "../../collector/store/parts/sealing.ts";
import { StoreReader } from "../../collector/store/reader.ts";
import { Store } from "../../collector/store/store.ts";
import { StoreFile } from "../../collector/store/store-file.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import { quietTelemetry } from "../helpers/quiet-telemetry.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";

export const units = 100;
export const tagsPerUnit = 500;
export const windowsPerUnit = 180;
export const aggregatesPerUnit = 20;
const tests = 5;
export const beganMs = Date.UTC(2026, 0, 1);
export const dayMs = 86_400_000;
const contextTags = { batch: "Batch", lot: "Lot", recipe: "Recipe", phase: "Phase" };
const contextKeys = Object.values(contextTags);
const seriesPerUnit = tagsPerUnit + contextKeys.length;
const samplesMost = 20_000;
const unitName = (unit: number) => `U${unit}`;
const route = Array.from({ length: units }, (_, unit) => unitName(unit));
const epoch = 7;
const sealing = { memoryMb: 384, threads: 1, temporaryMb: 4_096 };

function specification(): Specification {
	const common = { eu: "1", concerns: ["technical"], reaction: "None: a benchmark." };
	const of = (perUnit: number, id: string, from: number) =>
		Array.from({ length: units * perUnit }, (_, index) => ({
			...common,
			id: `${id}${index}`,
			unit: unitName(Math.floor(index / perUnit)),
			tag: `T${from + (index % perUnit)}`,
			phases: ["SOAK", "COOL"],
		}));
	return specificationConfig.schema.parse({
		kind: "specification",
		schema: 1,
		product: { code: "BENCH", formula: "none" },
		version: 1,
		status: "approved",
		author: "A",
		approved_by: "B",
		effective_from: "2026-01-01T00:00:00Z",
		windows: of(windowsPerUnit, "w", 0).map((one, index) => ({
			...{ ...one, low: 0, high: 1, deadband: 0.01, on_delay_s: 2, off_delay_s: 2 },
			...(index % 10 === 0 && { frozen: { tolerance: 0, suspect_after_s: 90_000, fail_after_s: 180_000 } }),
		})),
		aggregates: of(aggregatesPerUnit, "a", windowsPerUnit).map((one) => ({
			...{ ...one, basis: "time_weighted_mean", low: 0, high: 1 },
		})),
		laboratory: Array.from({ length: tests }, (_, index) => ({
			...{ ...common, id: `l${index}`, test: `test${index}`, method: "m", low: 0, high: 1 },
		})),
	});
}

interface Costs {
	values: number;
	liveCpuS: number;
	storeCpuS: number;
	finalCpuS: number;
	verdicts: Record<VerdictStage, number>;
	corrections: number;
}

async function cpu<T>(work: () => T | Promise<T>): Promise<[T, number]> {
	const before = process.cpuUsage();
	const result = await work();
	const { user, system } = process.cpuUsage(before);
	return [result, (user + system) / 1e6];
}

/** A collector from live judgement to the stored verdict, on a real store with a real reader. */
export class JudgedBenchLine {
	readonly #folder = mkdtempSync(join(tmpdir(), "pilotline-bench-"));
	readonly #clock = new SteppedClock(beganMs);
	readonly #book = new SpecificationBook([specification()], [], 0);
	readonly #live = new LiveJudge({ versions: this.#book, contextTags, lots: new LotBook(route) });
	readonly #store = new Store();
	readonly #reader = new StoreReader("evidence");
	#judge!: FinalJudge;
	#samples = new SampleColumns(samplesMost);
	#records: RecordRow[] = [];
	#results: LabResult[] = [];
	#seq = 1;
	#plantMs = beganMs;
	#random = 7;
	readonly costs: Costs = {
		...{ values: 0, liveCpuS: 0, storeCpuS: 0, finalCpuS: 0, corrections: 0 },
		verdicts: { line: 0, complete: 0 },
	};

	async open(): Promise<void> {
		const path = join(this.#folder, "store.db");
		const opened = await this.#store.open(path);
		await this.#reader.open(path);
		const [clock, store, evidence] = [this.#clock, this.#store, this.#reader];
		this.#judge = new FinalJudge({
			...{ clock, telemetry: quietTelemetry(), evidence, route, contextTags, due: opened.due },
			store: {
				newestVerdict: (lot, stage) => store.newestVerdict(lot, stage),
				dropDue: (due) => store.dropDue(due),
				dirtyPeriods: () => store.dirtyPeriods(),
				refreshContext: (refresh) => store.refreshContext(refresh),
				commitFinalVerdict: async (commit) => {
					await store.commitFinalVerdict(commit);
					if (commit.verdict === undefined) return;
					this.costs.verdicts[commit.verdict.stage]++;
					if (commit.verdict.corrects !== undefined) this.costs.corrections++;
				},
			},
			specificationAt: (sourceMs) => this.#book.inForce(sourceMs),
			bookedLot: (...asked) => bookedLot(route, ...asked),
			laboratory: async (lot, { specification: its }, plantMs) =>
				laboratoryVerdicts(await evidence.lotResults(lot.lot), lot, its, plantMs),
			messages: () => [],
			charts: { lot: async () => ({ points: [], signals: [], baselines: [] }), keep: () => {} },
			watermarkMs: () => this.#plantMs,
			onJudged: () => {},
		});
		this.#judge.start();
		const series = this.#series();
		for (const one of series) this.#live.addSeries(one);
		await this.#commit({ series, edgeNodes: [{ id: 1, group: "bench", edgeNode: "line" }] });
	}

	/** Seals what is stored as the keeper does after an hour or five million samples, and deletes the hot rows. */
	async seal(): Promise<void> {
		await this.#flush();
		await this.#commit({ cache: { seq: this.#seq - 1, state: this.#live.save() } });
		const path = join(this.#folder, "store.db");
		const file = new StoreFile(path);
		const db = new DatabaseSync(path, { readOnly: true });
		const duck = await Duck.open(this.#folder, join(this.#folder, "duck"), sealing);
		const table = new PartTable(file);
		mkdirSync(partFolder(path), { recursive: true });
		for (;;) {
			const { toPos, samples } = nextStretch(db, 5_000_000);
			if (samples === 0) break;
			const request = { fromPos: Number(file.meta("sealed_to")), toPos, instance: file.meta("instance") };
			table.list({ part: await sealRange(db, duck, request, { folder: partFolder(path) }), toPos, atMs: 1 });
			while (table.trim());
		}
		duck.close();
		db.close();
		file.close();
	}

	async close(): Promise<void> {
		await this.#judge.stop();
		await this.#reader.close();
		await this.#store.close();
		rmSync(this.#folder, { recursive: true, force: true });
	}

	/** All tags of all units at one time; what the units are doing when it begins to be so. */
	async cycle(atMs: number, doing: { lot: string; phase: string } | undefined): Promise<void> {
		this.#plantMs = Math.max(this.#plantMs, atMs);
		for (let unit = 0; unit < units; unit++) {
			if (this.#samples.count + seriesPerUnit > samplesMost) await this.#flush();
			const from = this.#samples.count;
			if (doing !== undefined) {
				const { lot, phase } = doing;
				for (const [key, value] of [lot === "" ? "" : `B${lot}`, lot, "R1", phase].entries())
					this.#add(unit * seriesPerUnit + tagsPerUnit + key, atMs, value);
			}
			for (let tag = 0; tag < tagsPerUnit; tag++) {
				// One tag in a hundred is outside for as long as its phase lasts.
				const isOutside = (tag * 7 + unit) % 100 === 0 && doing === undefined;
				this.#add(unit * seriesPerUnit + tag, atMs, isOutside ? 1.5 : this.#next());
			}
			this.#record(unitName(unit), from, atMs);
		}
	}

	/** One value of the first unit that is older than what was judged. */
	late(atMs: number): void {
		const from = this.#samples.count;
		this.#add(0, atMs, 0.5);
		this.#record(unitName(0), from, atMs);
	}

	/** What the laboratory says of a lot. */
	results(lot: string, atMs: number): void {
		for (let test = 0; test < tests; test++)
			this.#results.push({
				...{
					id: `${lot} ${test}`,
					lot,
					material: "",
					sample: "S1",
					test: `test${test}`,
					eu: "1",
					value: 0.5,
				},
				...{ censored: undefined, repeats: [], operator: "A", instrument: "I", calibrationDueMs: undefined },
				...{ method: "m", detectionLimit: undefined, temperatureC: undefined, measuredMs: atMs },
				...{ reportedMs: atMs, version: 1, reason: "", road: "opcua", enteredMs: atMs, enteredBy: "" },
			});
	}

	/** Stores what there is, then gives every verdict that is due. */
	async settle(): Promise<void> {
		await this.#flush();
		const [, finalCpuS] = await cpu(async () => {
			// Dirty periods are looked at first, and make lots due that the same look then judges.
			this.#clock.step(5_000);
			this.#judge.look();
			await this.#judge.stop();
			this.#judge.start();
		});
		this.costs.finalCpuS += finalCpuS;
	}

	#series(): Series[] {
		return Array.from({ length: units * seriesPerUnit }, (_, index) => {
			const tag = index % seriesPerUnit;
			const key = contextKeys[tag - tagsPerUnit];
			return {
				...{ id: index + 1, edgeNode: 1, device: unitName(Math.floor(index / seriesPerUnit)) },
				...{ tag: key ?? `T${tag}`, datatype: key === undefined ? 10 : 12, eu: undefined },
			};
		});
	}

	#add(series: number, atMs: number, value: number | string): void {
		const index = this.#samples.count++;
		this.#samples.tagId[index] = series + 1;
		this.#samples.sourceMs[index] = atMs;
		this.#samples.status[index] = 0;
		this.#samples.setValue(index, value);
	}

	#record(device: string, from: number, atMs: number): void {
		const seq = this.#seq++;
		this.#records.push({
			...{ seq, edgeNode: 1, epoch, offset: seq, last: seq, device, samples: this.#samples.count - from },
			...{ sourceMinMs: atMs, sourceMaxMs: atMs, throughMs: this.#plantMs, hash: new Uint8Array(16) },
			receivedMs: this.#plantMs,
		});
	}

	#next(): number {
		this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
		return this.#random / 2 ** 32;
	}

	async #flush(): Promise<void> {
		let from = 0;
		const records = this.#records.map((record) => {
			const judged = { ...record, from, count: record.samples };
			from += record.samples;
			return judged;
		});
		const [judgement, liveCpuS] = await cpu(() => {
			const told = this.#live.judge({ records, samples: this.#samples });
			this.#live.keep();
			return told;
		});
		this.costs.values += this.#samples.count;
		this.costs.liveCpuS += liveCpuS;
		const results = this.#results;
		const [, storeCpuS] = await cpu(() =>
			this.#commit({
				...judgement,
				laboratory:
					results.length === 0 ? undefined : { results, refused: [], withdrawn: [], state: undefined },
			}),
		);
		this.costs.storeCpuS += storeCpuS;
		for (const due of judgement.due) this.#judge.add(due);
		for (const lot of new Set(results.map((result) => result.lot))) this.#judge.add({ lot, dueMs: 0 });
		this.#results = [];
	}

	async #commit(batch: Partial<CommitBatch>): Promise<void> {
		const [records, samples] = [this.#records, this.#samples];
		this.#records = [];
		this.#samples = new SampleColumns(samplesMost);
		await this.#store.commit({
			...{ edgeNodes: [], series: [], gaps: [], throughs: [], conflicts: [], dirty: [], occurrences: [] },
			alerts: [],
			...{ periods: [], limits: [], visits: [], lots: [], due: [], outbox: [], cache: undefined },
			...batch,
			...{ records, samples },
			epochs: [
				{
					...{ edgeNode: 1, epoch, previousEpoch: 0, previousLast: 0 },
					ranges: this.#seq === 1 ? [] : [{ first: 1, last: this.#seq - 1 }],
				},
			],
		});
	}
}
