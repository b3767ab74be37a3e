import { BinaryCursor } from "./binary-cursor.ts";
import { leafCount, type Shape } from "./shape.ts";

/** What is at a leaf of a value: what was encoded there, or that the value has no such leaf. */
export const notThere = Symbol("not there");
/** The value is of another kind than its shape. */
export const otherKind = Symbol("another kind");

const arrayBit = 0x80;
const dimensionsBit = 0x40;
const typeBits = 0x3f;
const extensionObject = 22;
/** A list that claims more elements than a message can hold is not read. */
const elementsMax = 16 * 1024 * 1024;

export interface FlatValue {
	/** By leaf of the shape, in its order. */
	readonly leaves: readonly unknown[];
	/** Elements of lists for which the shape has no place. */
	readonly surplus: number;
	/** Where the Variant ends. */
	readonly end: number;
}

/**
 * Takes a Variant (Part 6 §5.2.2.16) apart by its shape. A list that is shorter than its shape, an optional field that is
 * left out and a member of a union that is not chosen are not there; what a longer list has more is counted.
 */
export class FlatReader {
	readonly #counts = new WeakMap<Shape, number>();
	#leaves: unknown[] = [];
	#surplus = 0;
	#lengths: Map<Shape, number> | undefined;

	/**
	 * `lengths` takes the longest length of each list.
	 * @throws RangeError or Error for bytes that are no Variant of that kind
	 */
	read(bytes: Buffer, at: number, shape: Shape, lengths?: Map<Shape, number>): FlatValue {
		this.#leaves = [];
		this.#surplus = 0;
		this.#lengths = lengths;
		const cursor = new BinaryCursor(bytes, at);
		const encoding = cursor.byte();
		if (encoding === 0) this.#all(shape, null);
		else if (shape.kind === "list") this.#topList(cursor, encoding, shape);
		else if ((encoding & arrayBit) !== 0 || !this.#hasType(encoding, shape)) throw new Error("another kind");
		else this.#wrapped(cursor, shape);
		return { leaves: this.#leaves, surplus: this.#surplus, end: cursor.at };
	}

	#hasType(encoding: number, shape: Shape): boolean {
		const type = encoding & typeBits;
		return shape.kind === "value" ? type === shape.builtIn : type === extensionObject;
	}

	#topList(cursor: BinaryCursor, encoding: number, shape: Shape & { kind: "list" }): void {
		const isList = (encoding & arrayBit) !== 0 && (encoding & dimensionsBit) === 0;
		if (!isList || !this.#hasType(encoding, shape.of)) throw new Error("another kind");
		this.#elements(shape, cursor.int32(), (isPlaced) => {
			if (isPlaced) this.#wrapped(cursor, shape.of);
			else if (shape.of.kind === "value") cursor.builtIn(shape.of.builtIn);
			else cursor.skipExtensionObject();
		});
	}

	/** A structure in a Variant has an ExtensionObject around it, §5.2.2.15. */
	#wrapped(cursor: BinaryCursor, shape: Shape): void {
		if (shape.kind !== "structure") {
			this.#value(cursor, shape);
			return;
		}
		const type = cursor.nodeId();
		const body = cursor.byte();
		const length = body === 0 ? 0 : cursor.int32();
		const end = cursor.at + Math.max(0, length);
		const isKnown = body === 1 && (shape.encoding === "" || shape.encoding === type);
		if (isKnown) this.#value(cursor, shape);
		else this.#all(shape, body === 0 ? null : otherKind);
		if (isKnown && cursor.at !== end) throw new Error("another kind");
		cursor.at = end;
	}

	#value(cursor: BinaryCursor, shape: Shape): void {
		switch (shape.kind) {
			case "value": {
				const raw = cursor.builtIn(shape.builtIn);
				if (shape.type !== undefined) this.#leaves.push(raw);
				return;
			}
			case "list":
				this.#elements(shape, cursor.int32(), (isPlaced) => {
					if (isPlaced) this.#value(cursor, shape.of);
					else this.#passOver(cursor, shape.of);
				});
				return;
			case "matrix": {
				// Dimensions first, then every element, §5.2.5.
				const dimensions = cursor.int32();
				let count = dimensions > 0 ? 1 : 0;
				for (let index = 0; index < dimensions; index++) count *= Math.max(0, cursor.int32());
				if (count > elementsMax)
					throw new RangeError(`expected at most ${elementsMax} elements, found ${count}`);
				for (let index = 0; index < count; index++) this.#passOver(cursor, shape.of);
				return;
			}
			case "structure":
				this.#structure(cursor, shape);
		}
	}

	/** §5.2.6 plain, §5.2.7 with optional fields, §5.2.8 union */
	#structure(cursor: BinaryCursor, { form, fields }: Shape & { kind: "structure" }): void {
		const mask = form === "plain" ? 0 : cursor.uint32();
		let bit = 0;
		for (const [index, { shape, isOptional }] of fields.entries()) {
			let isThere = true;
			if (form === "union") isThere = mask === index + 1;
			else if (form === "optional" && isOptional) isThere = ((mask >>> bit++) & 1) === 1;
			if (isThere) this.#value(cursor, shape);
			else this.#all(shape, notThere);
		}
	}

	#elements(shape: Shape & { kind: "list" }, length: number, read: (isPlaced: boolean) => void): void {
		if (length > elementsMax)
			throw new RangeError(`expected at most ${elementsMax} elements, found ${length}`);
		for (let index = 0; index < length; index++) read(index < shape.elements);
		for (let index = Math.max(0, length); index < shape.elements; index++) this.#all(shape.of, notThere);
		this.#surplus += Math.max(0, length - shape.elements);
		if (this.#lengths !== undefined)
			this.#lengths.set(shape, Math.max(this.#lengths.get(shape) ?? 0, length));
	}

	/** Reads what has no place, so that what stands behind it can be read. */
	#passOver(cursor: BinaryCursor, shape: Shape): void {
		const before = this.#leaves.length;
		this.#value(cursor, shape);
		this.#leaves.length = before;
	}

	#all(shape: Shape, value: unknown): void {
		let count = this.#counts.get(shape);
		if (count === undefined) {
			count = leafCount(shape);
			this.#counts.set(shape, count);
		}
		for (let leaf = 0; leaf < count; leaf++) this.#leaves.push(value);
	}
}
