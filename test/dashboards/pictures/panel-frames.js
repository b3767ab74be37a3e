// Answers of InfluxDB as Grafana's data frames, with the panel's field settings put into every field as Grafana would.

import { createTheme, FieldType, getDisplayProcessor } from "@grafana/data";

export const theme = createTheme({ colors: { mode: "light" } });

const plainLook = {
	...{ drawStyle: "line", lineInterpolation: "linear", lineWidth: 1, fillOpacity: 0, gradientMode: "none" },
	...{ spanNulls: false, showPoints: "auto", pointSize: 5, axisPlacement: "auto", axisLabel: "" },
	...{ barAlignment: 0, scaleDistribution: { type: "linear" }, thresholdsStyle: { mode: "off" } },
	hideFrom: { legend: false, tooltip: false, viz: false },
};

/** A frame for each series and column, or one for the whole answer when the target asks for a table. */
export function framesOf(panel, answers) {
	return panel.targets.flatMap((target) => {
		const series = answers[`${panel.id} ${target.refId}`] ?? [];
		if (target.resultFormat === "table") return tableFrame(panel, series);
		return series.flatMap(({ tags = {}, columns, values }) =>
			columns.slice(1).map((column, index) => {
				const name = (target.alias ?? "$col")
					.replaceAll(/\$tag_(\w+)/g, (_, tag) => tags[tag] ?? "")
					.replaceAll("$col", column);
				const cells = values.map((row) => row[index + 1]);
				return frame([timeField(values.map(([at]) => at)), field(panel, name, cells, tags)]);
			}),
		);
	});
}

function tableFrame(panel, series) {
	const labels = Object.keys(series[0]?.tags ?? {});
	const columns = series[0]?.columns ?? [];
	const rows = series.flatMap(({ tags = {}, values }) =>
		values.map(([at, ...cells]) => [at, ...labels.map((label) => tags[label]), ...cells]),
	);
	if (rows.length === 0) return [];
	const names = [...labels, ...columns.slice(1)];
	return [
		frame([
			timeField(rows.map(([at]) => at)),
			...names.map((name, index) =>
				field(
					panel,
					name,
					rows.map((row) => row[index + 1]),
					{},
				),
			),
		]),
	];
}

function frame(fields) {
	return { fields, length: fields[0].values.length };
}

function timeField(values) {
	const time = { name: "Time", type: FieldType.time, values, config: {} };
	time.display = getDisplayProcessor({ field: time, theme, timeZone: "utc" });
	return time;
}

function field(panel, name, values, labels) {
	const { defaults, overrides } = panel.fieldConfig;
	const config = structuredClone(defaults);
	config.custom = { ...plainLook, ...config.custom };
	config.displayName = name;
	for (const { matcher, properties } of overrides) {
		const { id, options } = matcher;
		const meant = id === "byName" ? options === name : new RegExp(options.slice(1, -1)).test(name);
		if (meant) for (const { id: path, value } of properties) put(config, path.split("."), value);
	}
	const found = { name, type: typeOf(values), values, config, labels, state: { displayName: name } };
	found.display = getDisplayProcessor({ field: found, theme, timeZone: "utc" });
	return found;
}

function put(config, [key, ...rest], value) {
	if (rest.length === 0) {
		config[key] = value;
		return;
	}
	config[key] ??= {};
	put(config[key], rest, value);
}

function typeOf(values) {
	const some = values.find((value) => value !== null);
	if (typeof some === "boolean") return FieldType.boolean;
	return typeof some === "string" ? FieldType.string : FieldType.number;
}
