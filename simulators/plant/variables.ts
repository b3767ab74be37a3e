// Every variable that the servers publish: instruments, the context of each unit, and laboratory results.

import { batchUnits, laboratoryUnit, utilityUnits } from "./recipe.ts";
import { instrumentTags, type PlantDataType } from "./tags.ts";

export const serverNames = ["charge-and-mill", "dry-and-fire", "size-and-pack", "laboratory"] as const;
export type ServerName = (typeof serverNames)[number];

/** DateTime values are milliseconds since 1970 UTC; a UInt64 here never exceeds 2^53 − 1. */
export type PlantValue = number | string | boolean;

export interface PlantVariable {
	/** Place in `plantVariables`. */
	readonly index: number;
	readonly server: ServerName;
	readonly unit: string;
	/** `F500.TT01`, `Phase`, `sigma_ion`. */
	readonly name: string;
	/** Unit and name, unique on the line: `U500/F500.TT01`, `U500/Phase`. */
	readonly key: string;
	/** The string identifier of the OPC UA node: `F500.TT01`, `U500.Phase`, `L900.sigma_ion`. */
	readonly nodeId: string;
	readonly dataType: PlantDataType;
	readonly description: string;
	readonly eu: string | undefined;
	readonly span: readonly [number, number] | undefined;
}

/** One value of one variable at a moment of plant time. */
export interface PlantWrite {
	readonly variable: PlantVariable;
	readonly value: PlantValue;
	readonly timeMs: number;
}

export interface PublishedUnit {
	readonly id: string;
	readonly equipment: string;
	readonly server: ServerName;
}

const serverOfUnit: Readonly<Record<string, ServerName>> = {
	U200: "charge-and-mill",
	U300: "charge-and-mill",
	U310: "charge-and-mill",
	U400: "dry-and-fire",
	U500: "dry-and-fire",
	U600: "size-and-pack",
	U650: "size-and-pack",
	U700: "size-and-pack",
	U800: "size-and-pack",
	U900: "size-and-pack",
	L900: "laboratory",
};

export const publishedUnits: readonly PublishedUnit[] = [...batchUnits, ...utilityUnits, laboratoryUnit].map(
	({ id, equipment }) => ({ id, equipment, server: serverOfUnit[id] as ServerName }),
);

const contextTags: readonly [string, PlantDataType, string][] = [
	["Batch", "String", "Batch in the unit; empty when idle"],
	["Lot", "String", "Lot of that batch; empty when idle"],
	["Recipe", "String", "Recipe in use; empty when idle"],
	["Phase", "String", "Phase of the procedure; IDLE without a batch, RUN for a utility"],
	["Busy", "Boolean", "Whether the unit is in use"],
];

const beatTags: readonly [string, PlantDataType, string][] = [
	[
		"Written",
		"UInt32",
		"Values the unit has written since the line started, this cycle's heartbeat included",
	],
	["Heartbeat", "DateTime", "Plant time, written last in each cycle of the unit"],
];

const laboratoryTags: readonly [
	name: string,
	dataType: PlantDataType,
	description: string,
	eu: string | undefined,
	span: readonly [number, number] | undefined,
][] = [
	["Lot", "String", "Lot that the results belong to", undefined, undefined],
	["sigma_ion", "Double", "Ionic conductivity at 25 degC", "mS/cm", [0, 20]],
	["d50", "Float", "Median particle size, laser diffraction", "um", [0, 50]],
	["moisture", "Int32", "Moisture, Karl Fischer oven", "ppmw", [0, 5000]],
	["residual_li2s", "Double", "Residual Li2S by diffraction", "wt%", [0, 100]],
];

function buildVariables(): PlantVariable[] {
	const built: PlantVariable[] = [];
	for (const { id: unit, server } of publishedUnits) {
		const add = (
			name: string,
			nodeId: string,
			dataType: PlantDataType,
			description: string,
			eu?: string,
			span?: readonly [number, number],
		) => {
			built.push({
				index: built.length,
				server,
				unit,
				name,
				key: `${unit}/${name}`,
				nodeId,
				dataType,
				description,
				eu,
				span,
			});
		};
		if (unit === laboratoryUnit.id) {
			for (const [name, dataType, description, eu, span] of laboratoryTags) {
				add(name, `${unit}.${name}`, dataType, description, eu, span);
			}
		} else {
			for (const [name, dataType, description] of contextTags) {
				add(name, `${unit}.${name}`, dataType, description);
			}
			for (const tag of instrumentTags.filter((candidate) => candidate.unit === unit)) {
				add(tag.name, tag.name, tag.dataType, tag.description, tag.eu, tag.span);
			}
		}
		// Last in the address space too: a client that subscribes in this order gets the heartbeat last.
		for (const [name, dataType, description] of beatTags) add(name, `${unit}.${name}`, dataType, description);
	}
	return built;
}

export const plantVariables: readonly PlantVariable[] = buildVariables();

const byKey = new Map(plantVariables.map((variable) => [variable.key, variable]));

export function variableOf(unit: string, name: string): PlantVariable {
	const variable = byKey.get(`${unit}/${name}`);
	if (variable === undefined) throw new Error(`expected a variable of the line, found ${unit}/${name}`);
	return variable;
}
