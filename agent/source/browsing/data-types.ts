import { AttributeIds, type NodeId } from "node-opcua";
import type { TagDatatypeName } from "../../../common/contract/datatype.ts";
import type { Found, SpaceReader } from "./space-reader.ts";

/** Built-in types by number, Part 6 §5.1.2, and what a tag of such a type is. */
const builtIn: readonly (readonly [name: string, type: TagDatatypeName | undefined])[] = [
	["BaseDataType", undefined],
	["Boolean", "Boolean"],
	["SByte", "Int8"],
	["Byte", "UInt8"],
	["Int16", "Int16"],
	["UInt16", "UInt16"],
	["Int32", "Int32"],
	["UInt32", "UInt32"],
	["Int64", "Int64"],
	["UInt64", "UInt64"],
	["Float", "Float"],
	["Double", "Double"],
	["String", "String"],
	["DateTime", "DateTime"],
	["Guid", "String"],
	["ByteString", "Bytes"],
	["XmlElement", "String"],
	["NodeId", undefined],
	["ExpandedNodeId", undefined],
	["StatusCode", undefined],
	["QualifiedName", undefined],
	["LocalizedText", "String"],
	["Structure", undefined],
	["DataValue", undefined],
	["BaseDataType", undefined],
	["DiagnosticInfo", undefined],
];
const int32 = 6;
const variant = 24;
/** Number, Integer and UInteger are abstract: a value has one of the types below them. */
const abstractNumbers: ReadonlySet<number> = new Set([26, 27, 28]);
const enumeration = 29;

const hasSubtype = "i=45";
const dataTypeClass = 64;
const levelsMax = 32;

/** What a Variable's DataType attribute comes to. */
export interface KnownType {
	/** The name of the data type in the server, for instance `Duration`. */
	readonly name: string;
	/** Number of the built-in type; 24 when the values alone can tell. */
	readonly builtIn: number;
}

/** The type of a tag for a built-in type, or undefined where a tag can have no such value. */
export function tagTypeOf(builtInType: number): TagDatatypeName | undefined {
	return builtIn[builtInType]?.[1];
}

export function builtInName(builtInType: number): string {
	return builtIn[builtInType]?.[0] ?? `type ${builtInType}`;
}

/** Leads data types back to built-in ones along inverse HasSubtype references, Part 3 §5.8.3; each is asked about once. */
export class DataTypes {
	readonly #known = new Map<string, KnownType | undefined>();

	/** Finds out about all of them; afterwards `get` knows. */
	async learn(space: SpaceReader, nodeIds: readonly NodeId[]): Promise<void> {
		const wanted = new Map<string, NodeId>();
		for (const nodeId of nodeIds) {
			const key = nodeId.toString();
			if (!this.#known.has(key)) wanted.set(key, nodeId);
		}
		if (wanted.size === 0) return;
		const types = [...wanted.values()];
		const names = await space.read(types.map((nodeId) => ({ nodeId, attributeId: AttributeIds.BrowseName })));
		const numbers = await builtInOf(space, types);
		for (const [index, key] of [...wanted.keys()].entries()) {
			const number = numbers[index];
			const name: unknown = (names[index]?.value?.value as { name?: unknown } | null | undefined)?.name;
			this.#known.set(
				key,
				number === undefined
					? undefined
					: { name: typeof name === "string" ? name : builtInName(number), builtIn: number },
			);
		}
	}

	/** Undefined for a type that leads to no built-in one. */
	get(nodeId: NodeId): KnownType | undefined {
		return this.#known.get(nodeId.toString());
	}
}

async function builtInOf(space: SpaceReader, types: readonly NodeId[]): Promise<(number | undefined)[]> {
	const at: (NodeId | undefined)[] = [...types];
	const numbers: (number | undefined)[] = types.map(() => undefined);
	for (let level = 0; level < levelsMax; level++) {
		const open: number[] = [];
		for (const [index, nodeId] of at.entries()) {
			if (nodeId === undefined) continue;
			numbers[index] = ownNumber(nodeId);
			if (numbers[index] === undefined) open.push(index);
			else at[index] = undefined;
		}
		if (open.length === 0) break;
		const found = await space.browse(
			open.map((index) => at[index] as NodeId),
			{ referenceTypeId: hasSubtype, direction: "inverse", nodeClassMask: dataTypeClass },
		);
		for (const [place, index] of open.entries())
			at[index] = (found[place] as Found).references[0]?.nodeId ?? undefined;
	}
	return numbers;
}

function ownNumber({ namespace, value }: NodeId): number | undefined {
	if (namespace !== 0 || typeof value !== "number") return undefined;
	if (value === enumeration) return int32;
	if (abstractNumbers.has(value)) return variant;
	return value > 0 && value < builtIn.length ? value : undefined;
}

export const isAnyType = (builtInType: number): boolean => builtInType === variant;
