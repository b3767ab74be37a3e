import { AttributeIds, type ClientSession } from "node-opcua";
import { readAttributes, statusOf } from "./service.ts";
import { type VendorLimits, vendorLimitsOf } from "./vendor-limits.ts";

/** What a server takes in one request; of items, tags to watch. */
export type LimitedRequest = "read" | "items" | "register";

/** OperationLimits, Part 5 §6.3.11: MaxNodesPerRead, MaxMonitoredItemsPerCall, MaxNodesPerRegisterNodes. */
const limitNodes = { read: "i=11705", items: "i=11714", register: "i=11711" } as const;
/** What a server may be asked for in one call when it names no limit itself, and at most. */
const most: Readonly<Record<LimitedRequest, number>> = { read: 1_000, items: 1_000, register: 1_000 };
/** BuildInfo of ServerStatus, Part 5 §12.4: ProductName, ProductUri, ManufacturerName. */
const buildInfoNodes = ["i=2261", "i=2262", "i=2263"];

/** Of a call as a whole: the server could do a part of it. */
const tooMuchAtOnce: ReadonlySet<string> = new Set([
	"BadTooManyOperations",
	"BadRequestTooLarge",
	"BadResponseTooLarge",
	"BadEncodingLimitsExceeded",
	"BadTcpMessageTooLarge",
]);

/**
 * How much one server may be asked for at once: what it says itself, where it says nothing what is known of its make, and
 * half of it each time that it proves to be wrong. Read anew for each session.
 */
export class OperationLimits {
	#limits: Record<LimitedRequest, number> = { ...most };
	#vendor: VendorLimits | undefined;

	/** What documentation says of a server of this make; undefined when nothing is known, or nothing was needed. */
	get vendor(): VendorLimits | undefined {
		return this.#vendor;
	}

	of(request: LimitedRequest): number {
		return this.#limits[request];
	}

	/** One by one, because a server may allow no more. @throws Error when the service fails */
	async read(session: ClientSession): Promise<void> {
		const named: Partial<Record<LimitedRequest, number>> = {};
		for (const request of Object.keys(limitNodes) as LimitedRequest[]) {
			const [limit] = await readAttributes(session, [limitNodes[request]], AttributeIds.Value);
			const value: unknown = limit?.value?.value;
			if (typeof value === "number" && value > 0) named[request] = value;
		}
		this.#vendor = named.items === undefined ? await askVendor(session) : undefined;
		for (const request of Object.keys(most) as LimitedRequest[]) {
			const known = named[request] ?? (request === "items" ? this.#vendor?.items : undefined);
			this.#limits[request] = Math.min(most[request], known ?? most[request]);
		}
	}

	/**
	 * A request for so many was refused: whether a smaller one may do. From now on half of it is the limit.
	 */
	lower(request: LimitedRequest, asked: number, error: unknown): boolean {
		if (asked <= 1 || !tooMuchAtOnce.has(statusOf(error) ?? "")) return false;
		this.#limits[request] = Math.ceil(asked / 2);
		return true;
	}
}

async function askVendor(session: ClientSession): Promise<VendorLimits | undefined> {
	const said: string[] = [];
	for (const node of buildInfoNodes) {
		const [answer] = await readAttributes(session, [node], AttributeIds.Value);
		if (typeof answer?.value?.value === "string") said.push(answer.value.value);
	}
	return vendorLimitsOf(said);
}
