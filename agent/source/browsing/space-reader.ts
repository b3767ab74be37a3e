import {
	AttributeIds,
	BrowseDirection,
	BrowseNextRequest,
	type BrowseNextResponse,
	BrowsePath,
	BrowseRequest,
	type BrowseResponse,
	BrowseResult,
	type ClientSession,
	type DataValue,
	type NodeId,
	QualifiedName,
	ReadRequest,
	type ReadResponse,
	type ReferenceDescription,
	RelativePath,
	resolveNodeId,
	StatusCodes,
	TimestampsToReturn,
	TranslateBrowsePathsToNodeIdsRequest,
	type TranslateBrowsePathsToNodeIdsResponse,
} from "node-opcua";
import { errorText } from "../../../common/runtime/coded-error.ts";
import { ask, readAttributes } from "../service.ts";

/** What a server takes in one request when it names no limit, and at most. */
const nodesPerBrowseMax = 250;
const nodesPerReadMax = 1_000;
const nodesPerTranslateMax = 250;
/** References of one node in one answer; a continuation point has the rest. */
const referencesPerNode = 1_000;
/** Rounds of asking again for nodes that found no free continuation point. */
const roundsMax = 10_000;

/** OperationLimits, Part 5 §6.3.11: MaxNodesPerRead, MaxNodesPerBrowse, MaxNodesPerTranslateBrowsePathsToNodeIds. */
const limitNodes = { read: "i=11705", browse: "i=11710", translate: "i=11712" } as const;

const namespaceArrayNode = "i=2255";

/** HierarchicalReferences, Part 5 §11.2. */
export const hierarchicalReferences = "i=33";

/** A browse name with its namespace's index. */
export interface Step {
	readonly namespaceIndex: number;
	readonly name: string;
}

/** What is asked of each node. */
export interface Follow {
	readonly referenceTypeId: string;
	readonly direction: "forward" | "inverse";
	readonly nodeClassMask: number;
}

export interface NodeAttribute {
	readonly nodeId: NodeId;
	readonly attributeId: AttributeIds;
}

/** References of one node, or why there are none. */
export interface Found {
	readonly references: readonly ReferenceDescription[];
	readonly error: string | undefined;
}

/**
 * Asks one server about its nodes: one request after the other, each within the limits that the server names, and a
 * request that it finds too large again as two halves.
 */
export class SpaceReader {
	readonly #session: ClientSession;
	readonly #signal: AbortSignal;
	readonly #perBrowse: number;
	readonly #perRead: number;
	readonly #perTranslate: number;
	/** Requests sent so far. */
	requests = 0;

	private constructor(
		session: ClientSession,
		signal: AbortSignal,
		limits: { browse: number; read: number; translate: number },
	) {
		this.#session = session;
		this.#signal = signal;
		this.#perBrowse = limits.browse;
		this.#perRead = limits.read;
		this.#perTranslate = limits.translate;
	}

	/** Reads the server's limits first, one by one: it may allow no more. */
	static async open(session: ClientSession, signal: AbortSignal): Promise<SpaceReader> {
		const limit = async (nodeId: string, most: number): Promise<number> => {
			const [limit] = await readAttributes(session, [nodeId], AttributeIds.Value);
			const found: unknown = limit?.value?.value;
			return typeof found === "number" && found > 0 ? Math.min(found, most) : most;
		};
		return new SpaceReader(session, signal, {
			read: await limit(limitNodes.read, nodesPerReadMax),
			browse: await limit(limitNodes.browse, nodesPerBrowseMax),
			translate: await limit(limitNodes.translate, nodesPerTranslateMax),
		});
	}

	/** The server's NamespaceArray, Part 5 §6.3.13. */
	async namespaces(): Promise<readonly string[]> {
		this.requests++;
		const [namespaces] = await readAttributes(this.#session, [namespaceArrayNode], AttributeIds.Value);
		const found: unknown = namespaces?.value?.value;
		if (!Array.isArray(found)) throw new Error(`expected namespaces, found ${namespaces?.statusCode.name}`);
		return found;
	}

	/**
	 * The references of every node, in the same order, with what continuation points hold, Part 4 §5.9.2 and §5.9.3. A
	 * server that has no continuation point left for a node is asked about it again once the others are used up.
	 */
	async browse(nodeIds: readonly NodeId[], follow: Follow): Promise<Found[]> {
		const found: Found[] = [];
		let waiting = nodeIds.map((nodeId, place) => ({ nodeId, place }));
		for (let round = 0; waiting.length > 0; round++) {
			const again: typeof waiting = [];
			await this.#chunks(
				waiting,
				round === 0 ? this.#perBrowse : 1,
				async (chunk) => {
					const request = new BrowseRequest({
						requestedMaxReferencesPerNode: referencesPerNode,
						nodesToBrowse: chunk.map(({ nodeId }) => ({
							nodeId,
							referenceTypeId: resolveNodeId(follow.referenceTypeId),
							includeSubtypes: true,
							browseDirection:
								follow.direction === "forward" ? BrowseDirection.Forward : BrowseDirection.Inverse,
							nodeClassMask: follow.nodeClassMask,
							resultMask: 0x3f,
						})),
					});
					const { results } = await ask<BrowseResponse>(this.#session, request);
					const whole = await this.#continued(results ?? []);
					for (const [index, node] of chunk.entries()) {
						const result = whole[index];
						const status = result?.statusCode ?? StatusCodes.BadUnexpectedError;
						if (status.equals(StatusCodes.BadNoContinuationPoints) && round < roundsMax) again.push(node);
						else if (status.isGood())
							found[node.place] = { references: result?.references ?? [], error: undefined };
						else found[node.place] = { references: [], error: status.name };
					}
				},
				(node, error) => {
					found[node.place] = { references: [], error };
				},
			);
			if (again.length === waiting.length && round > 0) {
				for (const { place } of again) found[place] = { references: [], error: "BadNoContinuationPoints" };
				break;
			}
			waiting = again;
		}
		return found;
	}

	async #continued(results: readonly BrowseResult[]): Promise<BrowseResult[]> {
		const whole = results.map(
			({ statusCode, references, continuationPoint }) =>
				new BrowseResult({ statusCode, references: [...(references ?? [])], continuationPoint }),
		);
		let open = whole.filter((result) => hasMore(result));
		while (open.length > 0) {
			this.#signal.throwIfAborted();
			this.requests++;
			const chunk = open.slice(0, this.#perBrowse);
			const request = new BrowseNextRequest({
				continuationPoints: chunk.map(({ continuationPoint }) => continuationPoint as Buffer),
				releaseContinuationPoints: false,
			});
			const { results: next } = await ask<BrowseNextResponse>(this.#session, request);
			for (const [index, result] of chunk.entries()) {
				const more = next?.[index];
				if (more === undefined || more.statusCode.isNotGood()) {
					result.statusCode = more?.statusCode ?? StatusCodes.BadUnexpectedError;
					result.continuationPoint = Buffer.alloc(0);
					continue;
				}
				for (const reference of more.references ?? []) result.references?.push(reference);
				result.continuationPoint = more.continuationPoint;
			}
			open = whole.filter((result) => hasMore(result));
		}
		return whole;
	}

	/** The attributes' values, in the same order; a status that is not Good stands in its DataValue. */
	async read(attributes: readonly NodeAttribute[]): Promise<(DataValue | undefined)[]> {
		const values: (DataValue | undefined)[] = [];
		const places = attributes.map((attribute, place) => ({ attribute, place }));
		await this.#chunks(
			places,
			this.#perRead,
			async (chunk) => {
				const request = new ReadRequest({
					maxAge: 0,
					timestampsToReturn: TimestampsToReturn.Both,
					nodesToRead: chunk.map(({ attribute }) => attribute),
				});
				const { results } = await ask<ReadResponse>(this.#session, request);
				for (const [index, { place }] of chunk.entries()) values[place] = results?.[index];
			},
			({ place }) => {
				values[place] = undefined;
			},
		);
		return values;
	}

	/** The node at the end of each path below `start`, Part 4 §5.9.4, or why there is none. */
	async translate(
		start: string,
		paths: readonly (readonly Step[])[],
	): Promise<({ nodeId: NodeId } | { error: string })[]> {
		const found: ({ nodeId: NodeId } | { error: string })[] = [];
		const places = paths.map((path, place) => ({ path, place }));
		await this.#chunks(
			places,
			this.#perTranslate,
			async (chunk) => {
				const request = new TranslateBrowsePathsToNodeIdsRequest({
					browsePaths: chunk.map(({ path }) => browsePath(start, path)),
				});
				const { results } = await ask<TranslateBrowsePathsToNodeIdsResponse>(this.#session, request);
				for (const [index, { place }] of chunk.entries()) {
					const { statusCode, targets } = results?.[index] ?? { statusCode: StatusCodes.BadUnexpectedError };
					const target = targets?.find(({ remainingPathIndex }) => remainingPathIndex === 0xffff_ffff);
					found[place] =
						statusCode.isGood() && target !== undefined
							? { nodeId: target.targetId }
							: { error: statusCode.isGood() ? "BadNoMatch" : statusCode.name };
				}
			},
			({ place }, error) => {
				found[place] = { error };
			},
		);
		return found;
	}

	/** Runs `work` over pieces of at most `most`, and over halves of a piece that fails as a whole. */
	async #chunks<T>(
		all: readonly T[],
		most: number,
		work: (chunk: readonly T[]) => Promise<void>,
		failed: (one: T, error: string) => void,
	): Promise<void> {
		const pieces: (readonly T[])[] = [];
		for (let from = 0; from < all.length; from += most) pieces.push(all.slice(from, from + most));
		for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
			this.#signal.throwIfAborted();
			this.requests++;
			try {
				await work(piece);
			} catch (error) {
				const text = errorText(error);
				if (!isTooLarge(text)) throw error;
				if (piece.length === 1) {
					failed(piece[0] as T, text);
					continue;
				}
				const middle = piece.length >> 1;
				pieces.unshift(piece.slice(0, middle), piece.slice(middle));
			}
		}
	}
}

function browsePath(start: string, steps: readonly Step[]): BrowsePath {
	const elements = steps.map(({ namespaceIndex, name }) => ({
		referenceTypeId: resolveNodeId(hierarchicalReferences),
		isInverse: false,
		includeSubtypes: true,
		targetName: new QualifiedName({ namespaceIndex, name }),
	}));
	return new BrowsePath({
		startingNode: resolveNodeId(start),
		relativePath: new RelativePath({ elements }),
	});
}

function hasMore({ continuationPoint }: BrowseResult): boolean {
	return continuationPoint !== null && continuationPoint !== undefined && continuationPoint.length > 0;
}

/** Answers that a smaller request may not get, Part 4 §7.39.2. */
function isTooLarge(text: string): boolean {
	return /BadTooManyOperations|BadResponseTooLarge|BadRequestTooLarge|BadEncodingLimitsExceeded|BadTcpMessageTooLarge/.test(
		text,
	);
}
