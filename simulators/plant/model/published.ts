// Every variable that the servers publish: instruments, the context of each unit, and laboratory results.

import type { PlantDataType, PlantVariable, PublishedUnit, ServerName } from "../pipeline.ts";
import { factorOf } from "./instruments.ts";
import { lotTests } from "./laboratory-tests.ts";
import type { ProcessLine } from "./line.ts";

export const laboratoryId = "L900";
export const recipeName = "LPSCl-3A";

const equipment: Readonly<Record<string, { readonly server: ServerName; readonly name: string }>> = {
	U200: { server: "charge-and-mill", name: "Weigh and charge, argon glovebox" },
	U300: { server: "charge-and-mill", name: "Slurry vessel" },
	U310: { server: "charge-and-mill", name: "Circulating bead mill" },
	U400: { server: "dry-and-fire", name: "Filter dryer" },
	U500: { server: "dry-and-fire", name: "Retort furnace" },
	U600: { server: "size-and-pack", name: "Crusher, jet mill, classifier" },
	U650: { server: "size-and-pack", name: "Magnet and blender" },
	U700: { server: "size-and-pack", name: "Packing, argon box in a dry room" },
	U800: { server: "size-and-pack", name: "Utilities" },
	U900: { server: "size-and-pack", name: "Abatement and gas safety" },
};

type Described = [name: string, dataType: PlantDataType, description: string];

const contextTags: readonly Described[] = [
	["Batch", "String", "Batch in the unit; empty when idle"],
	["Lot", "String", "Lot of that batch; empty when idle"],
	["Recipe", "String", "Recipe in use; empty when idle"],
	["Phase", "String", "Phase of the procedure; IDLE without a batch, RUN for a utility"],
	["Busy", "Boolean", "Whether the unit is in use"],
	["State", "String", "IDLE, RUNNING, COMPLETE, or HELD or TRIPPED by an interlock"],
	["Interlock", "String", "Interlocks that stand: action, tag, LL or HH; further ones behind a semicolon"],
];

/** Of units that take batches. */
const batchTags: readonly Described[] = [
	[
		"BatchHold",
		"String",
		"Limits that put this batch on hold, in any unit: tag, LL or HH; further ones behind a comma",
	],
];

/** Units in which one thing goes into another. */
const genealogyUnits = new Set(["U200", "U300", "U500", "U650", "U700"]);
const genealogyTags: readonly Described[] = [
	["Genealogy", "String", "What just went into what: one JSON object for each link; empty before the first"],
];

// Last in the address space too: a client that subscribes in this order gets the heartbeat last.
const beatTags: readonly Described[] = [
	[
		"Written",
		"UInt32",
		"Values the unit has written since the line started, this cycle's heartbeat included",
	],
	["Heartbeat", "DateTime", "Plant time, written last in each cycle of the unit"],
];

/** What a line publishes, unit by unit in the order of the process. */
export class Published {
	readonly units: readonly PublishedUnit[];
	readonly variables: readonly PlantVariable[];
	readonly #byKey: ReadonlyMap<string, PlantVariable>;

	constructor(line: ProcessLine) {
		const variables: PlantVariable[] = [];
		const units: PublishedUnit[] = [];
		for (const unit of line.units) {
			const { server, name } = equipment[unit.id] as { server: ServerName; name: string };
			units.push({ id: unit.name, equipment: name, server });
			const add = adder(variables, server, unit.name);
			for (const [tag, dataType, description] of contextTags) add(tag, dataType, description);
			if (unit.phases.length > 0) {
				for (const [tag, dataType, description] of batchTags) add(tag, dataType, description);
			}
			if (genealogyUnits.has(unit.id)) {
				for (const [tag, dataType, description] of genealogyTags) add(tag, dataType, description);
			}
			// On a small line there is one of each instrument, and its name is enough.
			const several = unit.name !== unit.id;
			for (const { tag } of unit.signals) {
				const factor = factorOf(tag.name, line.size);
				const [low, high] = tag.span;
				add(tag.name, tag.dataType, tag.description, {
					nodeId: several ? `${unit.name}.${tag.name}` : tag.name,
					eu: tag.eu,
					span: [low * factor, high * factor],
				});
			}
			for (const [tag, dataType, description] of beatTags) add(tag, dataType, description);
		}
		units.push({ id: laboratoryId, equipment: "Laboratory", server: "laboratory" });
		const add = adder(variables, "laboratory", laboratoryId);
		add("Lot", "String", "Lot that the result written next belongs to");
		for (const { id, description, eu } of lotTests) {
			add(id, "Double", description, { nodeId: `${laboratoryId}.${id}`, eu, span: spanOf(id) });
		}
		for (const [tag, dataType, description] of beatTags) add(tag, dataType, description);
		this.units = units;
		this.variables = variables;
		this.#byKey = new Map(variables.map((variable) => [variable.key, variable]));
	}

	has(unit: string, name: string): boolean {
		return this.#byKey.has(`${unit}/${name}`);
	}

	variable(unit: string, name: string): PlantVariable {
		const variable = this.#byKey.get(`${unit}/${name}`);
		if (variable === undefined) throw new Error(`expected a variable of the line, found ${unit}/${name}`);
		return variable;
	}
}

function adder(variables: PlantVariable[], server: ServerName, unit: string) {
	return (
		name: string,
		dataType: PlantDataType,
		description: string,
		more?: { nodeId: string; eu: string; span: readonly [number, number] },
	) => {
		variables.push({
			index: variables.length,
			server,
			unit,
			name,
			key: `${unit}/${name}`,
			nodeId: more?.nodeId ?? `${unit}.${name}`,
			dataType,
			description,
			eu: more?.eu,
			span: more?.span,
		});
	};
}

/** What a result can be at the most; the tests' own limits lie well inside. */
function spanOf(id: string): readonly [number, number] {
	const spans: Readonly<Record<string, number>> = {
		sigma_ion: 20,
		sigma_el: 1e-4,
		ea: 1,
		moisture: 5000,
		solvent: 20_000,
		magnetic: 5000,
		zr: 2000,
	};
	return [0, spans[id] ?? 100];
}
