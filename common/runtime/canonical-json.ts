import { createHash } from "node:crypto";

/**
 * A value as JSON of exactly one form, so that equal values have equal bytes (RFC 8785, JSON Canonicalization Scheme).
 * Members are sorted by UTF-16 code units (§3.2.3); numbers and strings are written as ECMAScript does (§3.2.2), -0 as 0.
 * As with JSON, members that are undefined are left out, and a Date is its ISO text.
 *
 * @throws TypeError that names the place of what JSON cannot hold: a number that is not finite, a string with half a
 * surrogate pair, undefined in a list, a function, a bigint, a map, a typed array, or a value that contains itself.
 */
export function canonicalJson(value: unknown): string {
	return written(value, "$", []);
}

/** SHA-256 of a value's canonical form in UTF-8, in hexadecimal. */
export function canonicalHash(value: unknown): string {
	return textHash(canonicalJson(value));
}

/** The same of what is already in canonical form. */
export function textHash(canonical: string): string {
	return createHash("sha256").update(canonical, "utf8").digest("hex");
}

function written(value: unknown, at: string, around: readonly object[]): string {
	if (value === null || value === true || value === false) return String(value);
	if (typeof value === "string") return writtenText(value, at);
	if (typeof value === "number") {
		if (!Number.isFinite(value)) throw refused("a finite number", String(value), at);
		return JSON.stringify(value);
	}
	if (typeof value !== "object") throw refused("a value of JSON", typeof value, at);
	if (value instanceof Date) {
		if (Number.isNaN(value.getTime())) throw refused("a date", "an invalid one", at);
		return JSON.stringify(value.toISOString());
	}
	if (around.includes(value)) throw refused("a tree", "a value that contains itself", at);
	const inside = [...around, value];
	if (Array.isArray(value)) {
		// Array.from also visits the holes of a sparse list, which are undefined.
		return `[${Array.from(value, (one, index) => written(one, `${at}[${index}]`, inside)).join(",")}]`;
	}
	const prototype = Object.getPrototypeOf(value);
	if (prototype !== Object.prototype && prototype !== null) {
		throw refused("a plain object", value.constructor?.name ?? "another one", at);
	}
	const members: string[] = [];
	// Without a function, sort compares UTF-16 code units, which is the order that §3.2.3 asks for.
	for (const key of Object.keys(value).sort()) {
		const member = (value as Record<string, unknown>)[key];
		if (member === undefined) continue;
		members.push(`${writtenText(key, at)}:${written(member, `${at}.${key}`, inside)}`);
	}
	return `{${members.join(",")}}`;
}

function writtenText(value: string, at: string): string {
	if (!value.isWellFormed()) throw refused("Unicode text", "half a surrogate pair", at);
	return JSON.stringify(value);
}

function refused(expected: string, found: string, at: string): TypeError {
	return new TypeError(`canonical JSON: expected ${expected} at ${at}, found ${found}`);
}
