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
import { ask } from "./service.ts";

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

/**
 * Reads the raw history of one node, oldest first, and hands it on in parts as samples of the tag; OPC UA Part 11 §6.5.3,
 * Part 4 §5.10.3. Values are read by the same rules as those of a subscription. Returns false when the server has none of
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
	const historyReadDetails = new ReadRawModifiedDetails({
		...{ isReadModified: false, returnBounds: false, numValuesPerNode: valuesAtOnce },
		...{ startTime: new Date(fromMs), endTime: new Date(toMs + 1) },
	});
	const reader = new DataChangeReader();
	let continuationPoint: Buffer | undefined;
	for (let requests = 0; requests < requestsMax; requests++) {
		const request = new HistoryReadRequest({
			historyReadDetails,
			timestampsToReturn: TimestampsToReturn.Both,
			releaseContinuationPoints: false,
			nodesToRead: [{ nodeId, ...(continuationPoint === undefined ? {} : { continuationPoint }) }],
		});
		const { results } = await ask<HistoryReadResponse>(session, request);
		const result = results?.[0];
		if (result === undefined) throw new Error("asked for one history, answered with none");
		if (result.statusCode.isBad()) return result.statusCode.name === "BadNoData";
		const values =
			(result.historyData as unknown as { dataValues?: DataValue[] | null } | null)?.dataValues ?? [];
		const samples = new SampleColumns(values.length);
		const target = { samples, tagId, datatype };
		reader.read(notificationBody(values), [undefined, ...values.map(() => target)], receivedMs);
		if (samples.count > 0) take(samples);
		const more = result.continuationPoint as Buffer | null | undefined;
		if (more === null || more === undefined || more.length === 0) return true;
		continuationPoint = more;
	}
	throw new Error(`a history of ${nodeId} with more than ${requestsMax * valuesAtOnce} values`);
}
