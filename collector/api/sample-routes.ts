import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { Clock } from "../../common/runtime/clock.ts";
import type { LivePort } from "../read-port.ts";
import { bucketPiecesMost, type SamplePiece, type SamplesPort } from "../samples-port.ts";
import { csvOf, jsonOf } from "./export-text.ts";
import { bucketsQuery, exportQuery, parseQuery, samplesQuery, selectionPeriod } from "./query-values.ts";
import { apiError } from "./request-guard.ts";

export interface SampleSources {
	readonly samples: SamplesPort;
	readonly live: LivePort;
	readonly clock: Clock;
	readonly phaseTag: string;
}

interface AskedSelection {
	readonly unit?: string | undefined;
	readonly tag: readonly string[];
	readonly lot?: string | undefined;
	readonly phase?: string | undefined;
	readonly from?: number | undefined;
	readonly to?: number | undefined;
	readonly hours?: number | undefined;
}

const contentTypes = {
	csv: "text/csv; charset=utf-8",
	json: "application/json",
	parquet: "application/vnd.apache.parquet",
};

const reading = { config: { action: "read" } } as const;

/** Raw samples page by page, figures of buckets, and whole selections as a file. */
export function addSampleRoutes(server: FastifyInstance, sources: SampleSources): void {
	const { samples, live, clock, phaseTag } = sources;
	const piecesOf = async (query: AskedSelection): Promise<SamplePiece[] | undefined> => {
		const { unit, tag: tags, lot, phase } = query;
		const period = selectionPeriod(query, live.status().plantTimeMs ?? clock.wallMs());
		return await samples.pieces({ unit, tags, lot, phase, phaseTag, ...period });
	};
	const unknown = ({ unit, lot }: AskedSelection) =>
		apiError(
			"SELECTION_UNKNOWN",
			`expected a unit or lot that has values, found ${lot === undefined ? `unit ${JSON.stringify(unit)}` : `lot ${JSON.stringify(lot)}`}`,
		);

	server.get("/api/v1/samples", reading, async (request, reply) => {
		const query = parseQuery(samplesQuery, request.query);
		const pieces = await piecesOf(query);
		if (pieces === undefined) return reply.code(404).send(unknown(query));
		const told: object[] = [];
		let left = query.limit;
		let { piece: index, ms } = query.after ?? { piece: 0, ms: undefined };
		for (; index < pieces.length && left > 0; index++, ms = undefined) {
			const { series: _series, ...piece } = pieces[index] as SamplePiece;
			const slice = await samples.slice({ ...piece, series: _series, fromMs: ms ?? piece.fromMs }, left);
			const { nextMs, ...columns } = slice;
			if (columns.atMs.length > 0) told.push({ ...piece, ...columns });
			left -= columns.atMs.length;
			if (nextMs !== undefined) return { pieces: told, next: `${index}.${nextMs}` };
		}
		const first = pieces[index];
		return { pieces: told, next: first === undefined ? null : `${index}.${first.fromMs}` };
	});

	server.get("/api/v1/buckets", reading, async (request, reply) => {
		const query = parseQuery(bucketsQuery, request.query);
		const pieces = await piecesOf(query);
		if (pieces === undefined) return reply.code(404).send(unknown(query));
		const told: object[] = [];
		for (let at = 0; at < pieces.length; at += bucketPiecesMost) {
			const some = pieces.slice(at, at + bucketPiecesMost);
			const slices = await samples.bucketsOfEach(some, query.width_s * 1_000);
			for (const [index, { series: _series, ...piece }] of some.entries())
				told.push({ ...piece, ...slices[index] });
		}
		return { widthMs: query.width_s * 1_000, pieces: told };
	});

	server.get("/api/v1/export", reading, async (request, reply) => {
		const query = parseQuery(exportQuery, request.query);
		const pieces = await piecesOf(query);
		if (pieces === undefined) return reply.code(404).send(unknown(query));
		const { format } = query;
		reply.header("content-type", contentTypes[format]);
		reply.header("content-disposition", `attachment; filename="samples.${format}"`);
		if (format !== "parquet")
			return reply.send(Readable.from(format === "csv" ? csvOf(samples, pieces) : jsonOf(samples, pieces)));
		const { path, bytes } = await samples.parquet(pieces);
		const stream = createReadStream(path);
		stream.once("close", () => void rm(path, { force: true }));
		return reply.header("content-length", bytes).send(stream);
	});
}
