import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { Action, Person } from "../people-port.ts";
import { parseBody } from "./body-values.ts";

export interface WriteRoute<T extends z.ZodType> {
	readonly path: string;
	readonly action: Action;
	/** Strict: an unknown key is refused. */
	readonly body: T;
	/** Of the body as it is sent; a longer one is refused unread. */
	readonly bodyBytesMax: number;
	/** `person` is undefined only where the action is `open`. */
	readonly work: (
		body: z.output<T>,
		person: Person | undefined,
		request: FastifyRequest,
		reply: FastifyReply,
	) => Promise<unknown>;
}

/** Adds a route that changes something: POST of JSON, by whom the action allows. */
export function addWriteRoute<T extends z.ZodType>(server: FastifyInstance, route: WriteRoute<T>): void {
	const { path, action, body, bodyBytesMax, work } = route;
	server.post(path, { config: { action }, bodyLimit: bodyBytesMax }, async (request, reply) => {
		return await work(parseBody(body, request.body), request.caller?.person, request, reply);
	});
}
