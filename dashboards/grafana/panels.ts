// Panels by the rules of high-performance pictures for operators: grey while all is normal, colour for what is not and
// never colour alone, windows as bands, gaps as gaps, a unit on every axis, and a description that says what to do.

import type { FieldDefaults, Panel, PanelType, Target, Threshold, ValueMapping } from "./dashboard-model.ts";
import type { PlantTag, PlantWindow } from "./plant-files.ts";
import { badFrom, dataSource, uncertainFrom } from "./queries.ts";

const grey = "#8e8e8e";
const lightGrey = "#c7c7c7";
const outside = "rgba(224, 47, 68, 0.18)";
const red = "#e02f44";
const orange = "#ff9830";

/** A panel before it has its place. */
export type Unplaced = Omit<Panel, "id" | "gridPos">;

function panel(
	type: PanelType,
	texts: { readonly title: string; readonly description: string },
	targets: readonly Target[],
	defaults: Partial<FieldDefaults>,
	options: Readonly<Record<string, unknown>>,
	rest: Partial<Pick<Panel, "interval" | "transformations">> & {
		overrides?: Panel["fieldConfig"]["overrides"];
	} = {},
): Unplaced {
	const { overrides = [], interval, transformations = [] } = rest;
	return {
		type,
		...texts,
		datasource: dataSource,
		...(interval === undefined ? {} : { interval }),
		targets,
		fieldConfig: {
			defaults: {
				color: { mode: "fixed", fixedColor: grey },
				thresholds: { mode: "absolute", steps: [{ color: "transparent", value: null }] },
				mappings: [],
				links: [],
				custom: {},
				...defaults,
			},
			overrides,
		},
		options,
		transformations,
	};
}

/** Grafana's name of an engineering unit. */
function unitOf(eu: string | undefined): string {
	if (eu === undefined || eu === "") return "none";
	if (eu === "degC") return "celsius";
	return eu === "%" ? "percent" : `suffix: ${eu}`;
}

/** A process value with the windows of the specification as bands: what lies in red is outside of one. */
export function trendPanel(tag: PlantTag, windows: readonly PlantWindow[], target: Target): Unplaced {
	const told = windows.map(({ id, phases, low, high, reaction }) => {
		const limits = [low === undefined ? "" : `from ${low}`, high === undefined ? "" : `to ${high}`];
		const when = phases.length === 0 ? "in every phase" : `in ${phases.join(", ")}`;
		return `Window ${id}: ${limits.filter((text) => text !== "").join(" ")} ${tag.eu ?? ""} ${when}. Outside: ${reaction}`;
	});
	const description =
		told.length > 0
			? told.join("\n\n")
			: "No window judges this value. A break in the line is missing or Bad data: look at the states below.";
	const line = (name: string, properties: Record<string, unknown>) => ({
		matcher: { id: "byName" as const, options: name },
		properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
	});
	return panel(
		"timeseries",
		{ title: `${tag.name}${tag.eu === undefined ? "" : ` in ${tag.eu}`}`, description },
		[target],
		{
			unit: unitOf(tag.eu),
			...(tag.low === undefined ? {} : { min: tag.low }),
			...(tag.high === undefined ? {} : { max: tag.high }),
			thresholds: { mode: "absolute", steps: bands(windows) },
			custom: {
				...{ drawStyle: "line", lineInterpolation: "stepAfter", lineWidth: 1, fillOpacity: 0 },
				...{
					spanNulls: false,
					showPoints: "auto",
					pointSize: 3,
					axisSoftMin: tag.low,
					axisSoftMax: tag.high,
				},
				thresholdsStyle: { mode: windows.length > 0 ? "area" : "off" },
			},
		},
		{
			legend: { showLegend: false, displayMode: "hidden", placement: "bottom", calcs: [] },
			tooltip: { mode: "multi", sort: "none" },
		},
		{
			interval: "30s",
			overrides: [
				line("min", { color: { mode: "fixed", fixedColor: lightGrey } }),
				line("max", {
					color: { mode: "fixed", fixedColor: lightGrey },
					"custom.fillBelowTo": "min",
					"custom.fillOpacity": 15,
				}),
			],
		},
	);
}

/** Red outside of what every window of the tag allows. */
function bands(windows: readonly PlantWindow[]): Threshold[] {
	const low = greatest(windows.map((window) => window.low));
	const high = least(windows.map((window) => window.high));
	const steps: Threshold[] = [{ color: low === undefined ? "transparent" : outside, value: null }];
	if (low !== undefined) steps.push({ color: "transparent", value: low });
	if (high !== undefined) steps.push({ color: outside, value: high });
	return steps;
}

function greatest(values: readonly (number | undefined)[]): number | undefined {
	const known = values.filter((value) => value !== undefined);
	return known.length === 0 ? undefined : Math.max(...known);
}

function least(values: readonly (number | undefined)[]): number | undefined {
	const known = values.filter((value) => value !== undefined);
	return known.length === 0 ? undefined : Math.min(...known);
}

const stateOptions = {
	...{ showValue: "auto", rowHeight: 0.8, mergeValues: true, alignValue: "left" },
	legend: { showLegend: false, displayMode: "hidden", placement: "bottom", calcs: [] },
	tooltip: { mode: "single", sort: "none" },
};

/** OPC UA's status in words; only what is not Good has a colour. */
const statusWords: readonly ValueMapping[] = [
	{
		type: "range",
		options: { from: 0, to: uncertainFrom - 1, result: { text: "Good", color: lightGrey, index: 0 } },
	},
	{
		type: "range",
		options: { from: uncertainFrom, to: badFrom - 1, result: { text: "Uncertain", color: orange, index: 1 } },
	},
	{ type: "range", options: { from: badFrom, to: 2 ** 32, result: { text: "Bad", color: red, index: 2 } } },
];

export function statusPanel(
	title: string,
	description: string,
	target: Target,
	links: FieldDefaults["links"] = [],
): Unplaced {
	return panel(
		"state-timeline",
		{ title, description },
		[target],
		{
			unit: "none",
			mappings: statusWords,
			links,
			custom: { lineWidth: 0, fillOpacity: 80, spanNulls: false },
		},
		stateOptions,
		{ interval: "1m" },
	);
}

/** What is being done, in words; no colour, because being in a phase is normal. */
export function changesPanel(
	title: string,
	description: string,
	target: Target,
	links: FieldDefaults["links"] = [],
): Unplaced {
	const defaults = {
		color: { mode: "fixed" as const, fixedColor: lightGrey },
		...{ unit: "string", links, custom: { lineWidth: 1, fillOpacity: 60, spanNulls: false } },
	};
	return panel("state-timeline", { title, description }, [target], defaults, stateOptions);
}

/** A count that should be 0: grey while it is. */
export function shouldBeZero(title: string, description: string, unit: string, target: Target): Unplaced {
	const steps = [
		{ color: grey, value: null },
		{ color: red, value: 0.001 },
	];
	return panel(
		"stat",
		{ title, description },
		[target],
		{ unit, noValue: "0", color: { mode: "thresholds" }, thresholds: { mode: "absolute", steps } },
		{
			...{
				colorMode: "value",
				graphMode: "none",
				justifyMode: "auto",
				textMode: "value",
				orientation: "auto",
			},
			reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
		},
	);
}

export function tablePanel(
	title: string,
	description: string,
	target: Target,
	units: Readonly<Record<string, string>> = {},
): Unplaced {
	return panel(
		"table",
		{ title, description },
		[target],
		{ unit: "none", noValue: "none", custom: { align: "auto", filterable: true, inspect: false } },
		{ showHeader: true, cellHeight: "sm" },
		{
			overrides: Object.entries(units).map(([name, unit]) => ({
				matcher: { id: "byName" as const, options: name },
				properties: [{ id: "unit", value: unit }],
			})),
		},
	);
}

/** Counts over time as lines of one grey; what `abnormal` matches is red. */
export function countsPanel(
	title: string,
	description: string,
	targets: readonly Target[],
	abnormal: string,
): Unplaced {
	return panel(
		"timeseries",
		{ title, description },
		targets,
		{
			...{ unit: "suffix: values", min: 0 },
			custom: {
				drawStyle: "line",
				lineInterpolation: "stepAfter",
				lineWidth: 1,
				fillOpacity: 0,
				spanNulls: false,
				showPoints: "never",
			},
		},
		{
			legend: { showLegend: true, displayMode: "list", placement: "bottom", calcs: [] },
			tooltip: { mode: "multi", sort: "none" },
		},
		{
			interval: "1m",
			overrides: [
				{
					matcher: { id: "byRegexp", options: abnormal },
					properties: [{ id: "color", value: { mode: "fixed", fixedColor: red } }],
				},
			],
		},
	);
}
