import { closeSync, fstatSync, openSync, readSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { NoChart } from "../../collector/spc/chart.ts";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import { analyse } from "./analyse.ts";
import { InputProblems } from "./input-problem.ts";
import { jsonPieces } from "./json.ts";
import { type RawOptions, spcOptions } from "./options.ts";
import { noChart, pointsOf, wantedColumns } from "./points.ts";
import { bytesMax, readValues } from "./read-values.ts";
import { svgText } from "./svg.ts";
import { terminalText } from "./terminal.ts";

/** `pilotline spc`. Resolves with the exit code. @throws CodedError USAGE, VALUES_INVALID */
export async function spc(
	path: string,
	options: RawOptions & { readonly svg?: string; readonly json: boolean; readonly env: NodeJS.ProcessEnv },
): Promise<number> {
	const file = path === "-" ? "standard input" : path;
	const checked = spcOptions(options);
	try {
		const values = readValues(file, readBytes(path), wantedColumns(file, checked));
		const points = pointsOf(values, checked);
		const analysis = (() => {
			try {
				return analyse(points, checked);
			} catch (error) {
				throw error instanceof NoChart ? noChart(file, error, points, values) : error;
			}
		})();
		if (options.svg !== undefined) write(options.svg, svgText(analysis, basename(file)));
		if (options.json) for (const piece of jsonPieces(analysis)) await written(piece);
		else {
			const { isTTY, columns } = process.stdout;
			const color = isTTY === true && options.env.NO_COLOR === undefined;
			process.stdout.write(
				terminalText(analysis, basename(file), { color, width: Math.min(columns ?? 100, 120) }),
			);
			if (options.svg !== undefined) process.stderr.write(`wrote ${options.svg}\n`);
		}
		return 0;
	} catch (error) {
		if (options.json && error instanceof InputProblems) {
			const { code, problems } = error;
			process.stdout.write(`${JSON.stringify({ error: { code, file, problems } })}\n`);
		}
		throw error;
	}
}

/** The whole of a file, or of standard input; never more than there is room for. */
function readBytes(path: string): Uint8Array {
	try {
		const handle = path === "-" ? 0 : openSync(path, "r");
		try {
			const size = fstatSync(handle).size;
			let bytes = Buffer.allocUnsafe(Math.min(size > 0 ? size + 1 : 1 << 16, bytesMax + 1));
			let length = 0;
			for (;;) {
				const read = readSync(handle, bytes, length, bytes.length - length, null);
				if (read === 0) return bytes.subarray(0, length);
				length += read;
				if (length > bytesMax) {
					const message = `expected at most ${bytesMax / (1024 * 1024)} MiB of values, found more`;
					throw new InputProblems(path, [{ line: 1, column: 1, message }]);
				}
				if (length === bytes.length) {
					const more = Buffer.allocUnsafe(Math.min(2 * length, bytesMax + 1));
					bytes.copy(more);
					bytes = more;
				}
			}
		} finally {
			if (handle !== 0) closeSync(handle);
		}
	} catch (error) {
		if (error instanceof CodedError) throw error;
		throw new CodedError("CONFIG_UNREADABLE", `${path}: expected a file of values: ${errorText(error)}`);
	}
}

function write(path: string, text: string): void {
	try {
		writeFileSync(path, text);
	} catch (error) {
		throw new CodedError("USAGE", `--svg ${path}: expected a file that can be written: ${errorText(error)}`);
	}
}

/** Waits where the reader is slower than we are, so that a long document does not pile up in memory. */
async function written(piece: string | Uint8Array): Promise<void> {
	if (process.stdout.write(piece)) return;
	await new Promise<void>((resolve) => process.stdout.once("drain", resolve));
}
