// Rows of the store in the form in which they are told to others.

import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { decodeArray } from "../../common/contract/arrays.ts";
import { type Datatype, isArray, isInteger64 } from "../../common/contract/datatype.ts";
import type { SampleValue } from "../../common/contract/samples.ts";
import type { Occurrence, UnitVisit } from "../pipeline.ts";
import type { GapEntry, ReadValue } from "../read-port.ts";

export type Row = Record<string, SQLOutputValue>;

const prepared = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/** A statement of this connection, prepared once. */
function statement(db: DatabaseSync, sql: string): StatementSync {
	let known = prepared.get(db);
	if (known === undefined) {
		known = new Map();
		prepared.set(db, known);
	}
	let found = known.get(sql);
	if (found === undefined) {
		found = db.prepare(sql);
		known.set(sql, found);
	}
	return found;
}

export function all(db: DatabaseSync, sql: string, ...values: SQLInputValue[]): Row[] {
	return statement(db, sql).all(...values) as Row[];
}

export function get(db: DatabaseSync, sql: string, ...values: SQLInputValue[]): Row | undefined {
	return statement(db, sql).get(...values) as Row | undefined;
}

/** Reads a sample's value: a 64-bit integer as its digits, because node:sqlite refuses one beyond 2^53. */
export function valueColumn(table: string): string {
	return `CASE typeof(${table}.value) WHEN 'integer' THEN CAST(${table}.value AS TEXT) ELSE ${table}.value END`;
}

const textMax = 200;
const bytesMax = 96;

/** What `valueColumn` gave, for people and JSON. Text, arrays and bytes longer than `most` are cut, and say so. */
export function readValue(
	value: SQLOutputValue | SampleValue | undefined,
	datatype: Datatype,
	most = textMax,
): ReadValue {
	if (value === null || value === undefined) return null;
	if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
	if (typeof value === "bigint") return exact(value.toString());
	if (typeof value === "string") return isInteger64(datatype) ? exact(value) : cut(value, most);
	if (isArray(datatype)) return arrayText(datatype, value, most);
	return bytesText(value, most === textMax ? bytesMax : most);
}

/** An array as JSON, 64-bit integers as digits; what does not fit its type as bytes. */
function arrayText(datatype: Datatype, packed: Uint8Array, most: number): string {
	try {
		const values = decodeArray(datatype, packed).map((value) =>
			typeof value === "number" || typeof value === "bigint" ? String(value) : JSON.stringify(value),
		);
		return cut(`[${values.join(",")}]`, most);
	} catch {
		return bytesText(packed, bytesMax);
	}
}

function bytesText(value: Uint8Array, most: number): string {
	const shown = Buffer.from(value.subarray(0, most)).toString("base64");
	return value.length > most ? `base64:${shown}… (${value.length} bytes)` : `base64:${shown}`;
}

function exact(digits: string): number | string {
	const number = Number(digits);
	return Number.isSafeInteger(number) ? number : digits;
}

function cut(value: string, most: number): string {
	return value.length > most ? `${value.slice(0, most)}… (${value.length} characters)` : value;
}

export function textOrUndefined(value: SQLOutputValue | undefined): string | undefined {
	return value === null || value === undefined ? undefined : String(value);
}

export function numberOrUndefined(value: SQLOutputValue | undefined): number | undefined {
	return value === null || value === undefined ? undefined : Number(value);
}

/** A column of JSON text that holds a list of text; anything else is an empty list. */
export function textList(value: SQLOutputValue | undefined): string[] {
	try {
		const list: unknown = JSON.parse(String(value));
		return Array.isArray(list) ? list.map(String) : [];
	} catch {
		return [];
	}
}

export function occurrenceOf(row: Row): Occurrence {
	return {
		id: String(row.id),
		window: String(row.window),
		specVersion: Number(row.spec_version),
		unit: String(row.unit),
		tag: String(row.tag),
		batch: String(row.batch),
		lot: String(row.lot),
		phase: String(row.phase),
		side: row.side === "low" ? "low" : "high",
		limit: Number(row.limit),
		startedMs: Number(row.started_ms),
		raisedMs: Number(row.raised_ms),
		clearedMs: numberOrUndefined(row.cleared_ms),
		clearedBy: textOrUndefined(row.cleared_by) as Occurrence["clearedBy"],
		extreme: Number(row.extreme),
	};
}

export const gapSelect = `SELECT g.*, e.edge_node_id FROM gap g LEFT JOIN edge_node e ON e.id = g.edge_node`;

export function gapOf(row: Row): GapEntry {
	return {
		id: String(row.id),
		edgeNode: String(row.edge_node_id ?? ""),
		unit: String(row.device),
		tags: textList(row.tags),
		fromMs: Number(row.from_ms),
		toMs: Number(row.to_ms),
		cause: String(row.cause),
		backfilled: row.backfilled === 1,
		noticedMs: Number(row.noticed_ms),
	};
}

export function visitOf(row: Row): UnitVisit {
	return {
		unit: String(row.unit),
		batch: String(row.batch),
		lot: String(row.lot),
		recipe: String(row.recipe),
		fromMs: Number(row.from_ms),
		toMs: numberOrUndefined(row.to_ms),
		startObserved: row.start_observed === 1,
	};
}
