import { join } from "node:path";
import { EdgeNodeLedger } from "../../../../collector/intake/edge-node-ledger.ts";
import { EdgeNodeWatches } from "../../../../collector/intake/edge-node-watches.ts";
import { Intake } from "../../../../collector/intake/intake.ts";
import { rebuildJudgement } from "../../../../collector/judgement-rebuild.ts";
import { bookedLot, LotBook } from "../../../../collector/lots/lot-book.ts";
import type { IncomingRecord, LotVerdict } from "../../../../collector/pipeline.ts";
import { FinalJudge } from "../../../../collector/quality/final/final-judge.ts";
import { LiveJudge } from "../../../../collector/quality/live-judge.ts";
import type { Specification } from "../../../../collector/specification.ts";
import { StoreReader } from "../../../../collector/store/reader.ts";
import { Store } from "../../../../collector/store/store.ts";
import { StoreFile } from "../../../../collector/store/store-file.ts";
import { datatypes } from "../../../../common/contract/datatype.ts";
import { SampleColumns, type SampleValue } from "../../../../common/contract/samples.ts";
import { quietTelemetry } from "../../../helpers/quiet-telemetry.ts";
import { SteppedClock } from "../../../helpers/stepped-clock.ts";
import { versionsOf } from "../../specification-of.ts";

export const route = ["U1", "U2"];
export const contextTags = { batch: "Batch", lot: "Lot", recipe: "Recipe", phase: "Phase" };
const tags = [...Object.values(contextTags), "T1"];
const epoch = 77;

export interface Told {
	readonly unit: string;
	readonly tag: string;
	readonly s: number;
	readonly value: SampleValue;
	readonly status?: number;
}

/** One record as an agent would have sent it; offsets count from 1. */
export interface ToldRecord {
	readonly offset: number;
	readonly unit: string;
	readonly samples: readonly Told[];
	readonly throughS: number;
}

const beganMs = Date.UTC(2026, 10, 20, 6);

/** Cuts a story into records of one unit each, in order of time, so that each unit's Through rises with them. */
export function recordsOf(story: readonly Told[], cutAfter: (index: number) => boolean): ToldRecord[] {
	const records: { offset: number; unit: string; samples: Told[]; throughS: number }[] = [];
	const open = new Map<string, Told[]>();
	let offset = 1;
	const close = (unit: string, throughS: number) => {
		const samples = open.get(unit) ?? [];
		if (samples.length > 0) records.push({ offset: offset++, unit, samples, throughS });
		open.set(unit, []);
	};
	for (const [index, one] of story.entries()) {
		open.set(one.unit, [...(open.get(one.unit) ?? []), one]);
		const next = story.slice(index + 1).find(({ unit }) => unit === one.unit);
		if (cutAfter(index) && next?.s !== one.s) close(one.unit, one.s);
	}
	const endS = (story.at(-1) as Told).s;
	for (const unit of open.keys()) close(unit, endS);
	return records;
}

/** The collector from intake to final verdicts, on a real store, with nothing but the clock pretended. */
export class JudgedLine {
	readonly #path: string;
	readonly #specification: Specification;
	readonly clock = new SteppedClock(beganMs);
	readonly given: LotVerdict[] = [];
	/** Of each verdict given, the id of the one that it corrects. */
	readonly corrected: (string | undefined)[] = [];
	store!: Store;
	reader!: StoreReader;
	intake!: Intake;
	judge!: FinalJudge;
	watches!: EdgeNodeWatches;
	#series = new Map<string, number>();

	constructor(folder: string, specification: Specification) {
		this.#path = join(folder, "store.db");
		this.#specification = specification;
	}

	async start(): Promise<void> {
		const telemetry = quietTelemetry();
		const { clock } = this;
		this.store = new Store();
		this.reader = new StoreReader("evidence");
		const { store, reader } = this;
		const opened = await store.open(this.#path);
		await reader.open(this.#path);
		const live = new LiveJudge({
			versions: versionsOf(this.#specification),
			contextTags,
			lots: new LotBook(route),
		});
		for (const series of opened.series) live.addSeries(series);
		await rebuildJudgement({ reader, judge: live, opened, telemetry });
		const ledger = new EdgeNodeLedger(opened.epochs, opened.throughs, opened.marks);
		this.watches = new EdgeNodeWatches(opened.edgeNodes.length === 0 ? new Map() : new Map([[1, ledger]]));
		this.intake = new Intake({
			...{ clock, store, judge: live, telemetry, messages: () => [], watches: this.watches },
			commands: { confirm: () => {}, resend: () => {} },
			onCommitted: (judgement) => {
				for (const due of judgement.due) this.judge.add(due);
			},
			...{ waitingSamplesMax: 100_000, commitSamplesMax: 50, commitIntervalMs: 0, nextSeq: opened.nextSeq },
			nameOf: () => ({ group: "pilot", edgeNode: "line-1" }),
		});
		const versions = versionsOf(this.#specification);
		this.judge = new FinalJudge({
			...{ clock, telemetry, store, evidence: reader, route, contextTags, due: opened.due },
			specificationAt: (sourceMs) => versions.inForce(sourceMs),
			bookedLot: (...asked) => bookedLot(route, ...asked),
			laboratory: async () => undefined,
			messages: (verdict, corrects) => {
				this.given.push(verdict);
				this.corrected.push(corrects);
				return [];
			},
			charts: { lot: async () => ({ points: [], signals: [], baselines: [] }), keep: () => {} },
			watermarkMs: () => this.watches.watermarkMs(route),
			onJudged: () => {},
		});
		if (opened.edgeNodes.length === 0) {
			this.intake.addEdgeNode({ id: 1, group: "pilot", edgeNode: "line-1" });
			let id = 1;
			for (const unit of route) {
				for (const tag of tags) {
					const datatype = tag === "T1" ? datatypes.Double : datatypes.String;
					this.intake.addSeries({ id: id++, edgeNode: 1, device: unit, tag, datatype, eu: undefined }, true);
				}
			}
		} else for (const series of opened.series) this.intake.addSeries(series, false);
		let id = 1;
		for (const unit of route) for (const tag of tags) this.#series.set(`${unit}/${tag}`, id++);
		this.intake.start();
		this.judge.start();
	}

	async stop(): Promise<void> {
		await this.judge.stop();
		await this.intake.stop();
		await this.reader.close();
		await this.store.close();
	}

	async deliver(records: readonly ToldRecord[]): Promise<void> {
		for (const record of records) await this.intake.record(this.#incoming(record));
		await this.#settled();
	}

	/** Lets the judge look until it has nothing more to say. */
	async judged(): Promise<void> {
		for (let round = 0; round < 4; round++) {
			await this.#settled();
			this.clock.step(5_000);
			this.judge.look();
			await this.#idle();
		}
	}

	/** The newest canonical form of each lot. */
	verdicts(): Record<string, string> {
		const file = new StoreFile(this.#path);
		try {
			const rows = file.all("SELECT lot, canonical FROM lot_judgement ORDER BY lot, revision");
			return Object.fromEntries(rows.map(({ lot, canonical }) => [String(lot), String(canonical)]));
		} finally {
			file.close();
		}
	}

	async #idle(): Promise<void> {
		await this.judge.stop();
		this.judge.start();
	}

	async #settled(): Promise<void> {
		for (let turn = 0; turn < 200 && this.intake.waitingSamples > 0; turn++)
			await new Promise((resolve) => setTimeout(resolve, 1));
		this.clock.step(1_000);
		// Through marks become rows with the next transaction.
		await new Promise((resolve) => setTimeout(resolve, 5));
	}

	#incoming({ offset, unit, samples, throughS }: ToldRecord): IncomingRecord {
		const columns = new SampleColumns(samples.length);
		columns.count = samples.length;
		for (const [index, { tag, s, value, status = 0 }] of samples.entries()) {
			columns.tagId[index] = this.#series.get(`${unit}/${tag}`) as number;
			columns.sourceMs[index] = beganMs + s * 1_000;
			columns.serverLagTicks[index] = Number.NaN;
			columns.status[index] = status;
			columns.setValue(index, value);
		}
		return {
			...{ edgeNode: 1, epoch, offset, last: offset, device: unit, throughMs: beganMs + throughS * 1_000 },
			...{ hash: new Uint8Array(16).fill(offset % 251), samples: columns, historical: false },
			receivedMs: beganMs + 10_000_000,
		};
	}
}
