import type { Annotation, Dashboard, Link, Panel, Variable } from "./dashboard-model.ts";
import {
	changesPanel,
	countsPanel,
	shouldBeZero,
	statusPanel,
	tablePanel,
	trendPanel,
	type Unplaced,
} from "./panels.ts";
import type { Plant, PlantTag } from "./plant-files.ts";
import {
	badFrom,
	changes,
	countOf,
	dataSource,
	eventQuery,
	newestByUnit,
	rows,
	sites,
	sumOf,
	valueCount,
	worstStatus,
} from "./queries.ts";

const width = 24;
const unitUid = (unit: string) => `pilotline-unit-${unit}`;
const linkOf = (title: string, url: string, icon: string): Link => ({
	...{ type: "link", title, url, icon, tooltip: "", tags: [] },
	...{ asDropdown: false, targetBlank: false, includeVars: true, keepTime: true },
});
/** Widths of columns in pixels, so that text gets the rest. */
const shortColumns = { Time: 180, unit: 80, tag: 120, open: 80, lot: 100, batch: 110, cleared_by: 110 };
const toUnit = linkOf(
	"Open the unit",
	"/d/pilotline-unit-${__field.labels.unit}?${__url_time_range}&${datasource:queryparam}&${group:queryparam}",
	"",
);

/** Every dashboard of a plant, the overview first. */
export function dashboardsOf(plant: Plant): Dashboard[] {
	return [
		overview(plant),
		...plant.units.map(({ name, tags }) => unitDashboard(plant, name, tags)),
		health(),
	];
}

function overview({ product, version }: Plant): Dashboard {
	return dashboard({
		uid: "pilotline-line",
		title: "Line overview",
		description: `The line on one page: what is abnormal now, and where. ${product}, specification version ${version}. It monitors and advises; it is not a safety system.`,
		annotations: events(),
		panels: layOut([
			[
				4,
				4,
				shouldBeZero(
					"Open violations",
					"Windows that a value is outside of now. Go to the unit in the table below; its panel says what to do.",
					"none",
					countOf("violation", "id", '"open" = true'),
				),
			],
			[
				4,
				4,
				shouldBeZero(
					"Gaps not filled",
					"Stretches of time whose values are missing for good so far. Open Pipeline health for the ledger.",
					"none",
					countOf("gap", "id", '"backfilled" = false'),
				),
			],
			[
				16,
				4,
				tablePanel(
					"Lots judged",
					"Final verdicts in the period, the newest first. `not_evaluable` is no pass: the reasons say what is missing.",
					rows("verdict", ["lot", "verdict", "violations", "reasons"], 20),
					{},
					{ ...shortColumns, violations: 100, verdict: 120 },
				),
			],
			[
				24,
				9,
				changesPanel(
					"What the units do",
					"The phase of every unit. A unit that stands in one phase for longer than usual needs a look; click it to open the unit.",
					changes("Phase"),
					[toUnit],
				),
			],
			[
				24,
				9,
				statusPanel(
					"Data of the units",
					"The worst status of each unit's values. Grey is Good; an empty stretch has no data at all: look at Pipeline health.",
					worstStatus(),
					[toUnit],
				),
			],
			[
				24,
				8,
				tablePanel(
					"Violations",
					"Violations that began in the period, the newest first. The text names window, tag, limit and batch.",
					rows("violation", ["unit", "tag", "open", "text", "lot", "batch", "cleared_by"], 50),
					{},
					shortColumns,
				),
			],
		]),
	});
}

function unitDashboard(plant: Plant, unit: string, tags: readonly PlantTag[]): Dashboard {
	const told = new Set(tags.map(({ name }) => name));
	const values = tags.filter(
		({ eu, type }) => eu !== undefined && !/^(?:String|Boolean|DateTime)$/.test(type),
	);
	const words = ["Phase", "Batch"].filter((name) => told.has(name));
	// What changes a few times a day has no status in most stretches, which would look like an outage.
	const seldom = tags
		.filter(({ type }) => /^(?:String|Boolean|DateTime)$/.test(type))
		.map(({ name }) => name);
	const panels = layOut([
		...words.map(
			(name): Placed => [
				24 / words.length,
				4,
				changesPanel(name, `${name} of ${unit}, change by change.`, changes(name, unit)),
			],
		),
		...values.map(
			(tag): Placed => [
				12,
				7,
				trendPanel(
					tag,
					plant.windows.filter((window) => window.unit === unit && window.tag === tag.name),
					unit,
				),
			],
		),
		[
			24,
			3 + Math.ceil((tags.length - seldom.length) / 1.6),
			statusPanel(
				"Status of the values",
				"The worst status of each tag in ten minutes. Bad values are in no line above; ask who looks after the instrument or its server. An empty stretch has no value: a tag that reports seldom, or a gap.",
				worstStatus(unit, seldom),
				[],
				"10m",
			),
		],
	]);
	return dashboard({
		uid: unitUid(unit),
		title: `Unit ${unit}`,
		description: `Values of ${unit} with the windows of ${plant.product}, specification version ${plant.version}. It monitors and advises; it is not a safety system.`,
		annotations: [
			...events({ unit }).filter(({ name }) => name !== "Violations"),
			...violationsOf(plant, unit, panels),
		],
		panels,
	});
}

/** Violations of a tag, red in its own panel and nowhere else. */
function violationsOf({ windows }: Plant, unit: string, panels: readonly Panel[]): Annotation[] {
	const tags = new Set(windows.filter((window) => window.unit === unit).map(({ tag }) => tag));
	return [...tags].flatMap((tag) => {
		const ids = panels.filter(({ title }) => title.startsWith(`${tag} `)).map(({ id }) => id);
		return events({ unit, tag })
			.filter(({ name }) => name === "Violations")
			.map((one) => ({
				...one,
				name: `Violations of ${tag}`,
				hide: true,
				filter: { exclude: false as const, ids },
			}));
	});
}

function health(): Dashboard {
	return dashboard({
		uid: "pilotline-health",
		title: "Pipeline health",
		description: "Whether the data can be trusted: what comes in, what is Bad, what is missing and why.",
		annotations: events().filter(({ name }) => name === "Gaps"),
		panels: layOut([
			[
				6,
				4,
				shouldBeZero(
					"Gaps",
					"Rows of the gap ledger that begin in the period. The table below names tags, time and cause.",
					"none",
					countOf("gap", "id"),
				),
			],
			[
				6,
				4,
				shouldBeZero(
					"Missing time",
					"Sum over all gaps that were not filled. A long one needs whoever looks after the server or agent that the cause names.",
					"s",
					sumOf("gap", "duration_s", '"backfilled" = false'),
				),
			],
			[
				12,
				4,
				tablePanel(
					"Newest value of each unit",
					"A unit whose newest value is old is silent: run `pilotline status` against its agent.",
					newestByUnit(),
				),
			],
			[
				24,
				8,
				countsPanel(
					"Values",
					"Values in each stretch by edge node, and those of them that are Bad. A fall to 0 is an outage: run `pilotline status`.",
					[valueCount("A", "values"), valueCount("B", "Bad", `"status" >= ${badFrom}`)],
					"/ Bad$/",
				),
			],
			[
				24,
				8,
				statusPanel(
					"Data of the units",
					"The worst status of each unit's values. Grey is Good; an empty stretch has no data at all.",
					worstStatus(),
					[toUnit],
				),
			],
			[
				24,
				10,
				tablePanel(
					"Gap ledger",
					"What is missing, from when (time) to when (to_ms), why, and whether it was filled since. No tags means every tag of the unit.",
					rows("gap", ["unit", "tags", "cause", "duration_s", "to_ms", "backfilled", "edge_node"], 200),
					{ duration_s: "s", to_ms: "dateTimeAsIso" },
					{ ...shortColumns, cause: 180, duration_s: 110, to_ms: 190, backfilled: 100, edge_node: 120 },
				),
			],
		]),
	});
}

function dashboard(
	own: Pick<Dashboard, "uid" | "title" | "description" | "panels"> & { annotations: Annotation[] },
): Dashboard {
	const { uid, title, description, panels, annotations } = own;
	return {
		...{ uid, title, description, tags: ["pilotline"], schemaVersion: 39, version: 1, editable: false },
		...{ graphTooltip: 1, timezone: "browser", refresh: "30s" },
		// InfluxDB 3 reads 72 hours at most in one query.
		time: { from: "now-12h", to: "now" },
		links: [
			linkOf("Line overview", "/d/pilotline-line", "dashboard"),
			linkOf("Pipeline health", "/d/pilotline-health", "dashboard"),
			{
				...linkOf("Units", "", "external link"),
				...{ type: "dashboards", tags: ["pilotline"], asDropdown: true },
			},
		],
		templating: { list: variables },
		annotations: { list: annotations },
		panels,
	};
}

const variables: readonly Variable[] = [
	{
		...{ name: "datasource", label: "Data source", type: "datasource", query: "influxdb" },
		...{ multi: false, includeAll: false, refresh: 1, hide: 0 },
	},
	{
		...{ name: "group", label: "Site", type: "query", query: sites, datasource: dataSource },
		...{ multi: true, includeAll: true, refresh: 2, hide: 0 },
	},
];

function events(of: { readonly unit?: string; readonly tag?: string } = {}): Annotation[] {
	const one = (
		name: string,
		measurement: string,
		end: string,
		tags: string,
		iconColor: string,
	): Annotation => ({
		...{ name, datasource: dataSource, enable: true, hide: false, iconColor },
		target: {
			...{ refId: "Anno", fromAnnotations: true, textColumn: "text", timeEndColumn: end, tagsColumn: tags },
			query: eventQuery(measurement, ["text", end, tags], of),
		},
	});
	return [
		one("Gaps", "gap", "to_ms", "cause", "#8e8e8e"),
		one("Violations", "violation", "cleared_ms", "window", "#e02f44"),
		one("Batches", "visit", "to_ms", "batch", "#c7c7c7"),
	];
}

type Placed = readonly [w: number, h: number, panel: Unplaced];

/** Places panels in rows from left to right, in reading order. */
function layOut(placed: readonly Placed[]): Panel[] {
	let x = 0;
	let y = 0;
	let rowHeight = 0;
	return placed.map(([w, h, panel], index) => {
		if (x + w > width) {
			x = 0;
			y += rowHeight;
			rowHeight = 0;
		}
		const gridPos = { x, y, w, h };
		x += w;
		rowHeight = Math.max(rowHeight, h);
		return { id: index + 1, ...panel, gridPos };
	});
}
