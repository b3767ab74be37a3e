import type { SQLOutputValue } from "node:sqlite";
import { type Datatype, isInteger64, isNumeric } from "../../common/contract/datatype.ts";
import type { SampleValue } from "../../common/contract/samples.ts";
import type { PositionedSamples } from "./positioned-samples.ts";
import { valueColumn } from "./read-rows.ts";

/** What the columns of a sample mean: the data type of each series. */
export type SeriesTypes = (series: number) => Datatype | undefined;

/** Columns of a row of `sample`, in the order in which `takeHotRow` wants them. */
export function hotColumns(table: string): string {
	const plain = ["pos", "series", "source_ms", "source_rest", "server_lag", "status"];
	return [...plain.map((column) => `${table}.${column}`), valueColumn(table)].join(", ");
}

/**
 * The same with the value as it is: cheaper, but node:sqlite refuses a 64-bit integer beyond 2^53, and then the columns above
 * are for it.
 */
export function plainHotColumns(table: string): string {
	const plain = ["pos", "series", "source_ms", "source_rest", "server_lag", "status", "value"];
	return plain.map((column) => `${table}.${column}`).join(", ");
}

/** Adds a row, as an array, to the end. */
export function takeHotRow(to: PositionedSamples, row: readonly SQLOutputValue[], typeOf: SeriesTypes): void {
	const { samples } = to;
	const index = samples.count;
	if (index === samples.capacity) to.reserve(Math.max(1024, 2 * index));
	const [pos, series, sourceMs, rest, lag, status, value] = row;
	to.pos[index] = pos as number;
	samples.tagId[index] = series as number;
	samples.sourceMs[index] = sourceMs as number;
	samples.sourceRestTicks[index] = rest as number;
	samples.serverLagTicks[index] = lag === null ? Number.NaN : (lag as number);
	samples.status[index] = status as number;
	samples.setValue(index, cellValue(value, typeOf(series as number)));
	samples.count = index + 1;
}

/** The value that was inserted as such a cell; see `storedValue`. */
export function cellValue(cell: SQLOutputValue | undefined, datatype: Datatype | undefined): SampleValue {
	if (cell === undefined) return null;
	if (typeof cell === "number")
		return datatype !== undefined && isInteger64(datatype) && Number.isInteger(cell) ? BigInt(cell) : cell;
	if (typeof cell !== "string" || datatype === undefined) return cell;
	if (isInteger64(datatype) && /^-?\d{1,20}$/.test(cell)) return BigInt(cell);
	return cell === "NaN" && isNumeric(datatype) ? Number.NaN : cell;
}
