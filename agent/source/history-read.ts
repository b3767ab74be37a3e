import {
	type ClientSession,
	type DataValue,
	HistoryReadRequest,
	type HistoryReadResponse,
	ReadRawModifiedDetails,
	TimestampsToReturn,
} from "node-opcua";
import type { Datatype } from "../../common/contract/datatype.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import { DataChangeReader } from "./data-change-reader.ts";
import { notificationBody } from "./present-values.ts";
import { ask, statusOf } from "./service.ts";

/** Values asked for in one request; a server may give fewer and a continuation point. */
const valuesAtOnce = 1_000;
/** A continuation that never ends is a server's fault, not a history. */
const requestsMax = 10_000;

/** One tag's own history between two times. */
export interface HistoryQuestion {
	readonly nodeId: string;
	readonly tagId: number;
	readonly datatype: Datatype;
	readonly fromMs: number;
	readonly toMs: number;
}

/** What a server says as a whole that reads no histories. */
const notByServer: ReadonlySet<string> = new Set([
	...["BadServiceUnsupported", "BadNotImplemented", "BadNotSupported", "BadHistoryOperationUnsupported"],
]);

/**
 * Reads the raw history of one node, oldest first, and hands it on in parts as samples of the tag; OPC UA Part 11 §6.5.3,
 * Part 4 §5.10.3. Values are read by the same rules as those of a subscription. Both ends of the time are those of values
 * that the server has sent, so an answer without any value is no history. Returns false when the server has none of
 * this node.
 * @throws Error when the service fails or the connection breaks
 */
export async function readHistory(
	session: ClientSession,
	question: HistoryQuestion,
	receivedMs: number,
	take: (samples: SampleColumns) => void,
): Promise<boolean> {
	const { nodeId, tagId, datatype, fromMs, toMs } = question;
	const reader = new DataChangeReader();
	let startMs = fromMs;
	let continuationPoint: Buffer | undefined;
	let values = 0;
	for (let requests = 0; requests < requestsMax; requests++) {
		const result = await readPart(session, nodeId, startMs, toMs, continuationPoint);
		if (result === undefined || result.statusCode.isBad()) return false;
		const part = (result.historyData as { dataValues?: DataValue[] | null } | null)?.dataValues ?? [];
		const samples = new SampleColumns(part.length);
		const target = { samples, tagId, datatype };
		reader.read(notificationBody(part), [undefined, ...part.map(() => target)], receivedMs);
		if (samples.count > 0) take(samples);
		values += samples.count;
		const more = result.continuationPoint as Buffer | null | undefined;
		continuationPoint = more === null || more === undefined || more.length === 0 ? undefined : more;
		if (continuationPoint !== undefined) continue;
		// Some servers cut their answers and do not say so. What comes twice is left out by whoever takes it.
		const lastMs = samples.count === 0 ? startMs : (samples.sourceMs[samples.count - 1] as number);
		if (lastMs > startMs && lastMs < toMs) startMs = lastMs;
		else if (samples.count < valuesAtOnce) return values > 0;
		else if (lastMs >= toMs) return true;
		else
			throw new Error(`expected a continuation point after ${samples.count} values at ${lastMs}, found none`);
	}
	throw new Error(`a history of ${nodeId} with more than ${requestsMax * valuesAtOnce} values`);
}

/** One request and its result; undefined when the server does not read histories. */
async function readPart(
	session: ClientSession,
	nodeId: string,
	fromMs: number,
	toMs: number,
	continuationPoint: Buffer | undefined,
): Promise<NonNullable<HistoryReadResponse["results"]>[number] | undefined> {
	const request = new HistoryReadRequest({
		historyReadDetails: new ReadRawModifiedDetails({
			...{ isReadModified: false, returnBounds: false, numValuesPerNode: valuesAtOnce },
			...{ startTime: new Date(fromMs), endTime: new Date(toMs + 1) },
		}),
		timestampsToReturn: TimestampsToReturn.Both,
		releaseContinuationPoints: false,
		nodesToRead: [{ nodeId, ...(continuationPoint === undefined ? {} : { continuationPoint }) }],
	});
	const response = await ask<HistoryReadResponse>(session, request).catch((error: unknown) => {
		if (notByServer.has(statusOf(error) ?? "")) return undefined;
		throw error;
	});
	if (response === undefined) return undefined;
	const [result] = response.results ?? [];
	if (result === undefined) throw new Error("asked for one history, answered with none");
	return result;
}
