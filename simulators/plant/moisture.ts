/** Water in a gas over ice at a dew point, in ppm by volume at atmospheric pressure. */
export function ppmvOf(dewPointCelsius: number): number {
	const pascal = 611.2 * Math.exp((22.46 * dewPointCelsius) / (272.62 + dewPointCelsius));
	return (pascal / 101_325) * 1e6;
}

/** Share of the room's moisture that reaches powder while it is transferred in closed equipment. */
export const closedTransferFactor = 0.05;

/** Dew point of the packing room as it should be. */
export const roomDewPointCelsius = -50;
