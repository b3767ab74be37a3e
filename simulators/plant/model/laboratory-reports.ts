import type { ModelParameters } from "../parameters.ts";
import type { PlantLabEvent, PlantLabInstrument, PlantLabResult, PlantWrite } from "../pipeline.ts";
import type { Lot } from "./batch.ts";
import { Beats } from "./beats.ts";
import { Laboratory, type LabResult } from "./laboratory.ts";
import { laboratoryId, type Published } from "./published.ts";
import { blendOf, qualityOf } from "./quality.ts";

export interface LaboratoryReportsOptions {
	readonly parameters: ModelParameters;
	readonly seed: number;
	/** How often there is each instrument. */
	readonly benches: number;
	readonly onEvent: (event: PlantLabEvent) => void;
}

/** Measurements that ended earlier than this before the beginning are not told. */
const shownS = 2 * 86_400;

/** The laboratory in plant time: takes packed lots, and writes what it reports to its variables. */
export class LaboratoryReports {
	readonly #parameters: ModelParameters;
	readonly #laboratory: Laboratory;
	readonly #onEvent: (event: PlantLabEvent) => void;
	#published: Published | undefined;
	#beats: Beats | undefined;
	#lot: string | undefined;
	#lastLot: Lot | undefined;
	/** Plant time at which the line's own time was nothing. */
	#zeroMs = 0;

	constructor({ parameters, seed, benches, onEvent }: LaboratoryReportsOptions) {
		this.#parameters = parameters;
		this.#laboratory = new Laboratory(parameters, seed, benches);
		this.#onEvent = onEvent;
	}

	get instruments(): readonly PlantLabInstrument[] {
		return this.#laboratory.instruments;
	}

	packed(lot: Lot, nowS: number): void {
		const parts = lot.batches.map((batch) => ({
			quality: qualityOf(batch, this.#parameters),
			kg: batch.accounts.packedKg,
		}));
		this.#laboratory.submit(lot.id, blendOf(parts), nowS);
		this.#lastLot = lot;
	}

	/** The results on the screen at `startMs`, when the line's own time is `nowS`, are those of an earlier lot. */
	begin(published: Published, emit: (write: PlantWrite) => void, startMs: number, nowS: number): void {
		this.#published = published;
		this.#beats = new Beats(
			published.variable(laboratoryId, "Written"),
			published.variable(laboratoryId, "Heartbeat"),
			emit,
		);
		this.#zeroMs = startMs - nowS * 1000;
		this.#measure(nowS, nowS - shownS);
		const last = new Map<string, { lot: string; value: number }>();
		for (const result of this.#laboratory.take(nowS)) {
			last.set(result.test, { lot: result.lot, value: result.value });
			this.#release(result, this.#plantMs(result.reportedS));
		}
		const lot = [...last.values()].at(-1)?.lot ?? this.#lastLot?.id ?? "";
		this.#emit("Lot", lot, startMs);
		this.#lot = lot;
		for (const variable of published.variables) {
			if (variable.unit !== laboratoryId || variable.eu === undefined) continue;
			this.#emit(variable.name, last.get(variable.name)?.value ?? 0, startMs);
		}
		this.#beats.beat(startMs);
	}

	/** Everything up to `toMs`, which is `nowS` of the line; what is written is later than `fromMs`, the last heartbeat. */
	step(fromMs: number, toMs: number, nowS: number): void {
		this.#measure(nowS);
		for (const result of this.#laboratory.take(nowS)) {
			const ms = this.#zeroMs + result.reportedS * 1000;
			const timeMs = Math.min(toMs, Math.max(fromMs + 1, Math.ceil(ms - 1e-3)));
			if (this.#lot !== result.lot) {
				this.#lot = result.lot;
				this.#emit("Lot", result.lot, timeMs);
			}
			this.#emit(result.test, result.value, timeMs, this.#release(result, timeMs));
		}
		this.#beats?.beat(toMs);
	}

	#measure(nowS: number, sinceS = Number.NEGATIVE_INFINITY): void {
		for (const { kind, run } of this.#laboratory.takeTurns(nowS)) {
			if (run.endsS < sinceS) continue;
			const { beganS, endsS, ...rest } = run;
			const beganMs = this.#plantMs(beganS);
			this.#onEvent({ kind, run: { ...rest, beganMs, endsMs: this.#plantMs(endsS) } });
		}
	}

	#release(result: LabResult, timeMs: number): PlantLabResult {
		const released = { ...result, measuredMs: this.#plantMs(result.measuredS) };
		this.#onEvent({ kind: "reported", result: released, timeMs });
		return released;
	}

	#plantMs(lineS: number): number {
		return Math.round(this.#zeroMs + lineS * 1000);
	}

	#emit(name: string, value: number | string, timeMs: number, result?: PlantLabResult): void {
		const variable = this.#published?.variable(laboratoryId, name);
		if (variable === undefined) return;
		this.#beats?.emit({ variable, value, timeMs, ...(result === undefined ? {} : { result }) });
	}
}
