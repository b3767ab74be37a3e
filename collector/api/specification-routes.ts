import type { FastifyInstance } from "fastify";
import type { ReadPort } from "../read-port.ts";
import type { SpecificationRow } from "../specification-port.ts";
import { noQuery, parseQuery, specificationQuery } from "./query-values.ts";
import { apiError } from "./request-guard.ts";

/** Adds the routes of the specification's versions. */
export function addSpecificationRoutes(server: FastifyInstance, { read }: { read: ReadPort }): void {
	server.get("/api/v1/specifications", { config: { action: "read" } }, async (request) => {
		parseQuery(noQuery, request.query);
		return { specifications: (await read.specifications()).map(entryOf) };
	});
	server.get("/api/v1/specification", { config: { action: "read" } }, async (request, reply) => {
		const { product, version } = parseQuery(specificationQuery, request.query);
		const rows = (await read.specifications()).filter(
			(row) => row.version === version && (product === undefined || row.product === product),
		);
		// A store whose line has made another product before may have one number twice; the newest stored is meant.
		const row = rows.toSorted((a, b) => b.storedMs - a.storedMs)[0];
		if (row !== undefined) return { ...entryOf(row), body: JSON.parse(row.body) as unknown };
		const message = `expected a version that this collector has had, found ${version}${product === undefined ? "" : ` of ${product}`}`;
		return reply.code(404).send(apiError("SPECIFICATION_UNKNOWN", message));
	});
}

function entryOf({ body: _body, toMs, author, ...row }: SpecificationRow) {
	return { ...row, toMs: toMs ?? null, author: author ?? null };
}
