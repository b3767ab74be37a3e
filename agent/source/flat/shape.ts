import type { TagDatatypeName } from "../../../common/contract/datatype.ts";

/**
 * How a value that is more than one tag is made up, and how many elements of each list are tags. It is JSON, because it
 * is kept on disk with what else a server says of its tags.
 */
export type Shape =
	| {
			readonly kind: "value";
			/** Built-in type, Part 6 §5.1.2. */
			readonly builtIn: number;
			/** Undefined for a value that no tag can have; it is passed over. */
			readonly type?: TagDatatypeName | undefined;
	  }
	| { readonly kind: "list"; readonly of: Shape; readonly elements: number }
	/** More than one dimension: passed over. */
	| { readonly kind: "matrix"; readonly of: Shape }
	| {
			readonly kind: "structure";
			/** Identifier of the binary encoding, `i=…`; empty when the server does not tell. */
			readonly encoding: string;
			readonly form: StructureForm;
			readonly fields: readonly Field[];
	  };

/** Part 3 §8.49: all fields; a mask of the optional ones; one of the fields. */
export type StructureForm = "plain" | "optional" | "union";

export interface Field {
	readonly name: string;
	readonly shape: Shape;
	readonly isOptional: boolean;
}

/** A value inside of a value that is a tag. */
export interface Leaf {
	/** Behind the variable's name: `[3]`, `.Field`, `.Field[3].X`. */
	readonly suffix: string;
	readonly type: TagDatatypeName;
}

/** Everything in a value that is a tag, in the order in which values are encoded. */
export function leavesOf(shape: Shape): Leaf[] {
	switch (shape.kind) {
		case "value":
			return shape.type === undefined ? [] : [{ suffix: "", type: shape.type }];
		case "matrix":
			return [];
		case "list": {
			const each = leavesOf(shape.of);
			return Array.from({ length: shape.elements }, (_, index) =>
				each.map(({ suffix, type }) => ({ suffix: `[${index}]${suffix}`, type })),
			).flat();
		}
		case "structure":
			return shape.fields.flatMap(({ name, shape: field }) =>
				leavesOf(field).map(({ suffix, type }) => ({ suffix: `.${name}${suffix}`, type })),
			);
	}
}

/** How many leaves a shape has, without listing them. */
export function leafCount(shape: Shape): number {
	switch (shape.kind) {
		case "value":
			return shape.type === undefined ? 0 : 1;
		case "matrix":
			return 0;
		case "list":
			return shape.elements * leafCount(shape.of);
		case "structure":
			return shape.fields.reduce((sum, field) => sum + leafCount(field.shape), 0);
	}
}

/**
 * A shape whose lists are as long as here or as they were before or as they have to be, whatever is longest, and at most so
 * long. A list never gets fewer tags while it is the same list: elements that are missing are said to be.
 */
export function grown(shape: Shape, before: Shape | undefined, elementsMax: number, elementsMin = 0): Shape {
	switch (shape.kind) {
		case "list": {
			const was = before?.kind === "list" ? before : undefined;
			const elements = Math.min(elementsMax, Math.max(shape.elements, was?.elements ?? 0, elementsMin));
			return { ...shape, of: grown(shape.of, was?.of, elementsMax, elementsMin), elements };
		}
		case "structure": {
			const was = before?.kind === "structure" ? before.fields : [];
			const fields = shape.fields.map((field, index) => {
				const same = was[index]?.name === field.name ? was[index].shape : undefined;
				return { ...field, shape: grown(field.shape, same, elementsMax, elementsMin) };
			});
			return { ...shape, fields };
		}
		default:
			return shape;
	}
}
