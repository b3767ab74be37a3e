import {
	CallMethodRequest,
	CallRequest,
	type CallResponse,
	type ClientSession,
	CreateMonitoredItemsRequest,
	type CreateMonitoredItemsResponse,
	DataType,
	DeleteMonitoredItemsRequest,
	ModifyMonitoredItemsRequest,
	type ModifyMonitoredItemsRequestOptions,
	type ModifyMonitoredItemsResponse,
	type MonitoredItemCreateRequestOptions,
	TimestampsToReturn,
	Variant,
} from "node-opcua";
import { isBroken } from "./left-session.ts";
import type { OperationLimits } from "./operation-limits.ts";
import { ask } from "./service.ts";

const serverNode = "i=2253";
const monitoredItemsNode = "i=11492";

type Created = NonNullable<CreateMonitoredItemsResponse["results"]>;
type Modified = NonNullable<ModifyMonitoredItemsResponse["results"]>;

/** Requests about the monitored items of one subscription, within a server's limits; OPC UA Part 4 §5.12. */
export class ItemRequests {
	readonly #limits: OperationLimits;

	constructor(limits: OperationLimits) {
		this.#limits = limits;
	}

	/** So many items may be in one request. */
	get most(): number {
		return this.#limits.of("items");
	}

	/**
	 * Undefined when the server found the request too large; the limit is a lower one then.
	 * @throws Error when the service fails otherwise
	 */
	create(
		session: ClientSession,
		subscriptionId: number,
		itemsToCreate: MonitoredItemCreateRequestOptions[],
	): Promise<Created | undefined> {
		const request = new CreateMonitoredItemsRequest({
			...{ subscriptionId, timestampsToReturn: TimestampsToReturn.Both, itemsToCreate },
		});
		return this.#answersFor(itemsToCreate.length, ask<CreateMonitoredItemsResponse>(session, request));
	}

	/** As `create`. */
	modify(
		session: ClientSession,
		subscriptionId: number,
		itemsToModify: NonNullable<ModifyMonitoredItemsRequestOptions["itemsToModify"]>,
	): Promise<Modified | undefined> {
		const request = new ModifyMonitoredItemsRequest({
			...{ subscriptionId, timestampsToReturn: TimestampsToReturn.Both, itemsToModify },
		});
		return this.#answersFor(itemsToModify.length, ask<ModifyMonitoredItemsResponse>(session, request));
	}

	async #answersFor<T>(
		items: number,
		answer: Promise<{ readonly results?: T[] | null }>,
	): Promise<T[] | undefined> {
		try {
			const { results } = await answer;
			if (results?.length === items) return results;
			throw new Error(`asked for ${items} items, answered for ${results?.length ?? 0}`);
		} catch (error) {
			if (!this.#limits.lower("items", items, error)) throw error;
			return undefined;
		}
	}

	/**
	 * What the server says to it does not matter: an item that it no longer knows is gone as well.
	 * @throws Error when the connection breaks
	 */
	async delete(session: ClientSession, subscriptionId: number, ids: readonly number[]): Promise<void> {
		const { most } = this;
		for (let from = 0; from < ids.length; from += most) {
			const monitoredItemIds = ids.slice(from, from + most);
			const request = new DeleteMonitoredItemsRequest({ subscriptionId, monitoredItemIds });
			await ask(session, request).catch((error: unknown) => {
				if (isBroken(error)) throw error;
			});
		}
	}

	/**
	 * The ids of the subscription's items with their client handles; GetMonitoredItems, Part 5 §9.2. None of a server that
	 * cannot tell them.
	 * @throws Error when the service fails
	 */
	async list(
		session: ClientSession,
		subscriptionId: number,
	): Promise<{ readonly id: number; readonly clientHandle: number }[]> {
		const inputArguments = [new Variant({ dataType: DataType.UInt32, value: subscriptionId })];
		const method = new CallMethodRequest({
			objectId: serverNode,
			methodId: monitoredItemsNode,
			inputArguments,
		});
		const request = new CallRequest({ methodsToCall: [method] });
		const { results } = await ask<CallResponse>(session, request);
		const [ids, handles] = (results?.[0]?.outputArguments ?? []).map(({ value }) => numbersOf(value));
		return (ids ?? []).map((id, index) => ({ id, clientHandle: handles?.[index] ?? 0 }));
	}
}

function numbersOf(value: unknown): number[] {
	return value instanceof Uint32Array || Array.isArray(value) ? Array.from(value as ArrayLike<number>) : [];
}
