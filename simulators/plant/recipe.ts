// The procedure of the line: its units, the phases of each (ISA-88 words) and how long they last for a
// batch of 25 kg. Units follow one another in the order of this list.

export const recipeName = "LPSCl-3A";
export const batchKg = 25;
export const bagKg = 5;

/** What the mill draws without doing anything; the rest mills. */
export const millNoLoadKw = 2.5;

export interface Phase {
	readonly name: string;
	readonly minutes: number;
}

export interface BatchUnit {
	readonly id: string;
	readonly equipment: string;
	readonly phases: readonly Phase[];
	/** The phase after which the product leaves for the next unit; what follows is work on an empty unit. */
	readonly leavesAfter: string;
}

const minute = (text: string): Phase[] =>
	text.split(" ").map((part) => {
		const [name = "", minutes = "0"] = part.split(":");
		return { name, minutes: Number(minutes) };
	});

export const batchUnits: readonly BatchUnit[] = [
	{
		id: "U200",
		equipment: "Weigh and charge, argon glovebox",
		phases: minute("PURGE:15 CHARGE_LI2S:55 CHARGE_P2S5:50 CHARGE_LICL:20 RECONCILE:5"),
		leavesAfter: "RECONCILE",
	},
	{
		id: "U300",
		equipment: "Slurry vessel",
		phases: minute("SOLVENT_IN:30 SOLIDS_IN:60 DISPERSE:30"),
		leavesAfter: "DISPERSE",
	},
	{
		id: "U310",
		equipment: "Circulating bead mill",
		phases: minute("HEAT:20 MILL:480 DRAIN:30"),
		leavesAfter: "DRAIN",
	},
	{
		id: "U400",
		equipment: "Filter dryer",
		phases: minute("LEAKTEST:20 BULK:300 FALLING:360 COOL:90 DISCHARGE:30"),
		leavesAfter: "DISCHARGE",
	},
	{
		id: "U500",
		equipment: "Retort furnace",
		phases: minute("LOAD:45 PURGE:60 RAMP:158 SOAK:240 COOL:360 UNLOAD:60 CLEAN:90"),
		leavesAfter: "UNLOAD",
	},
	{
		id: "U600",
		equipment: "Crusher, jet mill, classifier",
		phases: minute("CRUSH:30 JET:150 SIEVE:20"),
		leavesAfter: "SIEVE",
	},
	{
		id: "U650",
		equipment: "Magnet and blender",
		phases: minute("MAGNET:20 BLEND:30 SAMPLE:15"),
		leavesAfter: "SAMPLE",
	},
	{
		id: "U700",
		equipment: "Packing, argon box in a dry room",
		phases: minute("FILL:60 SEAL:20 LEAK:10 LABEL:10"),
		leavesAfter: "LABEL",
	},
];

/** Units that run without a batch. */
export const utilityUnits = [
	{ id: "U800", equipment: "Utilities" },
	{ id: "U900", equipment: "Abatement and gas safety" },
] as const;

export const laboratoryUnit = { id: "L900", equipment: "Laboratory" } as const;

/** Phase of a batch unit with nothing in it. */
export const idlePhase = "IDLE";
/** Phase of a unit whose batch is done and waits for the next unit. */
export const holdPhase = "HOLD";
/** Phase of the blender between two batches of one lot. */
export const collectPhase = "COLLECT";
/** Phase of a utility, always. */
export const runPhase = "RUN";

export function minutesOf(unit: BatchUnit): number {
	return unit.phases.reduce((sum, phase) => sum + phase.minutes, 0);
}
