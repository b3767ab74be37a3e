import type { FastifyInstance } from "fastify";
import type { ReadPort } from "../read-port.ts";
import { listQuery, parseQuery, verdictQuery } from "./query-values.ts";
import { apiError } from "./request-guard.ts";

/** What the laboratory's results say of lots of raw materials. */
export function addMaterialRoutes(server: FastifyInstance, { read }: { readonly read: ReadPort }): void {
	server.get("/api/v1/materials", { config: { action: "read" } }, async (request) => ({
		materials: await read.materials(parseQuery(listQuery, request.query)),
	}));
	server.get("/api/v1/material", { config: { action: "read" } }, async (request, reply) => {
		const { lot } = parseQuery(verdictQuery, request.query);
		const verdicts = await read.material(lot);
		if (verdicts.length > 0) return { lot, verdicts };
		const message = `expected a lot of a raw material that has a verdict, found ${JSON.stringify(lot)}`;
		return reply.code(404).send(apiError("LOT_UNKNOWN", message));
	});
}
