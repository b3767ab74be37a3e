// Requests to a plant server by the agent's own hand: node-opcua encodes, decodes and secures them, and nothing else. Its
// client would repair a session by making another one; here only plant-session.ts makes sessions, so that a server
// never sees more of them than it should.

import { type ClientSession, ReadRequest, type ReadResponse, TimestampsToReturn } from "node-opcua";
import { errorText } from "../../common/runtime/coded-error.ts";

type Answer = (error: Error | null, response?: unknown) => void;
interface RawSession {
	/** The one way without the library's own repair of sessions; its public wrapper makes a session on BadSessionIdInvalid. */
	_performMessageTransaction(request: object, answer: Answer): void;
}

/**
 * One request and its response.
 * @throws Error with the status's name in it when the service fails, the channel breaks or the answer takes too long
 */
export function ask<Response>(session: ClientSession, request: object): Promise<Response> {
	return new Promise((resolve, reject) => {
		(session as unknown as RawSession)._performMessageTransaction(request, (error, response) => {
			if (error === null || error === undefined) resolve(response as Response);
			else reject(error);
		});
	});
}

/** The name of the OPC UA status in an error, such as BadTooManyOperations; undefined when there is none. */
export function statusOf(error: unknown): string | undefined {
	return /\bBad[A-Za-z]+/.exec(errorText(error))?.[0];
}

/**
 * Values of one attribute, node by node, with both times; OPC UA Part 4 §5.10.2.
 * @throws Error when the service fails
 */
export async function readAttributes(
	session: ClientSession,
	nodeIds: readonly string[],
	attributeId: number,
): Promise<NonNullable<ReadResponse["results"]>> {
	const request = new ReadRequest({
		maxAge: 0,
		timestampsToReturn: TimestampsToReturn.Both,
		nodesToRead: nodeIds.map((nodeId) => ({ nodeId, attributeId })),
	});
	const { results } = await ask<ReadResponse>(session, request);
	if (results?.length !== nodeIds.length)
		throw new Error(`asked for ${nodeIds.length} values, answered with ${results?.length ?? 0}`);
	return results;
}
