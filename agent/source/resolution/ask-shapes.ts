import { AttributeIds, BinaryStream, type DataValue, type NodeId, type Variant } from "node-opcua";
import { builtInName, DataTypes, tagTypeOf } from "../browsing/data-types.ts";
import type { SpaceReader } from "../browsing/space-reader.ts";
import type { VariableFacts } from "../browsing/variable-facts.ts";
import { canReadBuiltIn } from "../flat/binary-cursor.ts";
import { FlatReader } from "../flat/flat-reader.ts";
import type { Field, Shape, StructureForm } from "../flat/shape.ts";

const structureType = 22;
const depthMax = 8;
const scalarRank = -1;
/** A value from which lengths of lists are read, encoded; a longer one says nothing. */
const valueBytesMax = 4 * 1024 * 1024;

/** StructureType of Part 3 §8.49; those with subtyped values (3 and 4) are not supported. */
const forms: readonly (StructureForm | undefined)[] = ["plain", "optional", "union"];

interface StructureDefinition {
	readonly defaultEncodingId?: NodeId | null;
	readonly structureType?: number;
	readonly fields?: readonly {
		readonly name?: string | null;
		readonly dataType: NodeId;
		readonly valueRank: number;
		readonly isOptional?: boolean;
	}[];
}

type ShapeOrProblem = Shape | { readonly problem: string };

/** Finds out how values of lists and structures are made up, from DataTypeDefinition attributes, Part 3 §5.8.3. */
export class AskedShapes {
	readonly #space: SpaceReader;
	readonly #types = new DataTypes();
	/** By data type. */
	readonly #structures = new Map<string, ShapeOrProblem>();

	constructor(space: SpaceReader) {
		this.#space = space;
	}

	/** The shape of a variable's values with the lengths that the present value has, or why there is none. */
	async of({ builtIn, dataType, valueRank, typeName, value }: VariableFacts): Promise<ShapeOrProblem> {
		if (valueRank > 1) return { problem: `a list of ${valueRank} dimensions is not supported` };
		const one = builtIn === structureType ? await this.#structure(dataType, 0) : leaf(builtIn, typeName);
		if ("problem" in one) return one;
		const shape: Shape = valueRank === scalarRank ? one : { kind: "list", of: one, elements: 0 };
		// Lists inside of a list's elements show once those elements have their places.
		const outer = withLengths(shape, lengthsIn(value, shape));
		return withLengths(outer, lengthsIn(value, outer));
	}

	async #structure(dataType: NodeId | undefined, depth: number): Promise<ShapeOrProblem> {
		const key = dataType?.toString() ?? "";
		const known = this.#structures.get(key);
		if (known !== undefined) return known;
		const found =
			dataType === undefined || depth >= depthMax
				? { problem: `a structure that is more than ${depthMax} deep` }
				: await this.#ask(dataType, depth);
		this.#structures.set(key, found);
		return found;
	}

	async #ask(dataType: NodeId, depth: number): Promise<ShapeOrProblem> {
		const [answer] = await this.#space.read([
			{ nodeId: dataType, attributeId: AttributeIds.DataTypeDefinition },
		]);
		const definition = answer?.value?.value as StructureDefinition | null | undefined;
		const declared = definition?.fields;
		if (definition == null || declared == null || definition.structureType === undefined)
			return { problem: `the server does not declare the fields of structure ${this.#nameOf(dataType)}` };
		const form = forms[definition.structureType];
		if (form === undefined)
			return {
				problem: `structure ${this.#nameOf(dataType)} holds values of subtypes, which is not supported`,
			};
		await this.#types.learn(
			this.#space,
			declared.map((field) => field.dataType),
		);
		const fields: Field[] = [];
		for (const { name, dataType: type, valueRank, isOptional } of declared) {
			const shape = await this.#field(type, valueRank, depth);
			if ("problem" in shape) return { problem: `field ${name ?? ""}: ${shape.problem}` };
			fields.push({ name: name ?? "", shape, isOptional: isOptional === true });
		}
		const encoding = definition.defaultEncodingId?.toString().replace(/^ns=\d+;/, "") ?? "";
		return { kind: "structure", encoding: encoding === "i=0" ? "" : encoding, form, fields };
	}

	async #field(dataType: NodeId, valueRank: number, depth: number): Promise<ShapeOrProblem> {
		const type = this.#types.get(dataType);
		const isAbstract = dataType.namespace === 0 && dataType.value === structureType;
		const one =
			type?.builtIn === structureType && !isAbstract
				? await this.#structure(dataType, depth + 1)
				: leaf(type?.builtIn, type?.name ?? "");
		if ("problem" in one || valueRank === scalarRank) return one;
		if (valueRank === 1) return { kind: "list", of: one, elements: 0 };
		return valueRank > 1
			? { kind: "matrix", of: one }
			: { problem: "one value or a list of them, as it comes, is not supported" };
	}

	#nameOf(dataType: NodeId): string {
		return this.#types.get(dataType)?.name ?? dataType.toString();
	}
}

function leaf(builtIn: number | undefined, typeName: string): ShapeOrProblem {
	if (builtIn === undefined) return { problem: "the server does not tell its data type" };
	if (!canReadBuiltIn(builtIn))
		return { problem: `data type ${typeName || builtInName(builtIn)} inside of a value is not supported` };
	return { kind: "value", builtIn, type: tagTypeOf(builtIn) };
}

/** The longest length of each list in a present value. */
function lengthsIn(value: DataValue | undefined, shape: Shape): ReadonlyMap<Shape, number> {
	const lengths = new Map<Shape, number>();
	const variant = value?.value;
	if (variant == null || variant.value == null) return lengths;
	try {
		new FlatReader().read(encoded(variant), 0, shape, lengths);
	} catch {
		// A value of another kind than declared tells no lengths.
	}
	return lengths;
}

function encoded(variant: Variant): Buffer {
	for (let bytes = 4 * 1024; ; bytes *= 8) {
		try {
			const stream = new BinaryStream(Math.min(bytes, valueBytesMax));
			variant.encode(stream);
			return stream.buffer.subarray(0, stream.length);
		} catch (error) {
			if (bytes >= valueBytesMax) throw error;
		}
	}
}

function withLengths(shape: Shape, lengths: ReadonlyMap<Shape, number>): Shape {
	switch (shape.kind) {
		case "list":
			return { ...shape, of: withLengths(shape.of, lengths), elements: lengths.get(shape) ?? 0 };
		case "structure":
			return {
				...shape,
				fields: shape.fields.map((field) => ({ ...field, shape: withLengths(field.shape, lengths) })),
			};
		default:
			return shape;
	}
}
