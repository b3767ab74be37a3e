import type { FastifyInstance, FastifyReply } from "fastify";
import type { LotRecord } from "../lot-port.ts";
import { parseQuery, verdictQuery } from "./query-values.ts";
import { apiError } from "./request-guard.ts";

/** Lots as documents: JSON for programs, a page for people and printers. */
export interface LotDocuments {
	/** Undefined when nobody knows the lot. */
	record(lot: string): Promise<LotRecord | undefined>;
	/** HTML. */
	page(record: LotRecord): string;
	/** HTML, or why there is none. */
	certificate(record: LotRecord): { readonly page: string } | { readonly refused: string };
}

export function addLotRoutes(server: FastifyInstance, documents: LotDocuments): void {
	const unknown = (reply: FastifyReply, lot: string) =>
		reply
			.code(404)
			.send(
				apiError("LOT_UNKNOWN", `expected a lot that has been on the line, found ${JSON.stringify(lot)}`),
			);
	server.get("/api/v1/lot", { config: { action: "read" } }, async (request, reply) => {
		const { lot } = parseQuery(verdictQuery, request.query);
		return (await documents.record(lot)) ?? unknown(reply, lot);
	});
	server.get("/record", { config: { action: "read" } }, async (request, reply) => {
		const { lot } = parseQuery(verdictQuery, request.query);
		const record = await documents.record(lot);
		if (record === undefined) return unknown(reply, lot);
		return reply.type("text/html; charset=utf-8").send(documents.page(record));
	});
	server.get("/certificate", { config: { action: "read" } }, async (request, reply) => {
		const { lot } = parseQuery(verdictQuery, request.query);
		const record = await documents.record(lot);
		if (record === undefined) return unknown(reply, lot);
		const certificate = documents.certificate(record);
		if ("refused" in certificate)
			return reply.code(409).send(apiError("NOT_RELEASED", `lot ${lot}: ${certificate.refused}`));
		return reply.type("text/html; charset=utf-8").send(certificate.page);
	});
}
