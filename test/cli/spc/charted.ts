import { type Analysis, analyse } from "../../../cli/spc/analyse.ts";
import { jsonPieces } from "../../../cli/spc/json.ts";
import { type RawOptions, spcOptions } from "../../../cli/spc/options.ts";
import { noChart, pointsOf, wantedColumns } from "../../../cli/spc/points.ts";
import { readValues } from "../../../cli/spc/read-values.ts";
import { NoChart } from "../../../collector/spc/chart.ts";

/** What `pilotline spc` makes of a text, inside this process. @throws InputProblems, CodedError */
export function charted(text: string, options: Partial<RawOptions> & { chart: string }): Analysis {
	const checked = spcOptions(options);
	const values = readValues("a.csv", Buffer.from(text), wantedColumns("a.csv", checked));
	const points = pointsOf(values, checked);
	try {
		return analyse(points, checked);
	} catch (error) {
		throw error instanceof NoChart ? noChart("a.csv", error, points, values) : error;
	}
}

/** Its JSON document, read back. */
export function document(analysis: Analysis) {
	const text = [...jsonPieces(analysis)].map((piece) => piece.toString()).join("");
	return JSON.parse(text);
}

/** One column as a file. */
export function column(values: readonly number[], name = "value"): string {
	return `${name}\n${values.join("\n")}\n`;
}

/** Subgroups as a file, one value on each line. */
export function subgrouped(rows: readonly (readonly number[])[]): string {
	const lines = rows.flatMap((row, index) => row.map((value) => `${index + 1},${value}`));
	return `subgroup,value\n${lines.join("\n")}\n`;
}
