// What firing does to a batch: conversion at its cold spot, decomposition at its hot spot, both as integrals over the
// course of the temperature, against the recipe's own course. So a shorter or hotter course counts for what it is.

import type { ModelParameters } from "../parameters.ts";
import { firingRate } from "./quality.ts";
import { lag } from "./signal.ts";

/** Load behind the furnace, in seconds: at 3 K/min it lags by 45 K. */
export const loadTauS = 900;
/** The knee's overshoot is highest after this long. */
const overshootS = 480;
/** Soak of the course that the constants were fitted to. */
const recipe = { soakC: 500, rampMin: 158, soakMin: 240, ambientC: 26, coolToC: 60, hours: 4 };

/** How far the control thermocouple is above its set point `elapsedS` after the knee, as a share of the overshoot. */
export function overshootShape(elapsedS: number): number {
	return (elapsedS / overshootS) * Math.exp(1 - elapsedS / overshootS);
}

/** Decomposition against that at its threshold, per 4 hours. */
export function decompositionRate(celsius: number, parameters: ModelParameters): number {
	const q = parameters.quality;
	const raised = q.decomposition_h2s_k * Math.min(1, parameters.furnace.h2s_vol_pct / 5);
	return Math.exp((celsius - q.decomposition_c - raised) / q.decomposition_width_k);
}

/** Integrals of a course, in hours at the rate of 500 degC (cold) and of the threshold (hot). */
export interface Course {
	cold: number;
	hot: number;
}

/** Adds `dtS` at a mean load temperature to a course. */
export function addToCourse(
	course: Course,
	loadC: number,
	spreadK: number,
	dtS: number,
	parameters: ModelParameters,
): void {
	const hours = dtS / 3600;
	course.cold += firingRate(loadC - spreadK, parameters.quality.activation_j_mol) * hours;
	course.hot += decompositionRate(loadC + spreadK, parameters) * hours;
}

/** The recipe's course, at the cooling time of this furnace. */
export function recipeCourse(parameters: ModelParameters, coolMin: number): Course {
	const course: Course = { cold: 0, hot: 0 };
	const { soakC, ambientC, rampMin, soakMin, coolToC } = recipe;
	const stepS = 60;
	let load = ambientC;
	for (let minute = 0; minute < rampMin + soakMin + coolMin; minute++) {
		const soaking = minute - rampMin;
		const furnace =
			soaking < 0
				? ambientC + ((soakC - ambientC) * (minute + 1)) / rampMin
				: soaking < soakMin
					? soakC + parameters.furnace.overshoot_k * overshootShape((soaking + 1) * 60)
					: soakC - ((soakC - coolToC) * (soaking - soakMin + 1)) / coolMin;
		load = lag(load, furnace, furnace, loadTauS, stepS);
		addToCourse(course, load, parameters.quality.spread_k, stepS, parameters);
	}
	return course;
}

/** What the recipe's soak alone, held exactly for 4 hours, is worth in the equations of conversion and decomposition. */
export function recipeWorth(parameters: ModelParameters): Course {
	const {
		spread_k: spread,
		decomposed_wt_pct: decomposed,
		activation_j_mol: activation,
	} = parameters.quality;
	return {
		cold: firingRate(recipe.soakC - spread, activation) * (recipe.soakMin / 60 / recipe.hours),
		hot: decomposed * decompositionRate(recipe.soakC + spread, parameters),
	};
}
