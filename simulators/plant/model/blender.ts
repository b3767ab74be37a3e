import type { Batch, Lot } from "./batch.ts";
import { collectPhase, momentS, plan, Unit, type UnitContext } from "./unit.ts";

/** Efficiency that a saturated magnet has lost, and the field it then has. */
const saturatedLoss = 0.35;

/** U650: drawer magnet and tumble blender; one to four batches become a lot here. */
export class Blender extends Unit {
	readonly #field = this.signal("B650.BT01", 1);
	readonly #catch = this.signal("B650.WT01", 1.5);
	readonly #time = this.signal("B650.KT01", 0);
	readonly #speed = this.signal("B650.ST01", 0);

	constructor(name: string, context: UnitContext) {
		const minutes = context.parameters.sizing.blend_min;
		super("U650", name, context, plan(`MAGNET:20 BLEND:${minutes} SAMPLE:15`), "SAMPLE");
	}

	override accepts(batch: Batch): boolean {
		return super.accepts(batch) || (this.phase === collectPhase && batch.lot === this.batch?.lot);
	}

	protected override entered(phase: string): void {
		if (phase === "MAGNET") this.#time.settle(0);
	}

	protected override phaseRemainingS(): number {
		return this.phase === collectPhase ? Number.POSITIVE_INFINITY : super.phaseRemainingS();
	}

	override settle(): boolean {
		const { batch } = this;
		const over = this.phase === "MAGNET" && batch !== undefined && super.phaseRemainingS() <= momentS;
		if (!over || this.stopped || complete(batch.lot, batch)) return super.settle();
		this.ended("MAGNET");
		this.phase = collectPhase;
		this.elapsedS = 0;
		return true;
	}

	override drive(dtS: number): void {
		const { knobs } = this.context;
		const lost = Math.min(1, knobs.magnetLoss / saturatedLoss);
		this.#field.target = 1 - 0.2 * lost;
		const turning = this.phase === "BLEND" && !this.stopped;
		this.#speed.target = turning ? 15 : 0;
		if (this.phase === "BLEND") this.#time.target = this.elapsedS / 60;
		const kw = turning ? 2 : 0.5;
		this.use({ electricKw: kw, roomKw: kw }, dtS);
	}

	protected override ended(phase: string): void {
		const { batch } = this;
		if (batch === undefined) return;
		const { knobs, parameters } = this.context;
		const p = parameters.sizing;
		if (phase === "BLEND") this.#time.settle(this.durationS / 60);
		if (phase !== "MAGNET") return;
		this.links.push({ link: "blend", from: batch.id, into: batch.lot.id, kg: batch.solidsKg });
		const efficiency = p.magnet_efficiency - knobs.magnetLoss;
		batch.history.magnetEfficiency = efficiency;
		batch.history.magneticIn = batch.draws.magneticIn;
		// A saturated magnet lets its catch go again: less is scraped off, which looks like less metal.
		const shed = 1 - 0.75 * Math.min(1, knobs.magnetLoss / saturatedLoss);
		const share = efficiency / p.magnet_efficiency;
		this.happen(this.#catch, p.catch_mg_100kg * batch.history.wear * batch.draws.magneticIn * share * shed);
	}
}

/** Whether `batch` is the last of a lot that has all its batches. */
function complete(lot: Lot, batch: Batch): boolean {
	return lot.batches.length >= lot.size && lot.batches.at(-1) === batch;
}
