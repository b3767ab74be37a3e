import { DataType, type DataValue, VariantArrayType } from "node-opcua";

const textMax = 40;
const elementsMax = 4;

/** A present value for people, cut to some forty characters; a status that is not Good stands before it. */
export function valueText(value: DataValue | undefined): string {
	if (value === undefined) return "";
	const status = value.statusCode.isGood() ? "" : value.statusCode.name;
	const variant = value.value;
	if (variant == null || variant.dataType === DataType.Null || variant.value == null) return status;
	const text =
		variant.arrayType === VariantArrayType.Scalar
			? scalarText(variant.value, variant.dataType)
			: listText(variant.value as ArrayLike<unknown>, variant.dataType);
	return cut(status === "" ? text : `${status} ${text}`);
}

function listText(values: ArrayLike<unknown>, dataType: DataType): string {
	const shown = Array.from({ length: Math.min(values.length, elementsMax) }, (_, index) =>
		scalarText(values[index], dataType),
	);
	return values.length > elementsMax
		? `[${shown.join(", ")}, … ${values.length} in all]`
		: `[${shown.join(", ")}]`;
}

function scalarText(value: unknown, dataType: DataType): string {
	if (value === null || value === undefined) return "";
	switch (dataType) {
		case DataType.Int64:
		case DataType.UInt64:
			return integer64Text(value, dataType);
		case DataType.ByteString: {
			const bytes = value as Buffer;
			return `0x${bytes.subarray(0, 8).toString("hex")}${bytes.length > 8 ? "…" : ""} (${bytes.length} bytes)`;
		}
		case DataType.LocalizedText:
			return (value as { text?: string | null }).text ?? "";
		case DataType.ExtensionObject:
			return `{${(value as object).constructor.name}}`;
		default:
			return value instanceof Date ? value.toISOString() : String(value);
	}
}

/** The library has 64-bit integers as two halves, the high one first. */
function integer64Text(value: unknown, dataType: DataType): string {
	if (!Array.isArray(value)) return String(value);
	const bits = (BigInt(value[0] as number) << 32n) | BigInt((value[1] as number) >>> 0);
	return String(dataType === DataType.Int64 ? BigInt.asIntN(64, bits) : BigInt.asUintN(64, bits));
}

function cut(text: string): string {
	const line = text.replace(/\p{Cc}/gu, "·");
	return line.length > textMax ? `${line.slice(0, textMax - 1)}…` : line;
}
