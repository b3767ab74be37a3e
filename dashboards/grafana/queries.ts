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

/** InfluxQL has no exponents. */
function decimal(value: number): string {
	return value.toFixed(15).replace(/\.?0+$/, "");
}

/** So often the limits of a window that goes on applying are told again: so far back they are looked for. */
export const limitsTold = "6h";

/**
 * The limits of each window of a tag by the specification that was in force, with the edges of a strip of `width` beyond each;
 * while a window does not apply the strip has no width. `fill(previous)` is right here: limits hold until told otherwise.
 */
export function limits(unit: string, tag: string, width: number): Target {
	const span = `time >= ${"${__from}"}ms - ${limitsTold} AND time <= ${"${__to}"}ms AND time <= now()`;
	const wide = decimal(width);
	const columns = [
		`last("high") + ${wide} * last("applies") AS "top"`,
		...['last("high") AS "high"', 'last("low") AS "low"'],
		`last("low") - ${wide} * last("applies") AS "bottom"`,
	];
	const place = `"unit" = ${quoted(unit)} AND "tag" = ${quoted(tag)} AND ${span}`;
	return target(
		`SELECT ${columns.join(", ")} FROM "spec_limit" WHERE ${place} GROUP BY time($__interval), "window" fill(previous)`,
		"time_series",
		"$tag_window $col",
		"B",
	);
}

/** The worst status in each stretch, by tag of a unit or by unit of the line; `without` these tags. */
export function worstStatus(unit?: string, without: readonly string[] = []): Target {
	const by = unit === undefined ? "unit" : "tag";
	const others = without.length === 0 ? [] : [`"tag" !~ /^(?:${without.join("|")})$/`];
	const place = unit === undefined ? where() : where(`"unit" = ${quoted(unit)}`, ...others);
	const query = `SELECT max("status") AS "status" FROM "sample" ${place} GROUP BY time($__interval), "${by}" fill(null)`;
	return target(query, "time_series", `$tag_${by}`);
}

/** So far before the picture the state in which it begins is looked for: with 12 hours what version 3 reads at once. */
const changesTold = "60h";

/** Each change of a text tag, and what it was before: of one unit, or of every unit of the line. */
export function changes(tag: string, unit?: string): Target {
	const place = [`"tag" = ${quoted(tag)}`, ...(unit === undefined ? [] : [`"unit" = ${quoted(unit)}`])];
	const span = `time >= ${"${__from}"}ms - ${changesTold} AND time <= ${"${__to}"}ms`;
	const query = `SELECT "svalue" AS "${tag.toLowerCase()}" FROM "sample" WHERE ${[...place, everySite, span].join(" AND ")} GROUP BY "unit"`;
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

/** Events of the line, of a unit, or of a tag of a unit. */
export function eventQuery(
	measurement: string,
	columns: readonly string[],
	of: { readonly unit?: string | undefined; readonly tag?: string | undefined } = {},
): string {
	const list = columns.map((column) => `"${column}"`).join(", ");
	const place = Object.entries(of)
		.filter(([, name]) => name !== undefined)
		.map(([label, name]) => `"${label}" = ${quoted(name as string)}`);
	return `SELECT ${list} FROM "${measurement}" ${eventsWhere(...place)} ORDER BY time DESC LIMIT 200`;
}

export const sites = 'SHOW TAG VALUES FROM "sample" WITH KEY = "group"';
