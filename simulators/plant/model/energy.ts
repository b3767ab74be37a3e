// What a unit draws from the site in a step, and where it goes. Accounts add it up, by batch and for the unit's time without one.

/** In kW and Nm3/h. Electric power leaves as heat: into chilled water, into the room, or it stays in the equipment for now. */
export interface Draw {
	readonly electricKw?: number;
	readonly chilledKw?: number;
	readonly roomKw?: number;
	readonly storedKw?: number;
	readonly argonNm3H?: number;
}

/** In kWh and Nm3: electric = chilled + room + stored. */
export class UtilityAccount {
	electricKwh = 0;
	chilledKwh = 0;
	roomKwh = 0;
	storedKwh = 0;
	argonNm3 = 0;

	/** Adds a step; `scale` is how many times as large as the small line's the unit is. */
	book(draw: Draw, dtS: number, scale: number): void {
		const hours = (dtS / 3600) * scale;
		this.electricKwh += (draw.electricKw ?? 0) * hours;
		this.chilledKwh += (draw.chilledKw ?? 0) * hours;
		this.roomKwh += (draw.roomKw ?? 0) * hours;
		this.storedKwh += (draw.storedKw ?? 0) * hours;
		this.argonNm3 += (draw.argonNm3H ?? 0) * hours;
	}
}

/** Sums of all units at one step, in kW and Nm3/h as they are, not as a share of the small line's. */
export interface SiteDraw {
	electricKw: number;
	chilledKw: number;
	argonNm3H: number;
}
