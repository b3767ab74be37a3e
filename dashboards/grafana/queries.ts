// Queries in the part of InfluxQL that InfluxDB 1, 2 and 3 all have. Names are those that the collector's followers write.

import type { DataSourceRef, Target } from "./dashboard-model.ts";

export const dataSource: DataSourceRef = { type: "influxdb", uid: "${datasource}" };

const everySite = '"group" =~ /^${group:regex}$/';

/** Status of a value that is not Good: uncertain from 2^30, bad from 2^31 on. */
export const uncertainFrom = 2 ** 30;
export const badFrom = 2 ** 31;

const quoted = (text: string) => `'${text.replaceAll(/['\\]/g, "\\$&")}'`;

const where = (...conditions: readonly string[]) =>
	`WHERE ${[...conditions, everySite, "$timeFilter"].join(" AND ")}`;

function target(query: string, resultFormat: Target["resultFormat"], alias?: string, refId = "A"): Target {
	return {
		refId,
		datasource: dataSource,
		query,
		rawQuery: true,
		resultFormat,
		...(alias === undefined ? {} : { alias }),
	};
}

/** Least, mean and greatest of the Good values of a tag; a stretch without one is empty, and stays so in the picture. */
export function trend(unit: string, tag: string): Target {
	const good = `"status" < ${uncertainFrom}`;
	const columns = ["min", "mean", "max"].map((name) => `${name}("value") AS "${name}"`).join(", ");
	const place = where(`"unit" = ${quoted(unit)}`, `"tag" = ${quoted(tag)}`, good);
	return target(
		`SELECT ${columns} FROM "sample" ${place} GROUP BY time($__interval) fill(null)`,
		"time_series",
		"$col",
	);
}

/** The worst status in each stretch, by tag of a unit or by unit of the line. */
export function worstStatus(unit?: string): Target {
	const by = unit === undefined ? "unit" : "tag";
	const place = unit === undefined ? where() : where(`"unit" = ${quoted(unit)}`);
	const query = `SELECT max("status") AS "status" FROM "sample" ${place} GROUP BY time($__interval), "${by}" fill(null)`;
	return target(query, "time_series", `$tag_${by}`);
}

/** Each change of a text tag: of one unit, or of every unit of the line. */
export function changes(tag: string, unit?: string): Target {
	const place = [`"tag" = ${quoted(tag)}`, ...(unit === undefined ? [] : [`"unit" = ${quoted(unit)}`])];
	const query = `SELECT "svalue" AS "${tag.toLowerCase()}" FROM "sample" ${where(...place)} GROUP BY "unit"`;
	return target(query, "time_series", "$tag_unit");
}

export function countOf(measurement: string, column: string, ...conditions: string[]): Target {
	return target(
		`SELECT count("${column}") AS "count" FROM "${measurement}" ${eventsWhere(...conditions)}`,
		"time_series",
		"$col",
	);
}

export function sumOf(measurement: string, column: string, ...conditions: string[]): Target {
	return target(
		`SELECT sum("${column}") AS "sum" FROM "${measurement}" ${eventsWhere(...conditions)}`,
		"time_series",
		"$col",
	);
}

/** Rows of a measurement, the newest first. */
export function rows(
	measurement: string,
	columns: readonly string[],
	most: number,
	...conditions: string[]
): Target {
	const list = columns.map((column) => `"${column}"`).join(", ");
	const place = eventsWhere(...conditions);
	return target(`SELECT ${list} FROM "${measurement}" ${place} ORDER BY time DESC LIMIT ${most}`, "table");
}

/** Values in each stretch by edge node; `conditions` narrow them. */
export function valueCount(refId: string, name: string, ...conditions: string[]): Target {
	const query = `SELECT count("status") AS "count" FROM "sample" ${where(...conditions)} GROUP BY time($__interval), "edge_node" fill(0)`;
	return target(query, "time_series", `$tag_edge_node ${name}`, refId);
}

/** The newest value of every unit; the time of it tells how long a unit has been silent. */
export function newestByUnit(): Target {
	return target(`SELECT last("status") AS "status" FROM "sample" ${where()} GROUP BY "unit"`, "table");
}

/** Events know no site, except for gaps. */
function eventsWhere(...conditions: readonly string[]): string {
	return `WHERE ${[...conditions, "$timeFilter"].join(" AND ")}`;
}

export function eventQuery(measurement: string, columns: readonly string[], unit?: string): string {
	const list = columns.map((column) => `"${column}"`).join(", ");
	const place = unit === undefined ? [] : [`"unit" = ${quoted(unit)}`];
	return `SELECT ${list} FROM "${measurement}" ${eventsWhere(...place)} ORDER BY time DESC LIMIT 200`;
}

export const sites = 'SHOW TAG VALUES FROM "sample" WITH KEY = "group"';
