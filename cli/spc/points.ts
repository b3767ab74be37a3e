import type { ChartName, NoChart } from "../../collector/spc/chart.ts";
import type { Observations } from "../../collector/spc/hotelling.ts";
import { type Column, isThere, keptOnly } from "../../collector/spc/numerics/column.ts";
import { type SubgroupColumns, subgroupColumns } from "../../collector/spc/subgroups.ts";
import { InputProblems } from "./input-problem.ts";
import type { SpcOptions } from "./options.ts";
import type { Values } from "./read-values.ts";

/** The points of a chart: a row each, or a subgroup each. */
export interface Points {
	readonly count: number;
	/** By place from 0; `excluded` says why a point does not count. */
	readonly excluded: ReadonlyMap<number, string>;
	readonly plotted: (index: number) => boolean;
	/** Whether centre and sigma are estimated from it. */
	readonly baseline: (index: number) => boolean;
	/** The rows of a point, from 1. */
	readonly rows: (index: number) => { readonly first: number; readonly last: number };
	readonly labels: readonly string[] | undefined;
	/** One value of each, or the mean of each subgroup. */
	readonly values: Column;
	readonly subgroups: SubgroupColumns | undefined;
	readonly observations: Observations;
	readonly notes: readonly string[];
}

const subgroupsRequired: readonly ChartName[] = ["xbar-r", "xbar-s", "between-within"];
const subgroupsUsed: readonly ChartName[] = [...subgroupsRequired, "ewma", "cusum", "t2"];

/** The columns that a chart wants of a file. @throws InputProblems for columns that do not fit the chart */
export function wantedColumns(file: string, { chart, columns }: SpcOptions) {
	const required = subgroupsRequired.includes(chart);
	if (chart === "t2") {
		if (columns !== undefined && columns.length < 2)
			throw problem(file, `expected at least two of --columns with --chart t2, found ${columns.length}`);
		return { columns, subgroup: "subgroup", required };
	}
	const [value = "value", subgroup = "subgroup", ...more] = columns ?? [];
	if (more.length > 0)
		throw problem(
			file,
			`expected --columns VALUE[,SUBGROUP] with --chart ${chart}, found ${columns?.length}`,
		);
	return { columns: [value], subgroup, required: required || (columns?.length ?? 0) > 1 };
}

/** @throws InputProblems when a point of the baseline does not exist */
export function pointsOf(values: Values, options: SpcOptions): Points {
	const grouped = values.subgroup !== undefined && subgroupsUsed.includes(options.chart);
	const notes: string[] = [];
	if (values.subgroup !== undefined && !grouped)
		notes.push(`${options.chart} is a chart of single values; the subgroups are not used`);
	const order = grouped ? rowsBySubgroup(values, notes) : undefined;
	const count = order === undefined ? values.rows : order.starts.length - 1;
	const rows = (index: number) =>
		order === undefined
			? { first: index + 1, last: index + 1 }
			: {
					first: order.rowAt(order.starts[index] as number) + 1,
					last: order.rowAt((order.starts[index + 1] as number) - 1) + 1,
				};
	const excluded = new Map<number, string>();
	for (const [row, reason] of values.excluded) {
		const point = order === undefined ? row : (values.subgroup?.of[row] as number);
		if (!excluded.has(point)) excluded.set(point, reason);
	}
	const plotted = excluded.size === 0 ? () => true : (index: number) => !excluded.has(index);
	const columns = values.columns.map((column) => (order === undefined ? column : order.arrange(column)));
	const starts = order?.starts;
	const first = columns[0] as Column;
	const labels = order === undefined ? undefined : (values.subgroup?.labels ?? []);
	const subgroups =
		starts === undefined || options.chart === "t2"
			? undefined
			: subgroupColumns({ values: first, starts, labels: labels ?? [] });
	return {
		...{ count, excluded, plotted, rows, labels, subgroups, notes },
		baseline: inBaseline(values.file, options, count, plotted),
		values: subgroups?.mean ?? first,
		observations: { names: values.names, columns, starts },
	};
}

function inBaseline(
	file: string,
	{ baseline }: SpcOptions,
	count: number,
	plotted: (index: number) => boolean,
): (index: number) => boolean {
	if (baseline === undefined) return plotted;
	for (const { from, to } of baseline)
		if (to > count)
			throw problem(file, `--baseline ${from}-${to}: expected points up to ${count}, found ${to}`);
	return (index) => plotted(index) && baseline.some(({ from, to }) => index + 1 >= from && index + 1 <= to);
}

/** Rows of one subgroup together, in the order in which subgroups first appear. */
function rowsBySubgroup(values: Values, notes: string[]) {
	const { of, labels } = values.subgroup as NonNullable<Values["subgroup"]>;
	const starts = new Uint32Array(labels.length + 1);
	for (const group of of) starts[group + 1] = (starts[group + 1] as number) + 1;
	for (let group = 0; group < labels.length; group++)
		starts[group + 1] = (starts[group + 1] as number) + (starts[group] as number);
	const apart = of.findIndex((group, row) => row > 0 && group < (of[row - 1] as number));
	if (apart < 0) return { starts, arrange: (column: Column) => column, rowAt: (place: number) => place };
	notes.push(
		`the rows of subgroup ${labels[of[apart] as number]} do not stand together; they are taken as one`,
	);
	const next = starts.slice();
	const place = new Uint32Array(of.length);
	for (const [row, group] of of.entries()) {
		place[next[group] as number] = row;
		next[group] = (next[group] as number) + 1;
	}
	const arrange = (column: Column): Column =>
		Float64Array.from({ length: column.length }, (_, at) => column[place[at] as number] as number);
	return { starts, arrange, rowAt: (at: number) => place[at] as number };
}

/** Single values of a chart, without those that are excluded. */
export function plottedValues(points: Points): Column {
	return points.excluded.size === 0 ? points.values : keptOnly(points.values, points.plotted);
}

/** The same chart as a problem of the file, with the rows that say so. */
export function noChart(file: string, error: NoChart, points: Points, values: Values): InputProblems {
	if (error.first === undefined || error.first > points.count) {
		const [first, last] = [firstRow(points, points.baseline), lastRow(points, points.baseline)];
		const rows = first === undefined ? "" : ` in ${rowsText(first, last as number)}`;
		const line = first === undefined ? 1 : (values.lines[first - 1] as number);
		return new InputProblems(file, [
			{ line, column: 1, message: `${values.names[0]}: ${error.message}${rows}` },
		]);
	}
	const { first } = points.rows(error.first - 1);
	const message = `row ${first}, ${values.names[0]}: ${error.message}`;
	return new InputProblems(file, [{ line: values.lines[first - 1] as number, column: 1, message }]);
}

function firstRow(points: Points, counts: (index: number) => boolean): number | undefined {
	for (let index = 0; index < points.count; index++) if (counts(index)) return points.rows(index).first;
	return undefined;
}

function lastRow(points: Points, counts: (index: number) => boolean): number | undefined {
	for (let index = points.count - 1; index >= 0; index--) if (counts(index)) return points.rows(index).last;
	return undefined;
}

function rowsText(first: number, last: number): string {
	return first === last ? `row ${first}` : `rows ${first} to ${last}`;
}

function problem(file: string, message: string): InputProblems {
	return new InputProblems(file, [{ line: 1, column: 1, message }]);
}

/** Every value of the points that `counts` names, subgroups as single values. */
export function singleValues({ observations, values }: Points, counts: (index: number) => boolean): Column {
	const { starts, columns } = observations;
	if (starts === undefined) return values.filter((value, index) => isThere(value) && counts(index));
	const all = columns[0] as Column;
	const out = new Float64Array(all.length);
	let n = 0;
	for (let index = 0; index < starts.length - 1; index++) {
		if (!counts(index)) continue;
		const own = all.subarray(starts[index], starts[index + 1]);
		out.set(own, n);
		n += own.length;
	}
	return out.subarray(0, n);
}
