import {
	AttributeIds,
	BinaryStream,
	type ClientSession,
	type DataValue,
	ReadRequest,
	type ReadResponse,
	TimestampsToReturn,
} from "node-opcua";
import { SampleColumns } from "../../common/contract/samples.ts";
import type { Tag } from "../tag-book.ts";
import { DataChangeReader, type SampleTarget } from "./data-change-reader.ts";
import type { OperationLimits } from "./operation-limits.ts";
import { ask } from "./service.ts";

/** A node, and where its value goes. */
export interface AskedValue {
	readonly nodeId: string;
	readonly target: SampleTarget;
}

/** Reads present values as samples, by the rules of a subscription's values, and as many at once as the server takes. */
export class PresentValues {
	readonly #limits: OperationLimits;
	readonly #reader = new DataChangeReader();

	constructor(limits: OperationLimits) {
		this.#limits = limits;
	}

	/**
	 * One request after the other; `received` is called after each with the server's time of the answer, where it has one.
	 * @throws Error when the service fails
	 */
	async read(
		session: ClientSession,
		asked: readonly AskedValue[],
		receivedMs: () => number,
		received: (serverMs: number | undefined) => void = () => undefined,
	): Promise<void> {
		for (let from = 0; from < asked.length; ) {
			const chunk = asked.slice(from, from + this.#limits.of("read"));
			const request = new ReadRequest({
				maxAge: 0,
				timestampsToReturn: TimestampsToReturn.Both,
				nodesToRead: chunk.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.Value })),
			});
			let response: ReadResponse;
			try {
				response = await ask<ReadResponse>(session, request);
			} catch (error) {
				if (this.#limits.lower("read", chunk.length, error)) continue;
				throw error;
			}
			const { results, responseHeader } = response;
			if (results?.length !== chunk.length)
				throw new Error(`asked for ${chunk.length} values, answered with ${results?.length ?? 0}`);
			const targets = chunk.map(({ target }) => target);
			this.#reader.read(notificationBody(results), [undefined, ...targets], receivedMs());
			received(responseHeader.timestamp?.getTime());
			from += chunk.length;
		}
	}

	/** Of each tag one sample, in the same order. @throws Error as `read` */
	async ofTags(
		session: ClientSession,
		tags: readonly { readonly tag: Tag; readonly nodeId: string }[],
		receivedMs: () => number,
	): Promise<SampleColumns> {
		const samples = new SampleColumns(tags.length);
		await this.read(
			session,
			tags.map(({ tag: { id, datatype }, nodeId }) => ({ nodeId, target: { samples, tagId: id, datatype } })),
			receivedMs,
		);
		return samples;
	}
}

/**
 * Values as the body of a notification, which is what the one reader of values reads (Part 4 §7.25.2); their client handles
 * are their places, counted from 1.
 */
export function notificationBody(values: readonly DataValue[]): Buffer {
	const size = values.reduce((bytes, value) => bytes + 4 + value.binaryStoreSize(), 4);
	const stream = new BinaryStream(size);
	stream.writeUInt32(values.length);
	for (const [index, value] of values.entries()) {
		stream.writeUInt32(index + 1);
		value.encode(stream);
	}
	return stream.buffer.subarray(0, stream.length);
}
