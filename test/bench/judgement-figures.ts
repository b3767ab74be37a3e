// What context and live judgement cost on this machine: `node --expose-gc test/bench/judgement-figures.ts [seconds]`, one JSON
// document at the end. 20,000 windows on 50,000 tags of 100 units; a value of each tag a second, judged in batches as the intake
// makes them. One window in ten has a grace, a longest gap, staleness and a frozen value; one tag in a hundred is outside for a
// whole phase.
// Then a simulated month, with a value of each tag every twenty minutes: the memory after each fifth of it.

import { LotBook } from "../../collector/lots/lot-book.ts";
import type { JudgedRecord } from "../../collector/pipeline.ts";
import { LiveJudge, type LotPort } from "../../collector/quality/live-judge.ts";
import { type Specification, specificationConfig } from "../../collector/specification.ts";
import { SpecificationBook } from "../../collector/specification-book.ts";
import { SampleColumns } from "../../common/contract/samples.ts";

const units = 100;
const tagsPerUnit = 500;
const windowsPerUnit = 200;
const beganMs = Date.UTC(2026, 0, 1);
const contextTags = { batch: "Batch", lot: "Lot", recipe: "Recipe", phase: "Phase" };
const phaseMs = 1_200_000;
const contextKeys = Object.values(contextTags);
const seriesPerUnit = tagsPerUnit + contextKeys.length;
const unitName = (unit: number) => `U${unit}`;
const tagName = (tag: number) => `T${tag}`;

function specification(): Specification {
	return specificationConfig.schema.parse({
		kind: "specification",
		schema: 1,
		product: { code: "BENCH", formula: "none" },
		version: 1,
		effective_from: "2026-01-01T00:00:00Z",
		windows: Array.from({ length: units * windowsPerUnit }, (_, index) => ({
			id: `w${index}`,
			unit: unitName(Math.floor(index / windowsPerUnit)),
			tag: tagName(index % windowsPerUnit),
			phases: ["SOAK", "COOL"],
			...{ eu: "1", low: 0, high: 1, deadband: 0.01, on_delay_s: 30, off_delay_s: 30, blanking_s: 60 },
			...(index % 10 === 0 && {
				...{ grace_s: 120, max_gap_s: 1_300, stale_after_s: 1_500 },
				frozen: { tolerance: 0, suspect_after_s: 900, fail_after_s: 1_800 },
			}),
			concerns: ["technical"],
			reaction: "None: a benchmark.",
		})),
	});
}

class Line {
	readonly judge = new LiveJudge({
		versions: new SpecificationBook([specification()], [], 0),
		contextTags,
		lots: new LotBook(Array.from({ length: units }, (_, unit) => unitName(unit))) as LotPort,
	});
	readonly #samples = new SampleColumns(20_000);
	#records: JudgedRecord[] = [];
	#state = 7;
	cpuS = 0;
	values = 0;
	occurrences = 0;
	periods = 0;

	constructor() {
		for (let unit = 0; unit < units; unit++)
			for (let tag = 0; tag < seriesPerUnit; tag++)
				this.judge.addSeries({
					id: unit * seriesPerUnit + tag,
					edgeNode: 1,
					device: unitName(unit),
					tag: tag < tagsPerUnit ? tagName(tag) : (contextKeys[tag - tagsPerUnit] as string),
					datatype: 10,
					eu: undefined,
				});
	}

	/** All tags of all units at one time. */
	cycle(atMs: number): void {
		for (let unit = 0; unit < units; unit++) {
			if (this.#samples.count + seriesPerUnit > 20_000) this.#flush();
			const from = this.#samples.count;
			// A lot begins in the first unit; every other one follows a phase later.
			const ran = Math.floor((atMs - beganMs) / phaseMs) + units - 1 - unit;
			if ((atMs - beganMs) % phaseMs === 0) {
				const phase = ["LOAD", "SOAK", "COOL", "CLEAN"][ran % 4] as string;
				const lot = Math.floor(ran / 4);
				for (const [key, value] of [`B${lot}`, `L${lot}`, "R1", phase].entries())
					this.#add(unit * seriesPerUnit + tagsPerUnit + key, atMs, value);
			}
			for (let tag = 0; tag < tagsPerUnit; tag++) {
				const isOutside = (ran + tag * 7 + unit) % 100 === 0;
				this.#add(unit * seriesPerUnit + tag, atMs, isOutside ? 1.5 : this.#next());
			}
			const count = this.#samples.count - from;
			this.#records.push({ device: unitName(unit), throughMs: atMs, receivedMs: atMs, from, count });
		}
	}

	#add(series: number, atMs: number, value: number | string): void {
		const index = this.#samples.count++;
		this.#samples.tagId[index] = series;
		this.#samples.sourceMs[index] = atMs;
		this.#samples.status[index] = 0;
		this.#samples.setValue(index, value);
	}

	#next(): number {
		this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
		return this.#state / 2 ** 32;
	}

	#flush(): void {
		const { user, system } = process.cpuUsage();
		const { occurrences, periods } = this.judge.judge({ records: this.#records, samples: this.#samples });
		this.judge.keep();
		const after = process.cpuUsage();
		this.cpuS += (after.user + after.system - user - system) / 1e6;
		this.values += this.#samples.count;
		this.occurrences += occurrences.length;
		this.periods += periods.length;
		this.#samples.count = 0;
		this.#records = [];
	}
}

function heapMb(): number {
	if (globalThis.gc === undefined) throw new Error("expected node --expose-gc, found no gc()");
	globalThis.gc();
	return Math.round(process.memoryUsage().heapUsed / 1e5) / 10;
}

const seconds = Number(process.argv[2] ?? 1_260);
const live = new Line();
for (let s = 0; s < 30; s++) live.cycle(beganMs + s * 1_000);
[live.cpuS, live.values, live.occurrences, live.periods] = [0, 0, 0, 0];
for (let s = 30; s < seconds; s++) live.cycle(beganMs + s * 1_000);
const perMillion = (line: Line) => Math.round((line.cpuS / line.values) * 1e9) / 1e3;

const month = new Line();
const memoryMb: number[] = [];
const steps = 30 * 72;
for (let step = 0; step < steps; step++) {
	month.cycle(beganMs + step * phaseMs);
	if ((step + 1) % (steps / 5) === 0) memoryMb.push(heapMb());
}
process.stdout.write(
	`${JSON.stringify({
		windows: units * windowsPerUnit,
		valuesPerSecond: units * tagsPerUnit,
		simulatedS: seconds,
		values: live.values,
		occurrences: live.occurrences,
		periods: live.periods,
		cpuSPerMillionValues: perMillion(live),
		month: {
			values: month.values,
			cpuSPerMillionValues: perMillion(month),
			periods: month.periods,
			heapMb: memoryMb,
		},
	})}\n`,
);
