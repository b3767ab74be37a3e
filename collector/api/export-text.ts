// Samples as text, slice by slice: what has been written is not kept, however long the export is.

import type { SamplePiece, SamplesPort } from "../samples-port.ts";

const slicesOf = 20_000;
const header = "source_time,server_time,unit,tag,value,status,eu\r\n";

/** RFC 4180 with a header; times in UTC to 100 ns, the status as its number, an empty cell for nothing. */
export async function* csvOf(samples: SamplesPort, pieces: readonly SamplePiece[]): AsyncGenerator<string> {
	yield header;
	for (const piece of pieces) {
		const named = `${cell(piece.unit)},${cell(piece.tag)}`;
		for await (const slice of slices(samples, piece)) {
			let text = "";
			for (const [index, atMs] of slice.atMs.entries()) {
				const rest = slice.restTicks[index] as number;
				const lag = slice.serverLagTicks[index] as number | null;
				const value = slice.value[index];
				const server = lag === null ? "" : timeText(atMs, rest + lag);
				const shown = value === null ? "" : typeof value === "string" ? cell(value) : plain(String(value));
				text += `${timeText(atMs, rest)},${server},${named},${shown},${slice.status[index]},${cell(piece.eu ?? "")}\r\n`;
			}
			yield text;
		}
	}
}

/** One JSON array of objects with the names of the CSV's columns; what JSON has no number for is text. */
export async function* jsonOf(samples: SamplesPort, pieces: readonly SamplePiece[]): AsyncGenerator<string> {
	let separator = "[\n";
	for (const { unit, tag, eu, ...piece } of pieces) {
		for await (const slice of slices(samples, { ...piece, unit, tag, eu })) {
			let text = "";
			for (const [index, atMs] of slice.atMs.entries()) {
				const rest = slice.restTicks[index] as number;
				const lag = slice.serverLagTicks[index] as number | null;
				const row = {
					source_time: timeText(atMs, rest),
					server_time: lag === null ? null : timeText(atMs, rest + lag),
					...{ unit, tag, value: slice.value[index], status: slice.status[index], eu: eu ?? null },
				};
				text += `${separator}${JSON.stringify(row)}`;
				separator = ",\n";
			}
			yield text;
		}
	}
	yield separator === "[\n" ? "[]\n" : "\n]\n";
}

async function* slices(samples: SamplesPort, piece: SamplePiece) {
	for (let fromMs: number | undefined = piece.fromMs; fromMs !== undefined; ) {
		const slice = await samples.slice({ ...piece, fromMs }, slicesOf);
		yield slice;
		fromMs = slice.nextMs;
	}
}

/** A time and ticks of 100 ns beyond it, in UTC. */
function timeText(atMs: number, ticks: number): string {
	const ms = atMs + Math.floor(ticks / 10_000);
	const rest = ((ticks % 10_000) + 10_000) % 10_000;
	return new Date(ms).toISOString().replace("Z", `${String(rest).padStart(4, "0")}Z`);
}

const number = /^-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Infinity)$/;

/**
 * Text from the plant. A spreadsheet calculates what begins like a formula, and could send the sheet away with it: such text
 * gets an apostrophe before it, and so does text that begins with one, so that taking one away gives what was stored.
 */
function cell(text: string): string {
	const isFormula = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20']/.test(text) && !number.test(text);
	return plain(isFormula ? `'${text}` : text);
}

function plain(text: string): string {
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
