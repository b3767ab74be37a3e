import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Dashboard, Panel } from "../../dashboards/grafana/dashboard-model.ts";
import { dashboardFiles } from "../../dashboards/grafana/generate.ts";
import { readPlant } from "../../dashboards/grafana/plant-files.ts";

const place = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const agentFile = place("examples/pilot-line/agent.yaml");
const specificationFile = place("examples/pilot-line/specification.yaml");
const folder = place("dashboards/grafana/generated");
const files = dashboardFiles(agentFile, specificationFile);
const dashboards = [...files.values()].map((text) => JSON.parse(text) as Dashboard);
const panels = dashboards.flatMap((dashboard) => dashboard.panels.map((panel) => ({ dashboard, panel })));
const queries = dashboards.flatMap(({ uid, panels, templating, annotations }) => [
	...panels.flatMap(({ title, targets }) =>
		targets.map(({ query }) => ({ where: `${uid}/${title}`, query })),
	),
	...templating.list
		.filter(({ type }) => type === "query")
		.map(({ name, query }) => ({ where: `${uid}/${name}`, query })),
	...annotations.list.map(({ name, target }) => ({ where: `${uid}/${name}`, query: target.query })),
]);

/** Messages for what breaks a rule, so that a failure says where. */
function broken(rule: (panel: Panel) => boolean): string[] {
	return panels
		.filter(({ panel }) => !rule(panel))
		.map(({ dashboard, panel }) => `${dashboard.uid}/${panel.title}`);
}

test("what is committed is what the plant's and the specification's files give, byte for byte", () => {
	expect(readdirSync(folder).sort()).toEqual([...files.keys()].sort());
	for (const [name, text] of files)
		expect(
			readFileSync(`${folder}/${name}`, "utf8") === text,
			`run dashboards/grafana/generate.ts: ${name}`,
		).toBe(true);
});

describe("Classic JSON for file provisioning", () => {
	test("has panels and no elements, a uid of its own, no numeric id, and is not edited in place", () => {
		for (const dashboard of dashboards) {
			expect(Object.keys(dashboard)).not.toContain("id");
			expect(Object.keys(dashboard)).not.toContain("elements");
			expect(dashboard.panels.length).toBeGreaterThan(0);
			expect(dashboard).toMatchObject({ editable: false, schemaVersion: 39 });
			expect(dashboard.uid).toMatch(/^[A-Za-z0-9_-]{1,40}$/);
		}
		expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(dashboards.length);
	});

	test("is valid by Grafana's published schema, panel options and field settings too", () => {
		const schema = JSON.parse(
			readFileSync(place("test/fixtures/grafana-schema/dashboard.schema.json"), "utf8"),
		);
		const valid = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);
		const problems = (what: object) => {
			valid(what);
			return (valid.errors ?? []).map(({ instancePath, message, params }) => [instancePath, message, params]);
		};
		for (const dashboard of dashboards) expect(problems({ dashboard }), dashboard.uid).toEqual([]);
		for (const { dashboard, panel } of panels) {
			const { custom } = panel.fieldConfig.defaults;
			const where = `${dashboard.uid}/${panel.title}`;
			expect(problems({ [panel.type]: { options: panel.options, custom } }), where).toEqual([]);
		}
		// It would have found a misspelt key and a word that Grafana does not know.
		const [first] = dashboards;
		expect(problems({ dashboard: { ...first, panles: [] } })).toHaveLength(1);
		expect(problems({ dashboard: { ...first, panels: [{ ...first?.panels[0], gridpos: {} }] } })).not.toEqual(
			[],
		);
		expect(problems({ timeseries: { options: {}, custom: { drawStyle: "curve" } } })).not.toEqual([]);
	});

	test("names its data source as an object, and the variable is there", () => {
		const wanted = { type: "influxdb", uid: "${datasource}" };
		for (const { panel } of panels)
			for (const { datasource } of [panel, ...panel.targets]) expect(datasource).toEqual(wanted);
		for (const { templating } of dashboards)
			expect(templating.list.map(({ name }) => name)).toContain("datasource");
	});

	test("panels of a dashboard have ids of their own and do not overlap", () => {
		for (const { uid, panels } of dashboards) {
			expect(new Set(panels.map(({ id }) => id)).size, uid).toBe(panels.length);
			const cells = new Set<string>();
			for (const { title, gridPos } of panels) {
				const { x, y, w, h } = gridPos;
				expect(x + w, `${uid}/${title}`).toBeLessThanOrEqual(24);
				for (let dx = 0; dx < w; dx++)
					for (let dy = 0; dy < h; dy++) {
						const cell = `${x + dx} ${y + dy}`;
						expect(cells.has(cell), `${uid}/${title}`).toBe(false);
						cells.add(cell);
					}
			}
		}
	});

	test("every link leads to a dashboard that is there", () => {
		const uids = new Set(dashboards.map(({ uid }) => uid));
		const { units } = readPlant(agentFile, specificationFile);
		for (const { links } of dashboards)
			for (const { url } of links) if (url !== "") expect(uids).toContain(url.slice("/d/".length));
		const toUnits = panels.flatMap(({ panel }) => panel.fieldConfig.defaults.links.map(({ url }) => url));
		expect(toUnits.length).toBeGreaterThan(1);
		for (const url of toUnits)
			for (const { name } of units)
				expect(uids).toContain(
					(url.split("?")[0] as string).replace("${__field.labels.unit}", name).slice("/d/".length),
				);
	});
});

describe("pictures for operators", () => {
	test("every panel says in words what it shows, and has a unit", () => {
		expect(
			broken(({ description }) => /\w+ \w+.*[.:]/s.test(description) && description.length > 25),
		).toEqual([]);
		expect(broken(({ fieldConfig }) => fieldConfig.defaults.unit !== undefined)).toEqual([]);
	});

	test("process values are grey, colour is for what is not normal, and no palette is used", () => {
		const colours = (panel: Panel) =>
			JSON.stringify(panel.fieldConfig).match(/"(?:fixedColor|color)":\s*"([^"]+)"/g) ?? [];
		expect(broken((panel) => !JSON.stringify(panel).includes("palette"))).toEqual([]);
		expect(
			broken(({ type, fieldConfig }) => type === "stat" || fieldConfig.defaults.color.mode === "fixed"),
		).toEqual([]);
		expect(
			broken(
				({ fieldConfig }) =>
					fieldConfig.defaults.color.fixedColor === undefined ||
					isGrey(fieldConfig.defaults.color.fixedColor),
			),
		).toEqual([]);
		expect(broken((panel) => colours(panel).length > 0)).toEqual([]);
	});

	test("gaps stay gaps", () => {
		// A state timeline connects nothing unless told to.
		const spans = ({ type, fieldConfig }: Panel) =>
			type === "timeseries"
				? fieldConfig.defaults.custom.spanNulls !== false
				: "spanNulls" in fieldConfig.defaults.custom;
		expect(broken((panel) => !spans(panel))).toEqual([]);
		// Limits hold until told otherwise; a process value does not.
		const values = queries.filter(({ query }) => !query.includes('FROM "spec_limit"'));
		expect(values.filter(({ query }) => /fill\((?:previous|linear)\)/.test(query))).toEqual([]);
	});

	test("each window of the specification is a band of its tag's panel, and its reaction stands in the description", () => {
		const { windows } = readPlant(agentFile, specificationFile);
		expect(windows.length).toBeGreaterThan(20);
		for (const { id, unit, tag, low, high, reaction } of windows) {
			const dashboard = dashboards.find(({ uid }) => uid === `pilotline-unit-${unit}`);
			const panel = dashboard?.panels.find(({ title }) => title.startsWith(`${tag} `));
			expect(panel?.description, id).toContain(reaction);
			const limits = panel?.targets.find(({ query }) => query.includes('FROM "spec_limit"'));
			expect(limits?.query, id).toContain(`"unit" = '${unit}' AND "tag" = '${tag}'`);
			expect(limits?.alias).toBe("$tag_window $col");
			const look = (name: string) =>
				panel?.fieldConfig.overrides.find(({ matcher }) => matcher.options === name)?.properties;
			const below = (value: string) => expect.arrayContaining([{ id: "custom.fillBelowTo", value }]);
			expect(look(`${id} top`), id).toEqual(below(`${id} high`));
			expect(look(`${id} low`), id).toEqual(below(`${id} bottom`));
			// The window is in the middle of the axis, not a hair in the instrument's range, and no value is cut off.
			const { min, max, custom } = panel?.fieldConfig.defaults ?? {};
			const [from, to] = [Number(custom?.axisSoftMin), Number(custom?.axisSoftMax)];
			expect([min, max], id).toEqual([undefined, undefined]);
			if (low !== undefined) expect(from, id).toBeLessThan(low);
			if (high !== undefined) expect(to, id).toBeGreaterThan(high);
			if (low !== undefined && high !== undefined) expect((high - low) / (to - from), id).toBeCloseTo(1 / 3);
		}
	});

	test("Bad and missing values show on every dashboard with values", () => {
		for (const { uid, panels } of dashboards)
			expect(
				panels.some(({ targets }) => targets.some(({ query }) => query.includes('max("status")'))),
				uid,
			).toBe(true);
	});

	test("an overview has few panels", () => {
		expect(dashboards.find(({ uid }) => uid === "pilotline-line")?.panels.length).toBeLessThanOrEqual(8);
	});
});

test("queries use only what InfluxDB 1, 2 and 3 all have", () => {
	const absent =
		/\b(?:SLIMIT|SOFFSET|SHOW DATABASES|SHOW SERIES|CARDINALITY|SAMPLE\(|HOLT_WINTERS|INTO|EXPONENTIAL_MOVING_AVERAGE|CHANDE|KAUFMANS|TRIPLE_|RELATIVE_STRENGTH)/i;
	expect(queries.filter(({ query }) => absent.test(query))).toEqual([]);
	const bounded = /\$timeFilter|^SHOW TAG VALUES|time >= \$\{__from\}ms - (?:6|60)h AND time <= \$\{__to\}ms/;
	expect(queries.filter(({ query }) => !bounded.test(query))).toEqual([]);
	expect(dashboards.every(({ time }) => time.from === "now-12h")).toBe(true);
});

test("provisioning names one data source, keeps its password apart, and takes every path from the environment", () => {
	const sources = parse(
		readFileSync(place("dashboards/grafana/provisioning/datasources/pilotline.yaml"), "utf8"),
	);
	const providers = parse(
		readFileSync(place("dashboards/grafana/provisioning/dashboards/pilotline.yaml"), "utf8"),
	);
	expect(sources).toMatchObject({
		apiVersion: 1,
		datasources: [{ type: "influxdb", uid: "pilotline", editable: false }],
	});
	expect(JSON.stringify(sources.datasources[0].jsonData)).not.toContain("PASSWORD");
	expect(sources.datasources[0].secureJsonData).toEqual({ password: "${PILOTLINE_INFLUXDB_PASSWORD}" });
	expect(providers).toMatchObject({
		apiVersion: 1,
		providers: [{ type: "file", allowUiUpdates: false, options: { path: "${PILOTLINE_DASHBOARDS}" } }],
	});
});

function isGrey(colour: string): boolean {
	const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
	return r === g && g === b;
}
