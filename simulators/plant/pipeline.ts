// The ports of the simulated line: what its parts know of each other. Read this first.
//
// A plant (the process model) gives writes; the line paces it by plant time and hands the writes to an
// output, the OPC UA servers; scenarios interfere with the plant.

import type { PlantWrite } from "./variables.ts";

/** Where the line's values go. */
export interface LineOutput {
	write(write: PlantWrite): void;
	/** A client is far behind: producing more would lose values in the servers. */
	congested(): boolean;
	/** Every variable is watched, so nothing produced goes unseen. */
	everythingMonitored(): boolean;
}

/** Names of the scenarios; the catalogue has one of each. */
export const scenarioNames = ["dew-point-excursion"] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** What a scenario sees of the line, and how it interferes: by steering what instruments settle at. */
export interface ScenarioPlant {
	phaseOf(unitId: string): string;
	/** `startedAs` counts the lots that begin after the line did, from 1; 0 is an earlier one. */
	lotIn(unitId: string): { readonly startedAs: number } | undefined;
	/** Takes over the target of an instrument; undefined gives it back to the procedure. */
	steer(tag: string, target: number | undefined): void;
}

/** Something that goes wrong on the line. Called at the beginning of every step. */
export interface Scenario {
	advance(plant: ScenarioPlant, dtMs: number): void;
}

export interface ScenarioKind {
	readonly description: string;
	/** `lot` counts the lots that begin after the line did, from 1. */
	create(options: { lot: number }): Scenario;
}
