import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { systemClock } from "../common/runtime/clock.ts";
import { CodedError, errorText } from "../common/runtime/coded-error.ts";
import { tokenHeader } from "./api-token.ts";

export interface ExportOptions {
	readonly api: string;
	/** The data directory of a stopped collector, instead of `api`. */
	readonly data?: string;
	/** The tag by which units tell their phase; only a stopped collector has to be told. */
	readonly phaseTag: string;
	readonly unit?: string;
	readonly tag?: readonly string[];
	readonly lot?: string;
	readonly phase?: string;
	readonly from?: number;
	readonly to?: number;
	readonly hours?: number;
	readonly format: "csv" | "json" | "parquet";
	readonly output?: string;
	readonly json: boolean;
}

/** What is exported, as a stream, and what is known once it has ended. */
export interface ExportSource {
	readonly body: Readable;
	/** Frees what it was taken from; resolves with what is not in it although it was stored. */
	end(): Promise<readonly string[]>;
}

const progressEveryMs = 2_000;

/**
 * Takes samples out of a running collector, or of a stopped one's files, to standard output or to a file, which appears under
 * its name when it is whole. Resolves with the exit code: 1 when something that was stored is not in it.
 * @throws CodedError USAGE when the question is refused, API_UNREACHABLE when a running collector does not answer,
 *   DATA_DIR_BUSY when the files belong to one
 */
export async function exportSamples(options: ExportOptions): Promise<number> {
	const { format, output, json } = options;
	if (output === undefined && json)
		throw new CodedError(
			"USAGE",
			"expected --output FILE beside --json, found none: the samples would stand before it",
		);
	if (output === undefined && format === "parquet" && process.stdout.isTTY)
		throw new CodedError("USAGE", "expected --output FILE for Parquet, found a terminal");
	const { data } = options;
	const source =
		data === undefined
			? await fromApi(options)
			: await (await import("./export-stopped.ts")).fromFiles({ ...options, data });
	let missing: readonly string[];
	try {
		await write(source.body, options);
	} finally {
		missing = await source.end();
	}
	for (const text of missing) process.stderr.write(`pilotline: ${text}\n`);
	return missing.length > 0 ? 1 : 0;
}

async function write(body: Readable, { format, output, json }: ExportOptions): Promise<void> {
	if (output === undefined) return await pipeline(body, process.stdout, { end: false });
	const partial = `${output}.partial`;
	let bytes = 0;
	let shownMs = systemClock.monotonicMs();
	const counting = new Transform({
		transform(chunk: Buffer, _encoding, done) {
			bytes += chunk.length;
			const nowMs = systemClock.monotonicMs();
			if (nowMs - shownMs >= progressEveryMs) {
				shownMs = nowMs;
				process.stderr.write(`pilotline: ${megabytes(bytes)} written\n`);
			}
			done(null, chunk);
		},
	});
	try {
		await pipeline(body, counting, createWriteStream(partial));
		await rename(partial, output);
	} catch (error) {
		await rm(partial, { force: true });
		if (error instanceof CodedError) throw error;
		throw new CodedError("API_UNREACHABLE", `${output}: expected the whole export: ${errorText(error)}`, {
			cause: error,
		});
	}
	process.stdout.write(
		json ? `${JSON.stringify({ file: output, format, bytes })}\n` : `${output}: ${megabytes(bytes)}\n`,
	);
}

async function fromApi(options: ExportOptions): Promise<ExportSource> {
	const response = await answered(urlOf(options));
	return { body: Readable.fromWeb(response.body as never), end: async () => [] };
}

function urlOf({ api, unit, tag = [], lot, phase, from, to, hours, format }: ExportOptions): string {
	const query = new URLSearchParams();
	const given = { unit, lot, phase, from, to, hours, format };
	for (const [name, value] of Object.entries(given)) if (value !== undefined) query.set(name, String(value));
	for (const each of tag) query.append("tag", each);
	return `${api.replace(/\/$/, "")}/api/v1/export?${query}`;
}

async function answered(url: string): Promise<Response> {
	let response: Response;
	const headers = await tokenHeader(url);
	try {
		response = await fetch(url, { headers });
	} catch (error) {
		const why = error instanceof Error && error.cause instanceof Error ? error.cause : error;
		throw new CodedError("API_UNREACHABLE", `${url}: ${errorText(why)}`, { cause: error });
	}
	if (response.ok) return response;
	const refusal = (await response.json().catch(() => ({}))) as { error?: { message?: string } };
	const message = refusal.error?.message ?? `status ${response.status}`;
	throw new CodedError(response.status < 500 ? "USAGE" : "API_UNREACHABLE", message);
}

function megabytes(bytes: number): string {
	return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
