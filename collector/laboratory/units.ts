// Units that laboratories report in. All factors are powers of ten, so that a conversion moves the decimal point and is as
// exact as the number that was reported.

interface Unit {
	readonly dimension: string;
	/** Of ten, to the dimension's first unit. */
	readonly exponent: number;
}

const dimensions: Readonly<Record<string, Readonly<Record<string, number>>>> = {
	"share of mass": {
		...{ "g/g": 0, "kg/kg": 0, "wt%": -2, "mass%": -2, "%": -2, "mg/g": -3, "g/kg": -3 },
		...{ ppm: -6, ppmw: -6, "mg/kg": -6, "ug/g": -6, ppb: -9, "ug/kg": -9, "ng/g": -9 },
	},
	"share of volume": { "vol%": -2, ppmv: -6, ppbv: -9 },
	conductivity: {
		...{ "S/cm": 0, "mS/cm": -3, "uS/cm": -6, "nS/cm": -9, "S/m": -2, "mS/m": -5, "uS/m": -8 },
	},
	length: { m: 0, mm: -3, um: -6, micron: -6, nm: -9, Å: -10, Angstrom: -10 },
	"surface by mass": { "m2/g": 0, "m2/kg": -3, "cm2/g": -4 },
	density: { "g/cm3": 0, "g/mL": 0, "g/ml": 0, "kg/L": 0, "kg/m3": -3 },
	"volume by mass": { "cm3/g": 0, "mL/g": 0, "ml/g": 0, "L/kg": 0, "cm3/kg": -3 },
	energy: { eV: 0, meV: -3 },
	ratio: { "1": 0, "mol/mol": 0 },
	lightness: { "L*": 0 },
	temperature: { degC: 0, "°C": 0 },
};

const units = new Map<string, Unit>(
	Object.entries(dimensions).flatMap(([dimension, known]) =>
		Object.entries(known).map(([name, exponent]): [string, Unit] => [
			name.normalize("NFKC"),
			{ dimension, exponent },
		]),
	),
);

/** `µm`, `μm`, `㎛` and `um` are one unit, `m²/g` and `m2/g` as well. */
function plain(text: string): string {
	return text
		.normalize("NFKC")
		.replaceAll("\u03bc", "u")
		.replaceAll(/\s+/g, "")
		.replaceAll(/\^(?=\d)/g, "");
}

/** What is measured in a unit; undefined for one that is not in the table. */
export function dimensionOf(eu: string): string | undefined {
	return units.get(plain(eu))?.dimension;
}

/** Every unit of the table, for messages. */
export const knownUnits: readonly string[] = Object.values(dimensions).flatMap((known) => Object.keys(known));

/** Whether numbers in one unit can be said in another; a unit that is not in the table only in itself. */
export function isConvertible(from: string, to: string): boolean {
	const one = dimensionOf(from);
	return plain(from) === plain(to) || (one !== undefined && one === dimensionOf(to));
}

/** A number in another unit; undefined when they do not measure the same. */
export function converted(value: number, from: string, to: string): number | undefined {
	if (plain(from) === plain(to)) return value;
	const [a, b] = [units.get(plain(from)), units.get(plain(to))];
	if (a === undefined || b === undefined || a.dimension !== b.dimension) return undefined;
	return moved(value, a.exponent - b.exponent);
}

/** The nearest double to value × 10^places: by its digits, because a product by a rounded factor would round twice. */
function moved(value: number, places: number): number {
	if (places === 0 || value === 0 || !Number.isFinite(value)) return value;
	const [digits = "0", exponent = "0"] = value.toExponential().split("e");
	return Number(`${digits}e${Number(exponent) + places}`);
}
