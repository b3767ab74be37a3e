// The ports of the simulated line: what its parts know of each other. Read this first.
//
// A plant (the process model in model/) gives writes; the line paces it by plant time and hands the writes to an
// output, the OPC UA servers; scenarios make the plant go wrong, faults its instruments.

/** OPC UA data types used by the line. Node ids and values elsewhere carry these names. */
export type PlantDataType =
	| "Double"
	| "Float"
	| "Int16"
	| "UInt16"
	| "Int32"
	| "UInt32"
	| "UInt64"
	| "Boolean"
	| "String"
	| "DateTime";

export const serverNames = ["charge-and-mill", "dry-and-fire", "size-and-pack", "laboratory"] as const;
export type ServerName = (typeof serverNames)[number];

/** DateTime values are milliseconds since 1970 UTC; a UInt64 here never exceeds 2^53 - 1. */
export type PlantValue = number | string | boolean;

export interface PlantVariable {
	/** Place in the plant's list of variables. */
	readonly index: number;
	readonly server: ServerName;
	/** `U500`, or `T2.U500B` on a line of several trains. */
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
	/** OPC UA status code; Good without it. */
	readonly status?: number;
	/** The whole result behind the value, on a variable of the laboratory. */
	readonly result?: PlantLabResult;
}

/** One result as the laboratory reports it. A correction has the same sample and test, and the next version. */
export interface PlantLabResult {
	readonly lot: string;
	readonly sample: string;
	readonly test: string;
	readonly eu: string;
	/** The mean of the repeats; conductivity corrected to 25 degC. */
	readonly value: number;
	readonly belowLimit: boolean;
	readonly repeats: readonly number[];
	readonly operator: string;
	readonly instrument: string;
	readonly method: string;
	readonly detectionLimit: number | undefined;
	/** Of the sample while it was measured, degC. */
	readonly temperatureC: number;
	readonly measuredMs: number;
	readonly version: number;
	readonly reason: "" | "late" | "corrected";
}

/** An instrument of the laboratory, with the methods that are run on it and how many samples it takes at a time. */
export interface PlantLabInstrument {
	readonly name: string;
	readonly methods: readonly string[];
	readonly places: number;
}

/** One sample on one place of an instrument, counted from 1. */
export interface PlantLabRun {
	readonly instrument: string;
	readonly place: number;
	readonly lot: string;
	readonly sample: string;
	readonly operator: string;
	readonly method: string;
	readonly beganMs: number;
	readonly endsMs: number;
}

/** A measurement begins or ends, or one of its results is released, for the first time or corrected. */
export type PlantLabEvent =
	| { readonly kind: "began" | "ended"; readonly run: PlantLabRun }
	| { readonly kind: "reported"; readonly result: PlantLabResult; readonly timeMs: number };

export interface PublishedUnit {
	readonly id: string;
	readonly equipment: string;
	readonly server: ServerName;
}

/** What the line paces: a plant that moves when it is told to, and says what its instruments gave meanwhile. */
export interface PlantModel {
	readonly nowMs: number;
	readonly variables: readonly PlantVariable[];
	/** The plant as it is found at the start: one value of every variable. */
	begin(): PlantWrite[];
	/** Moves on to `toMs`, through everything that happens on the way. */
	step(toMs: number): PlantWrite[];
}

/** Where the line's values go. */
export interface LineOutput {
	write(write: PlantWrite): void;
	/** A client is far behind: producing more would lose values in the servers. */
	congested(): boolean;
	/** Every variable is watched, so nothing produced goes unseen. */
	everythingMonitored(): boolean;
}

/** Names of the twelve scenarios, in the order of their codes F01 to F12. */
export const scenarioNames = [
	"dew-point-excursion",
	"furnace-overshoot",
	"thermocouple-drift",
	"under-milling",
	"over-milling",
	"air-leak",
	"dryer-vacuum-lost",
	"bad-li2s-lot",
	"feeder-drift",
	"warm-jet-gas",
	"metal-contamination",
	"abatement-failure",
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** The size whose effect just passes or just fails, and a worse one. */
export const severities = ["stated", "severe"] as const;
export type Severity = (typeof severities)[number];

/** What can be wrong with a server while plant and instruments are as they should be. */
export const serverFaults = ["clock-skew", "lost-connection", "restart", "overflow"] as const;

/**
 * What an interlock does: put the batch on hold for a person to decide while the line goes on, stop the phase until the
 * quantity is back, or switch the equipment off until then.
 */
export const interlockActions = ["none", "hold-batch", "hold-phase", "trip"] as const;
export type InterlockAction = (typeof interlockActions)[number];

/** Endpoints that the servers offer: without security, with it only, or both. */
export const plantSecurities = ["none", "secured", "both"] as const;
export type PlantSecurity = (typeof plantSecurities)[number];

/** What can be wrong with an instrument while the process is as it should be. */
export const measuringFaults = ["drift", "frozen", "spike", "dead", "noise", "scale"] as const;
