import type { LineSize, ModelParameters } from "../parameters.ts";
import type { Batch } from "./batch.ts";
import { type Draw, type SiteDraw, UtilityAccount } from "./energy.ts";
import type { GenealogyLink } from "./genealogy.ts";
import { Interlocks } from "./interlocks.ts";
import type { Knobs } from "./knobs.ts";
import type { Random } from "./random.ts";
import { Signal } from "./signal.ts";
import { tagNamed } from "./tags.ts";

/** Phase of a batch unit with nothing in it, and of one whose batch is done and waits for the next unit. */
const idlePhase = "IDLE";
const holdPhase = "HOLD";
/** Phase of the blender between two batches of one lot, and of a unit that runs without a batch. */
export const collectPhase = "COLLECT";
export const runPhase = "RUN";

/** Times closer than this are the same: sums of steps are not exact. */
export const momentS = 1e-6;

/** What every unit is made with. */
export interface UnitContext {
	readonly parameters: ModelParameters;
	readonly size: LineSize;
	readonly train: number;
	/** A stream of the unit's own. */
	readonly random: Random;
	/** Departures from normal that hold at this step. */
	readonly knobs: Knobs;
	/** What the units of a site feel of each other. */
	readonly site: SiteState;
}

/** Quantities shared by all units: what goes to the scrubber, and what the room is like. */
export interface SiteState {
	/** H2S on its way to the scrubber, in kg/h, summed anew at each step. */
	h2sKgH: number;
	/** What the units draw, summed anew at each step. */
	readonly draw: SiteDraw;
	/** Delivery of argon that is drawn from, with what it says of itself; empty when the tank is dry. */
	argonLot: { readonly id: string; readonly supplier: string; readonly purityVolPct: number } | undefined;
	/** Dew point of the dry room, degC. */
	roomDewPointC: number;
	/** H2S in the packing room, ppmv. */
	roomH2sPpmv: number;
}

export interface PhasePlan {
	readonly name: string;
	readonly minutes: number;
}

/** A value that comes with a happening: a bag weighed, a leak test done. */
export interface Happening {
	readonly unit: Unit;
	readonly signal: Signal;
	readonly value: number;
}

/**
 * A piece of equipment that takes one batch through its phases. `drive` is its physics: it sets what each quantity
 * would settle at and integrates the states behind them. It never looks at other units; the line moves batches.
 */
export abstract class Unit {
	readonly id: string;
	/** The unit's name on this line: `U500`, or `T2.U500B` where there are several. */
	readonly name: string;
	readonly signals: Signal[] = [];
	readonly phases: readonly PhasePlan[];
	/** The phase after which the product leaves; what follows is work on the empty unit. */
	readonly leavesAfter: string;
	readonly happenings: Happening[] = [];
	/** What went into what since the line last asked. */
	readonly links: GenealogyLink[] = [];
	/** What the unit drew while it had no batch. */
	readonly idleUse = new UtilityAccount();
	protected readonly context: UnitContext;
	batch: Batch | undefined;
	phase: string = idlePhase;
	phaseIndex = -1;
	elapsedS = 0;
	durationS = Number.POSITIVE_INFINITY;
	/** The product is done here and wants to go on. */
	leaving = false;
	/** Seconds of the phase since it began or an interlock let it go on. */
	#steadyS = 0;
	#interlocks: Interlocks | undefined;
	/** Work on the empty unit before it takes another batch. */
	turnS = 60;
	emptyForS = Number.POSITIVE_INFINITY;

	constructor(
		id: string,
		name: string,
		context: UnitContext,
		phases: readonly PhasePlan[],
		leavesAfter: string,
	) {
		this.id = id;
		this.name = name;
		this.context = context;
		this.phases = phases;
		this.leavesAfter = leavesAfter;
	}

	protected signal(tag: string, initial: number): Signal {
		const signal = new Signal(tagNamed(tag), initial);
		this.signals.push(signal);
		return signal;
	}

	protected happen(signal: Signal, value: number): void {
		signal.settle(value);
		this.happenings.push({ unit: this, signal, value });
	}

	/** What the unit's interlocks say; see `Interlocks.text`. */
	get interlock(): string {
		return this.#interlocks?.text ?? "";
	}

	/** Whether an interlock stops the phase; its clock stands. */
	protected get stopped(): boolean {
		return this.#interlocks?.stops === true;
	}

	/** Whether an interlock has switched the equipment off. */
	protected get tripped(): boolean {
		return this.#interlocks?.trips === true;
	}

	/** Whether the clock of the phase stands. */
	protected get waits(): boolean {
		return this.stopped;
	}

	/** IDLE, RUNNING, HELD or TRIPPED by an interlock, COMPLETE when the batch waits for the next unit. */
	get state(): "IDLE" | "RUNNING" | "HELD" | "TRIPPED" | "COMPLETE" {
		if (this.tripped) return "TRIPPED";
		if (this.stopped) return "HELD";
		if (this.leaving) return "COMPLETE";
		return this.phase === idlePhase ? "IDLE" : "RUNNING";
	}

	/** Draws from the site for `dtS`, per unit of the small line, for the batch that is here or for none. */
	protected use(draw: Draw, dtS: number): void {
		const { site, size } = this.context;
		site.draw.electricKw += (draw.electricKw ?? 0) * size.scale;
		site.draw.chilledKw += (draw.chilledKw ?? 0) * size.scale;
		site.draw.argonNm3H += (draw.argonNm3H ?? 0) * size.scale;
		(this.batch?.accounts.utilities ?? this.idleUse).book(draw, dtS, size.scale);
	}

	get free(): boolean {
		return this.batch === undefined && this.emptyForS >= this.turnS - momentS;
	}

	/** Whether the batch's product is in here, and not only the unit still at work after it. */
	get holdsProduct(): boolean {
		if (this.batch === undefined) return false;
		return this.phaseIndex <= this.phases.findIndex(({ name }) => name === this.leavesAfter);
	}

	/** Seconds until something happens here by itself. */
	get remainingS(): number {
		if (this.phaseIndex >= 0)
			return this.leaving || this.waits ? Number.POSITIVE_INFINITY : this.phaseRemainingS();
		return this.batch === undefined && this.emptyForS < this.turnS - momentS
			? this.turnS - this.emptyForS
			: Number.POSITIVE_INFINITY;
	}

	accepts(_batch: Batch): boolean {
		return this.free;
	}

	accept(batch: Batch, nowS: number): void {
		this.batch = batch;
		batch.path.push({ unit: this.name, enteredS: nowS });
		this.enter(0);
	}

	/** Ends the phase when it is over; true when something changed. */
	settle(): boolean {
		if (this.phaseIndex < 0 || this.leaving || this.waits || this.phaseRemainingS() > momentS) return false;
		const ended = this.phase;
		this.ended(ended);
		if (ended === this.leavesAfter) this.leaving = true;
		else this.#next();
		return true;
	}

	/** The product has left. */
	release(): void {
		this.leaving = false;
		this.released();
		if (this.phaseIndex < this.phases.length - 1) this.#next();
		else this.#empty();
	}

	hold(): void {
		this.phase = holdPhase;
	}

	/** Lets `dtS` pass; true when an interlock came or went. */
	follow(dtS: number): boolean {
		if (!this.waits) this.elapsedS += dtS;
		if (this.batch === undefined) this.emptyForS += dtS;
		for (const signal of this.signals) signal.follow(dtS);
		this.#interlocks ??= new Interlocks(this.signals, this.context.parameters.interlocks);
		const stopped = this.stopped;
		this.#steadyS = stopped ? 0 : this.#steadyS + dtS;
		return this.#interlocks.look(this.phase, this.#steadyS, dtS, this.batch?.holds);
	}

	abstract drive(dtS: number): void;

	protected enter(index: number): void {
		const plan = this.phases[index] as PhasePlan;
		this.phaseIndex = index;
		this.phase = plan.name;
		this.elapsedS = 0;
		this.#steadyS = 0;
		this.durationS = this.durationOf(plan);
		this.entered(plan.name);
	}

	/** Length of a phase in seconds. */
	protected durationOf(plan: PhasePlan): number {
		return plan.minutes * 60;
	}

	/** How long the phase still takes, as things stand. */
	protected phaseRemainingS(): number {
		return Math.max(0, this.durationS - this.elapsedS);
	}

	protected entered(_phase: string): void {}

	protected ended(_phase: string): void {}

	protected released(): void {}

	#next(): void {
		if (this.phaseIndex < this.phases.length - 1) this.enter(this.phaseIndex + 1);
		else this.#empty();
	}

	#empty(): void {
		this.batch = undefined;
		this.phaseIndex = -1;
		this.phase = idlePhase;
		this.elapsedS = 0;
		this.emptyForS = 0;
		this.entered(idlePhase);
	}
}

/** `"PURGE:15 CHARGE_LI2S:55"` as phases with their minutes. */
export function plan(text: string): PhasePlan[] {
	return text.split(" ").map((part) => {
		const [name = "", minutes = "0"] = part.split(":");
		return { name, minutes: Number(minutes) };
	});
}

/** Moves a share of the batch's solids out of it: what stays behind in a unit. */
export function leaveBehind(batch: Batch, share: number): void {
	const kg = batch.solidsKg * share;
	batch.solidsKg -= kg;
	batch.accounts.solidsLeftKg += kg;
}

/** The same of dry solids, with the solvent on them. */
export function leaveDryBehind(batch: Batch, share: number): void {
	const solvent = batch.solventKg * share;
	batch.solventKg -= solvent;
	batch.accounts.solventLeftKg += solvent;
	leaveBehind(batch, share);
}
