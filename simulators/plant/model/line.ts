import { type LineSize, lineSize, type ModelParameters } from "../parameters.ts";
import { ArgonTank, argonKgPerNm3 } from "./argon.ts";
import { Accounts, type Batch, type Charge, drawsOf, History, type Lot } from "./batch.ts";
import type { GenealogyLink } from "./genealogy.ts";
import { Incident, type IncidentOptions } from "./incident.ts";
import { factorOf } from "./instruments.ts";
import { type Knobs, neutralKnobs, resetKnobs } from "./knobs.ts";
import { Random } from "./random.ts";
import { specialCauses } from "./scenarios.ts";
import { Abatement, neutralSite, Utilities } from "./site.ts";
import { Train } from "./train.ts";
import { type Happening, momentS, type SiteState, type Unit } from "./unit.ts";
import { type Material, type MaterialLot, materials, Warehouse } from "./warehouse.ts";

export interface LineOptions {
	readonly parameters: ModelParameters;
	readonly seed: number;
	readonly incidents?: readonly IncidentOptions[];
	/** Called for each value that comes with a happening: a bag weighed, a leak test done. */
	readonly onHappening?: (happening: Happening, nowS: number) => void;
	/** Called for each thing that went into another: a lot into a batch, a batch into a lot, a lot into a package. */
	readonly onLink?: (unit: Unit, link: GenealogyLink) => void;
	/** Called when a unit's phase or its interlocks have changed, after they have. */
	readonly onPhase?: (unit: Unit, nowS: number) => void;
	/** Called when a lot is packed. */
	readonly onLot?: (lot: Lot, nowS: number) => void;
}

/** The longest step of the process: states are integrated exactly, but they feel each other only from step to step. */
const stepMaxS = 60;
const firstBatch = 101;
const firstLot = 31;

/**
 * The whole line as a pure function of its parameters, its seed and its own time in seconds. `advance` moves it on
 * through everything that happens on the way. It does not make any noise of instruments: reading does.
 */
export class ProcessLine {
	readonly size: LineSize;
	readonly trains: readonly Train[];
	readonly utilities: Utilities;
	readonly abatement: Abatement;
	readonly warehouse: Warehouse;
	readonly argon: ArgonTank;
	readonly units: readonly Unit[];
	readonly #options: LineOptions;
	readonly #site: SiteState;
	readonly #siteKnobs = neutralKnobs();
	readonly #knobs: Knobs[];
	#incidents: Incident[];
	#nowS = 0;
	#batches = 0;
	#lots = 0;
	#warehouseS = 0;
	#outOfTurn: MaterialLot | undefined;
	/** Units whose interlocks changed in this step. */
	readonly #interlocked: Unit[] = [];
	/** Seconds that a train could not charge for want of material. */
	starvedS = 0;

	constructor(options: LineOptions) {
		const { parameters, seed } = options;
		this.#options = options;
		this.size = lineSize(parameters);
		const { size } = this;
		this.#site = neutralSite(parameters.packing.room_dew_point_c);
		this.#knobs = Array.from({ length: size.trains }, neutralKnobs);
		this.trains = this.#knobs.map(
			(knobs, index) => new Train({ number: index + 1, parameters, size, seed, knobs, site: this.#site }),
		);
		const shared = {
			parameters,
			size,
			train: 0,
			random: new Random(seed, "site"),
			knobs: this.#siteKnobs,
			site: this.#site,
		};
		this.utilities = new Utilities(shared);
		this.abatement = new Abatement(shared);
		this.units = [...this.trains.flatMap(({ units }) => units), this.utilities, this.abatement];
		this.argon = new ArgonTank(parameters, seed, factorOf("Y800.FT01", size));
		this.#site.argonLot = this.argon.inUse;
		this.warehouse = new Warehouse(parameters, seed, size.trains * size.scale * size.furnaces);
		this.#incidents = (options.incidents ?? []).map((incident) => new Incident(incident));
	}

	get nowS(): number {
		return this.#nowS;
	}

	/** Lets something go wrong from now on. */
	addIncident(options: IncidentOptions): void {
		this.#incidents.push(new Incident(options));
	}

	/** Moves on to `toS`; whatever is due on the way happens at its own time. */
	advance(toS: number): void {
		while (this.#nowS < toS) {
			let nextS = Math.min(toS, this.#nowS + stepMaxS);
			for (const unit of this.units) {
				const dueS = this.#nowS + unit.remainingS;
				if (dueS < nextS) nextS = Math.max(dueS, this.#nowS + momentS);
			}
			for (const train of this.trains) {
				const release = train.nextReleaseS;
				if (release > this.#nowS + momentS && release < nextS) nextS = release;
			}
			this.#integrate(nextS - this.#nowS);
			this.#nowS = nextS;
			for (const unit of this.#interlocked.splice(0)) this.#options.onPhase?.(unit, nextS);
			this.#settle();
		}
	}

	#integrate(dtS: number): void {
		if (dtS <= 0) return;
		this.#disturb(dtS);
		for (const { first, nextReleaseS } of this.trains) {
			if (first.free && this.#nowS > nextReleaseS && this.starved) this.starvedS += dtS;
		}
		const site = this.#site;
		site.h2sKgH = 0;
		site.draw.electricKw = 0;
		site.draw.chilledKw = 0;
		site.draw.argonNm3H = 0;
		for (const unit of this.units) {
			unit.drive(dtS);
			if (unit.follow(dtS)) this.#interlocked.push(unit);
		}
		this.argon.take(((this.utilities.argonNm3H * dtS) / 3600) * argonKgPerNm3);
		site.argonLot = this.argon.inUse;
		if (this.#nowS - this.#warehouseS >= 3600) {
			this.#warehouseS = this.#nowS;
			this.warehouse.advance(this.#nowS);
			this.argon.advance(this.#nowS);
		}
	}

	/** Sets the departures of this step: those of a train for its units, all of them for what the site shares. */
	#disturb(dtS: number): void {
		if (this.#incidents.length === 0) return;
		for (const knobs of this.#knobs) resetKnobs(knobs);
		resetKnobs(this.#siteKnobs);
		for (const incident of this.#incidents) {
			const train = this.trains[incident.train - 1];
			const knobs = this.#knobs[incident.train - 1];
			if (train === undefined || knobs === undefined) continue;
			incident.advance(train.units, dtS);
			incident.apply(knobs);
			incident.apply(this.#siteKnobs);
		}
		this.#incidents = this.#incidents.filter(({ over }) => !over);
	}

	/** Lets everything that is due now happen, the end of the line first so that units empty. */
	#settle(): void {
		for (const train of this.trains) {
			let again = true;
			while (again) {
				again = false;
				for (let index = train.units.length - 1; index >= 0; index--) {
					const unit = train.units[index] as Unit;
					if (unit.settle()) {
						again = true;
						this.#tellOf(unit);
					}
					if (unit.leaving && this.#passOn(train, unit, unit.batch as Batch)) again = true;
				}
			}
			for (const unit of train.units) {
				if (!unit.leaving || unit.phase === "HOLD") continue;
				unit.hold();
				this.#options.onPhase?.(unit, this.#nowS);
			}
			if (train.first.free && this.#nowS >= train.nextReleaseS) this.#release(train);
		}
	}

	#tellOf(unit: Unit): void {
		for (const link of unit.links.splice(0)) this.#options.onLink?.(unit, link);
		for (const happening of unit.happenings.splice(0)) this.#options.onHappening?.(happening, this.#nowS);
		this.#options.onPhase?.(unit, this.#nowS);
	}

	#passOn(train: Train, unit: Unit, batch: Batch): boolean {
		const next = train.nextFor(unit, batch);
		if (next === undefined) return false;
		if (next === null) {
			for (const one of batch.lot.batches) {
				one.finishedS = this.#nowS;
				this.warehouse.recover(one.accounts.condensateKg);
			}
			this.#options.onLot?.(batch.lot, this.#nowS);
		} else {
			next.accept(batch, this.#nowS);
			this.#tellOf(next);
		}
		unit.release();
		this.#tellOf(unit);
		return true;
	}

	#release(train: Train): void {
		// What the site lacks, or cannot make harmless, begins no batch.
		const { utilities, abatement } = this;
		if (this.starved || utilities.state !== "RUNNING" || abatement.state !== "RUNNING") return;
		const { parameters, seed } = this.#options;
		const number = firstBatch + this.#batches++;
		train.book(this.#nowS);
		const inTrain = train.charged;
		this.#drawSpecialCause(number, train.number, inTrain);
		const causes = new Set<string>();
		// What is wrong with the material must be known before it is weighed out.
		const knobs = neutralKnobs();
		for (const incident of this.#incidents) {
			if (incident.train !== train.number || !incident.charging(inTrain)) continue;
			incident.apply(knobs);
			causes.add(incident.name);
		}
		const charged = this.#weighOut(knobs.lotImpurityWtPct);
		let lot = train.openLot;
		if (lot === undefined || lot.batches.length >= lot.size) {
			const id = `L${String(firstLot + this.#lots++).padStart(5, "0")}`;
			lot = { id, train: train.number, size: parameters.size.batches_per_lot, batches: [], packs: [] };
			train.openLot = lot;
		}
		const draws = drawsOf(parameters, seed, number);
		const history = new History();
		history.impurityWtPct = Math.max(0.03, charged.impurityWtPct + draws.impurity);
		const batch: Batch = {
			id: `B${String(number).padStart(6, "0")}`,
			number,
			train: train.number,
			inTrain,
			lot,
			draws,
			history,
			accounts: new Accounts(),
			charges: charged.charges,
			startedS: this.#nowS,
			finishedS: Number.NaN,
			path: [],
			holds: new Set(),
			causes,
			solidsKg: 0,
			solventKg: 0,
		};
		lot.batches.push(batch);
		train.first.accept(batch, this.#nowS);
		this.#tellOf(train.first);
	}

	/** What the recipe takes of each material. */
	get #needed(): Readonly<Record<Material, number>> {
		const { charge } = this.#options.parameters;
		const { scale } = this.size;
		return {
			li2s: charge.li2s_kg * scale,
			p2s5: charge.p2s5_kg * scale,
			licl: charge.licl_kg * scale,
			solvent: charge.solvent_kg * scale,
		};
	}

	/** Whether there is too little of some material for another batch. */
	get starved(): boolean {
		const needed = this.#needed;
		return (
			this.argon.inUse === undefined ||
			materials.some((material) => this.warehouse.stockKg(material) < needed[material])
		);
	}

	#weighOut(lotImpurityWtPct: number): { charges: Charge[]; impurityWtPct: number } {
		const needed = this.#needed;
		const charges: Charge[] = [];
		let impurityWtPct = 0;
		for (const material of materials) {
			if (material === "li2s" && lotImpurityWtPct > 0) {
				const lot = this.#badLot(lotImpurityWtPct, needed.li2s);
				charges.push(this.warehouse.takeFrom(lot, needed.li2s));
				impurityWtPct = lot.impurityWtPct;
				continue;
			}
			const taken = this.warehouse.take(material, needed[material]);
			charges.push(...taken.charges);
			if (material === "li2s") impurityWtPct = taken.impurityWtPct;
		}
		return { charges, impurityWtPct };
	}

	/** A lot of Li2S that is charged out of turn: the one begun, or another of the same impurity. */
	#badLot(impurityWtPct: number, neededKg: number): MaterialLot {
		const begun = this.#outOfTurn;
		if (begun !== undefined && begun.kg >= neededKg && begun.impurityWtPct === impurityWtPct) return begun;
		const kg = this.#options.parameters.warehouse.li2s.lot_kg * this.size.scale;
		this.#outOfTurn = this.warehouse.receive("li2s", Math.max(kg, neededKg), this.#nowS, impurityWtPct);
		return this.#outOfTurn;
	}

	/** On some batches something goes wrong by itself: drawn per batch, whatever else happens on the line. */
	#drawSpecialCause(number: number, train: number, inTrain: number): void {
		const { parameters, seed } = this.#options;
		const random = new Random(seed, "special cause", number);
		if (random.uniform() >= parameters.special_causes) return;
		const cause = specialCauses[Math.floor(random.uniform() * specialCauses.length)];
		if (cause !== undefined) this.addIncident({ ...cause, train, batch: inTrain, batches: 1 });
	}
}
