import { AttributeIds, type DataValue, type NodeId, VariantArrayType } from "node-opcua";
import type { TagDatatypeName } from "../../../common/contract/datatype.ts";
import type { SpaceNode } from "./address-space.ts";
import { builtInName, DataTypes, isAnyType, tagTypeOf } from "./data-types.ts";
import type { NodeAttribute, SpaceReader } from "./space-reader.ts";

/** What the server says about a Variable. */
export interface VariableFacts {
	/** The data type's name in the server, for instance `Double` or `Duration`. */
	readonly typeName: string;
	/** Number of the built-in type, Part 6 §5.1.2; undefined when the server did not tell. */
	readonly builtIn: number | undefined;
	readonly dataType: NodeId | undefined;
	/** −1 for one value, 1 for a list, more for more dimensions, Part 3 §5.6.2. */
	readonly valueRank: number;
	/** What a tag of one such value is; undefined when a tag cannot be that. */
	readonly tagType: TagDatatypeName | undefined;
	/** Only the value that was there could tell the type. */
	readonly isTypeSeen: boolean;
	readonly unit: string | undefined;
	readonly low: number | undefined;
	readonly high: number | undefined;
	/** Read when it was asked for, or when only it can tell the type or a length. */
	readonly value: DataValue | undefined;
}

/** Nodes that are asked about together. */
const turnNodes = 1_000;
const scalarRank = -1;
const structureType = 22;
/** So far a tag's range may reach, as in the configuration. */
const rangeMax = 1e300;

/** Whether a variable's values are lists or structures. */
export function isFlattened({ builtIn, valueRank }: VariableFacts): boolean {
	return builtIn !== undefined && (valueRank > scalarRank || builtIn === structureType);
}

/** Reads data types, units, ranges and, with `values`, present values; one request after the other. */
export async function readFacts(
	space: SpaceReader,
	nodes: readonly SpaceNode[],
	options: { values: boolean },
	onProgress: (nodes: number) => void = () => undefined,
): Promise<Map<SpaceNode, VariableFacts>> {
	const types = new DataTypes();
	const facts = new Map<SpaceNode, VariableFacts>();
	for (let from = 0; from < nodes.length; from += turnNodes) {
		const turn = nodes.slice(from, from + turnNodes);
		const [dataTypes, ranks, units, ranges] = await readColumns(space, turn);
		await types.learn(
			space,
			dataTypes.flatMap((value) => nodeIdOf(value) ?? []),
		);
		const builtIns = dataTypes.map((value) => {
			const nodeId = nodeIdOf(value);
			return nodeId === undefined ? undefined : types.get(nodeId);
		});
		const wantsValue = turn.map((_, index) => {
			const type = builtIns[index];
			const rank = rankOf(ranks[index]);
			const isOne = rank === scalarRank && type?.builtIn !== structureType;
			return options.values || type === undefined || isAnyType(type.builtIn) || !isOne;
		});
		const values = await readSome(space, turn, wantsValue);
		for (const [index, node] of turn.entries()) {
			const known = builtIns[index];
			const value = values[index];
			const seen = value?.value;
			const isAny = known === undefined || isAnyType(known.builtIn);
			// Only a value can tell what a variable of any type holds.
			const builtIn =
				isAny && seen != null && seen.dataType !== 0 ? (seen.dataType as number) : known?.builtIn;
			const declared = rankOf(ranks[index]);
			const isOpenRank = declared < scalarRank || declared === 0;
			facts.set(node, {
				typeName:
					known !== undefined && !isAny ? known.name : builtIn === undefined ? "" : builtInName(builtIn),
				builtIn,
				dataType: nodeIdOf(dataTypes[index]),
				valueRank: isOpenRank ? seenRank(value) : declared,
				isTypeSeen: isAny,
				tagType: builtIn === undefined ? undefined : tagTypeOf(builtIn),
				unit: unitOf(units[index]),
				...rangeOf(ranges[index]),
				value,
			});
		}
		onProgress(facts.size);
	}
	return facts;
}

type Column = (DataValue | undefined)[];

async function readColumns(
	space: SpaceReader,
	nodes: readonly SpaceNode[],
): Promise<[dataTypes: Column, ranks: Column, units: Column, ranges: Column]> {
	const asked: NodeAttribute[] = [];
	const ask = (nodeId: NodeId | undefined, attributeId: AttributeIds) =>
		nodeId === undefined ? undefined : asked.push({ nodeId, attributeId }) - 1;
	const places = nodes.map(({ nodeId, unitNode, rangeNode }) => [
		ask(nodeId, AttributeIds.DataType),
		ask(nodeId, AttributeIds.ValueRank),
		ask(unitNode, AttributeIds.Value),
		ask(rangeNode, AttributeIds.Value),
	]);
	const answers = await space.read(asked);
	const column = (which: number): Column =>
		places.map((place) => {
			const at = place[which];
			return at === undefined ? undefined : answers[at];
		});
	return [column(0), column(1), column(2), column(3)];
}

async function readSome(
	space: SpaceReader,
	nodes: readonly SpaceNode[],
	isWanted: readonly boolean[],
): Promise<Column> {
	const wanted = nodes.flatMap(({ nodeId }, index) => (isWanted[index] ? [{ nodeId, index }] : []));
	const answers = await space.read(wanted.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.Value })));
	const values: Column = nodes.map(() => undefined);
	for (const [place, { index }] of wanted.entries()) values[index] = answers[place];
	return values;
}

function nodeIdOf(value: DataValue | undefined): NodeId | undefined {
	if (value === undefined || value.statusCode.isBad()) return undefined;
	return (value.value?.value as NodeId | null | undefined) ?? undefined;
}

function rankOf(value: DataValue | undefined): number {
	const rank: unknown = value?.value?.value;
	return typeof rank === "number" ? rank : scalarRank;
}

function seenRank(value: DataValue | undefined): number {
	const seen = value?.value;
	if (seen == null || seen.arrayType === VariantArrayType.Scalar) return scalarRank;
	return seen.arrayType === VariantArrayType.Matrix ? (seen.dimensions?.length ?? 2) : 1;
}

/** The display name of EUInformation, Part 8 §5.6.4.3. */
function unitOf(value: DataValue | undefined): string | undefined {
	const unit = value?.value?.value as { displayName?: { text?: unknown } } | null | undefined;
	const text = unit?.displayName?.text;
	return typeof text === "string" && text.trim() !== "" ? text.trim() : undefined;
}

/** Low and high of a Range, Part 8 §5.6.2, when they are in that order. */
function rangeOf(value: DataValue | undefined): { low: number | undefined; high: number | undefined } {
	const { low, high } = (value?.value?.value ?? {}) as { low?: unknown; high?: unknown };
	const isSound =
		typeof low === "number" &&
		typeof high === "number" &&
		low < high &&
		Math.abs(low) <= rangeMax &&
		Math.abs(high) <= rangeMax;
	return isSound ? { low, high } : { low: undefined, high: undefined };
}
