// The regeneration heater of the dry room's desiccant wheel fails before the target lot is filled.
//
// Regeneration air falls from 140 to 105 degC over 20 minutes; the room's dew point follows from -50 to
// about -33 degC over the next hour; powder dust that meets wetter air gives off H2S, five minutes later.
// The heater comes back when the lot is packed, and everything returns.

import type { Scenario, ScenarioKind, ScenarioPlant } from "../pipeline.ts";

const heaterNormal = 140;
const heaterLost = 105;
const heaterRampMs = 20 * 60_000;

const dewPointNormal = -50;
const dewPointLost = -33;
/** The air of the room is replaced slowly. */
const roomTauMs = 20 * 60_000;

const h2sNormal = 0.05;
/** Above the normal, at the worst dew point. */
const h2sRise = 0.75;
const h2sTauMs = 5 * 60_000;

/** The heater is lost when the lot is being blended, 45 minutes before filling begins. */
const trigger = { unit: "U650", phase: "BLEND" } as const;
const packing = "U700";

class DewPointExcursion implements Scenario {
	readonly #lot: number;
	#stage: "waiting" | "lost" | "returning" | "over" = "waiting";
	/** 1 is the heater at work, 0 is what the air settles at without it. */
	#heat = 1;
	#dewPoint = dewPointNormal;
	#h2s = h2sNormal;
	#wasPacking = false;

	constructor(lot: number) {
		this.#lot = lot;
	}

	advance(plant: ScenarioPlant, dtMs: number): void {
		if (this.#stage === "over") return;
		this.#follow(plant);
		if (this.#stage === "waiting") return;
		const direction = this.#stage === "lost" ? -1 : 1;
		this.#heat = Math.max(0, Math.min(1, this.#heat + (direction * dtMs) / heaterRampMs));
		const settledDewPoint = dewPointNormal + (1 - this.#heat) * (dewPointLost - dewPointNormal);
		this.#dewPoint += (settledDewPoint - this.#dewPoint) * (1 - Math.exp(-dtMs / roomTauMs));
		const wetness = (this.#dewPoint - dewPointNormal) / (dewPointLost - dewPointNormal);
		const settledH2s = h2sNormal + wetness * h2sRise;
		this.#h2s += (settledH2s - this.#h2s) * (1 - Math.exp(-dtMs / h2sTauMs));
		plant.steer("Y830.TT01", heaterLost + this.#heat * (heaterNormal - heaterLost));
		plant.steer("K700.AT03", this.#dewPoint);
		plant.steer("K700.AT04", this.#h2s);
		if (this.#stage === "returning" && wetness < 0.001) {
			this.#stage = "over";
			for (const tag of ["Y830.TT01", "K700.AT03", "K700.AT04"]) plant.steer(tag, undefined);
		}
	}

	#follow(plant: ScenarioPlant): void {
		if (this.#stage === "waiting") {
			const here = plant.lotIn(trigger.unit)?.startedAs === this.#lot;
			if (here && plant.phaseOf(trigger.unit) === trigger.phase) this.#stage = "lost";
		} else if (this.#stage === "lost") {
			const isPacking = plant.lotIn(packing)?.startedAs === this.#lot;
			if (this.#wasPacking && !isPacking) this.#stage = "returning";
			this.#wasPacking = isPacking;
		}
	}
}

export const dewPointExcursion: ScenarioKind = {
	description: "The dry room's regeneration heater is lost while the lot is packed",
	create: ({ lot }) => new DewPointExcursion(lot),
};
