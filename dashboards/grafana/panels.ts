// Panels by the rules of high-performance pictures for operators: grey while all is normal, colour for what is not and
// never colour alone, windows as bands, gaps as gaps, a unit on every axis, and a description that says what to do.

import type {
	FieldDefaults,
	FieldOverride,
	Panel,
	PanelType,
	Target,
	ValueMapping,
} from "./dashboard-model.ts";
import type { PlantTag, PlantWindow } from "./plant-files.ts";
import { badFrom, dataSource, limits, trend, uncertainFrom } from "./queries.ts";

const darkGrey = "#5c5c5c";
const grey = "#8e8e8e";
const lightGrey = "#c7c7c7";
/** Of the strips outside of a window, in per cent: grey, because a limit is nothing abnormal. */
const outsideOpacity = 30;
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
	return eu === "%" ? "percent" : `suffix:${eu}`;
}

/** A process value with the windows of the specification in force as bands: what lies in a grey strip or beyond is outside. */
export function trendPanel(tag: PlantTag, windows: readonly PlantWindow[], unit: string): Unplaced {
	const told = windows.map(({ id, phases, low, high, reaction }) => {
		const limits = [low === undefined ? "" : `from ${low}`, high === undefined ? "" : `to ${high}`];
		const when = phases.length === 0 ? "in every phase" : `in ${phases.join(", ")}`;
		return `Window ${id}: ${limits.filter((text) => text !== "").join(" ")} ${tag.eu ?? ""} ${when}. Outside: ${reaction}`;
	});
	const description =
		told.length > 0
			? told.join("\n\n")
			: "No window judges this value. A break in the line is missing or Bad data: look at the states below.";
	const band = bandOf(tag, windows);
	return panel(
		"timeseries",
		{ title: `${tag.name}${tag.eu === undefined ? "" : ` in ${tag.eu}`}`, description },
		[trend(unit, tag.name), ...(band === undefined ? [] : [limits(unit, tag.name, band.width)])],
		{
			unit: unitOf(tag.eu),
			color: { mode: "fixed", fixedColor: darkGrey },
			...(band !== undefined || tag.low === undefined ? {} : { min: tag.low }),
			...(band !== undefined || tag.high === undefined ? {} : { max: tag.high }),
			custom: {
				...{ drawStyle: "line", lineInterpolation: "stepAfter", lineWidth: 1, fillOpacity: 0 },
				...{ spanNulls: false, showPoints: "auto", pointSize: 5 },
				...(band === undefined ? {} : { axisSoftMin: band.from, axisSoftMax: band.to }),
				thresholdsStyle: { mode: "off" },
			},
		},
		{
			legend: { showLegend: false, displayMode: "hidden", placement: "bottom", calcs: [] },
			tooltip: { mode: "multi", sort: "none" },
		},
		{
			interval: "30s",
			overrides: [
				named("min", { color: fixed(grey), "custom.lineWidth": 0, "custom.showPoints": "never" }),
				named("max", {
					...{ color: fixed(grey), "custom.lineWidth": 0, "custom.showPoints": "never" },
					...{ "custom.fillBelowTo": "min", "custom.fillOpacity": 40 },
				}),
				...(band === undefined ? [] : bandLook(windows)),
			],
		},
	);
}

const fixed = (fixedColor: string) => ({ mode: "fixed", fixedColor });

function named(name: string, properties: Record<string, unknown>): FieldOverride {
	return {
		matcher: { id: "byName", options: name },
		properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
	};
}

/** Edges of a band are no lines and tell nothing: what is seen is the strip outside, from a limit to the edge beyond it. */
function bandLook(windows: readonly PlantWindow[]): FieldOverride[] {
	const edges = {
		matcher: { id: "byRegexp" as const, options: "/ (?:top|high|low|bottom)$/" },
		properties: [
			{ id: "color", value: fixed(grey) },
			{ id: "custom.lineWidth", value: 0 },
			{ id: "custom.showPoints", value: "never" },
			{ id: "custom.hideFrom", value: { legend: true, tooltip: true, viz: false } },
		],
	};
	const strip = (outer: string, inner: string) =>
		named(outer, { "custom.fillBelowTo": inner, "custom.fillOpacity": outsideOpacity });
	return [
		edges,
		...windows.flatMap(({ id }) => [strip(`${id} top`, `${id} high`), strip(`${id} low`, `${id} bottom`)]),
	];
}

/**
 * How wide the strips outside are, and the part of the axis that is always seen: the windows and a strip on each side. Where
 * only one limit is given, the instrument's range stands for the other.
 */
function bandOf(tag: PlantTag, windows: readonly PlantWindow[]) {
	if (windows.length === 0) return undefined;
	const spans = windows.map(({ low, high }) => {
		if (low !== undefined && high !== undefined) return high - low;
		const limit = (low ?? high) as number;
		const other = low === undefined ? tag.low : tag.high;
		return Math.abs(limit - (other ?? 0)) / 4 || 1;
	});
	const width = Number(Math.max(...spans).toPrecision(6));
	const lows = windows.map(({ low, high }) =>
		low === undefined ? (tag.low ?? (high as number) - 4 * width) : low - width,
	);
	const highs = windows.map(({ low, high }) =>
		high === undefined ? (tag.high ?? (low as number) + 4 * width) : high + width,
	);
	const [from, to] = [Math.min(...lows), Math.max(...highs)].map((edge) => Number(edge.toPrecision(6)));
	return { width, from, to };
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
	interval = "1m",
): Unplaced {
	return panel(
		"state-timeline",
		{ title, description },
		[target],
		{
			unit: "none",
			mappings: statusWords,
			links,
			custom: { lineWidth: 0, fillOpacity: 80 },
		},
		stateOptions,
		{ interval },
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
		...{ unit: "string", links, custom: { lineWidth: 1, fillOpacity: 60 } },
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
				percentChangeColorMode: "standard",
				showPercentChange: false,
				wideLayout: true,
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
	widths: Readonly<Record<string, number>> = {},
): Unplaced {
	return panel(
		"table",
		{ title, description },
		[target],
		{
			unit: "none",
			noValue: "none",
			custom: { align: "auto", cellOptions: { type: "auto" }, filterable: true, inspect: false },
		},
		{ frameIndex: 0, showHeader: true, cellHeight: "sm" },
		{
			overrides: [
				...Object.entries(units).map(([name, unit]) => named(name, { unit })),
				...Object.entries(widths).map(([name, width]) => named(name, { "custom.width": width })),
			],
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
			...{ unit: "suffix:values", min: 0 },
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
			interval: "5m",
			overrides: [
				{
					matcher: { id: "byRegexp", options: abnormal },
					properties: [{ id: "color", value: { mode: "fixed", fixedColor: red } }],
				},
			],
		},
	);
}
