import type { FastifyInstance } from "fastify";
import type { GenealogyPort } from "../genealogy-port.ts";
import { genealogyQuery, parseQuery } from "./query-values.ts";
import { apiError } from "./request-guard.ts";

/** What something was made of, and what became of it. */
export function addGenealogyRoutes(
	server: FastifyInstance,
	{ genealogy }: { readonly genealogy?: GenealogyPort | undefined },
): void {
	server.get("/api/v1/genealogy", { config: { action: "read" } }, async (request, reply) => {
		const { id, direction } = parseQuery(genealogyQuery, request.query);
		if (genealogy === undefined) {
			const message = "expected the collector to read genealogy, found no `genealogy` in its configuration";
			return reply.code(404).send(apiError("GENEALOGY_NOT_READ", message));
		}
		const trace = await genealogy.trace(id, direction);
		if (trace.links.length > 0) return trace;
		const other = await genealogy.trace(id, direction === "back" ? "forward" : "back");
		if (other.links.length > 0) return trace;
		const message = `expected an id that something was made of or went into, found ${JSON.stringify(id)}`;
		return reply.code(404).send(apiError("ID_UNKNOWN", message));
	});
}
