import type { FastifyInstance } from "fastify";
import type { ReadPort } from "../read-port.ts";
import { parseQuery, verdictQuery } from "./query-values.ts";
import { apiError } from "./request-guard.ts";

/** What a lot was found to be, whole: the newest verdict of each stage, and what came before it. */
export function addVerdictRoutes(server: FastifyInstance, { read }: { readonly read: ReadPort }): void {
	server.get("/api/v1/verdict", { config: { action: "read" } }, async (request, reply) => {
		const { lot } = parseQuery(verdictQuery, request.query);
		const verdicts = await read.verdicts(lot);
		if (verdicts.length === 0) {
			const message = `expected a lot that has a verdict, found ${JSON.stringify(lot)}`;
			return reply.code(404).send(apiError("LOT_UNKNOWN", message));
		}
		const newest = new Map(verdicts.toReversed().map((verdict) => [verdict.stage, verdict]));
		return {
			lot,
			verdicts: [...newest.values()],
			history: verdicts.map(({ judgement, ...envelope }) => ({
				...envelope,
				verdict: judgement.verdict,
				specVersion: judgement.specVersion,
			})),
		};
	});
}
