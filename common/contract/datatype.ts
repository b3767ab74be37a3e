/** Sparkplug data types by their code in the payload [tck-id-payloads-metric-datatype-value]. */
export const datatypes = {
	Int8: 1,
	Int16: 2,
	Int32: 3,
	Int64: 4,
	UInt8: 5,
	UInt16: 6,
	UInt32: 7,
	UInt64: 8,
	Float: 9,
	Double: 10,
	Boolean: 11,
	String: 12,
	DateTime: 13,
	Text: 14,
	UUID: 15,
	DataSet: 16,
	Bytes: 17,
	File: 18,
	Template: 19,
	Int8Array: 22,
	Int16Array: 23,
	Int32Array: 24,
	Int64Array: 25,
	UInt8Array: 26,
	UInt16Array: 27,
	UInt32Array: 28,
	UInt64Array: 29,
	FloatArray: 30,
	DoubleArray: 31,
	BooleanArray: 32,
	StringArray: 33,
	DateTimeArray: 34,
} as const;

export type DatatypeName = keyof typeof datatypes;
export type Datatype = (typeof datatypes)[DatatypeName];

/** Data types a tag may have. The others are decoded by name only, counted and skipped. */
export const tagDatatypes = [
	"Int8",
	"Int16",
	"Int32",
	"Int64",
	"UInt8",
	"UInt16",
	"UInt32",
	"UInt64",
	"Float",
	"Double",
	"Boolean",
	"String",
	"DateTime",
	"Bytes",
] as const satisfies readonly DatatypeName[];

export type TagDatatypeName = (typeof tagDatatypes)[number];

const names = new Map<number, DatatypeName>(
	Object.entries(datatypes).map(([name, code]) => [code, name as DatatypeName]),
);

/** The name of a code, or undefined for one this product does not know. */
export function datatypeName(code: number): DatatypeName | undefined {
	return names.get(code);
}

/** Whether every value of the type is exact in a double and therefore travels in a number column. */
export function isNumeric(datatype: Datatype): boolean {
	return (
		(datatype >= datatypes.Int8 && datatype <= datatypes.Int32) ||
		(datatype >= datatypes.UInt8 && datatype <= datatypes.UInt32) ||
		datatype === datatypes.Float ||
		datatype === datatypes.Double ||
		datatype === datatypes.Boolean ||
		datatype === datatypes.DateTime
	);
}

/** Whether the type is an array, whose values travel and are stored packed; see arrays.ts. */
export function isArray(datatype: Datatype): boolean {
	return datatype >= datatypes.Int8Array && datatype <= datatypes.DateTimeArray;
}

export function isInteger64(datatype: Datatype): boolean {
	return datatype === datatypes.Int64 || datatype === datatypes.UInt64;
}
