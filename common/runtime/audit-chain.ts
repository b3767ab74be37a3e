// The audit record as a chain: each entry holds the hash of the one before it, so nothing in the middle can be changed,
// taken out or put in without every later hash being another. How it is computed is said here once, and in
// collector/README.md for whoever wants to do it again without this program.

import { canonicalHash, canonicalJson } from "./canonical-json.ts";

/** One line of the append-only record. */
export interface AuditEntry {
	/** Counts from 1 without a hole. */
	readonly n: number;
	/** Wall clock, milliseconds since 1970 UTC. */
	readonly atMs: number;
	readonly by: string;
	/** What was done, such as `lot.decided`, and to what. */
	readonly action: string;
	readonly subject: string;
	/** RFC 8785 JSON, as text. */
	readonly detail: string;
	/** Of entry n - 1; 64 zeros in entry 1, whose subject is the store's instance. */
	readonly previousHash: string;
	/** SHA-256, hexadecimal, over the RFC 8785 JSON of all other fields. */
	readonly hash: string;
}

/** The newest entry. Whoever keeps it elsewhere can tell later whether the record was cut. */
export interface AuditHead {
	readonly n: number;
	readonly hash: string;
}

export const firstPreviousHash = "0".repeat(64);

/** The hash that an entry must have. */
export function auditHash(entry: Omit<AuditEntry, "hash">): string {
	const { action, atMs, by, detail, n, previousHash, subject } = entry;
	return canonicalHash({ action, atMs, by, detail, n, previousHash, subject });
}

/** An entry as one line of an export, without the line's end. */
export function auditLine(entry: AuditEntry): string {
	return canonicalJson(entry);
}

/** Something that is known of the record from elsewhere: the hash of an entry, and its number if that is known. */
export interface AuditAnchor {
	readonly n: number | undefined;
	readonly hash: string;
}

/** What is wrong, and in which line of the export. `line` is 0 for what the whole lacks. */
export interface AuditFault {
	readonly line: number;
	readonly message: string;
}

const texts = ["by", "action", "subject", "detail", "previousHash", "hash"] as const;
const keys = ["action", "atMs", "by", "detail", "hash", "n", "previousHash", "subject"];

/** Checks the lines of an export one after the other; it stops at the first that is not what it must be. */
export class AuditCheck {
	readonly #anchors: readonly AuditAnchor[];
	readonly #met = new Set<AuditAnchor>();
	#line = 0;
	#first: AuditEntry | undefined;
	#last: AuditEntry | undefined;

	constructor(anchors: readonly AuditAnchor[] = []) {
		this.#anchors = anchors;
	}

	get first(): AuditEntry | undefined {
		return this.#first;
	}

	get head(): AuditHead | undefined {
		return this.#last === undefined ? undefined : { n: this.#last.n, hash: this.#last.hash };
	}

	/** Takes the next line, without its end. */
	add(text: string): AuditFault | undefined {
		this.#line++;
		const entry = entryOf(text);
		const message = typeof entry === "string" ? entry : this.#chained(entry);
		return message === undefined ? undefined : { line: this.#line, message };
	}

	/** What only the end can tell: whether there was anything, and whether every anchor was met. */
	end(): AuditFault | undefined {
		if (this.#last === undefined) return { line: 0, message: "expected at least one entry, found none" };
		for (const anchor of this.#anchors) {
			if (this.#met.has(anchor)) continue;
			const { n, hash } = anchor;
			if (n !== undefined && n < (this.#first as AuditEntry).n - 1)
				return {
					line: 0,
					message: `the anchor is entry ${n}, and this begins with ${this.#first?.n}: export from ${n} on`,
				};
			return {
				line: 0,
				message:
					n === undefined
						? `expected an entry with the anchor's hash ${hash}, found none: the end was cut off, or this is another record`
						: `expected to reach the anchor, entry ${n}, found the end at ${this.#last.n}: the end was cut off`,
			};
		}
		return undefined;
	}

	#chained(entry: AuditEntry): string | undefined {
		const { n, previousHash, hash } = entry;
		const last = this.#last;
		if (last !== undefined && n !== last.n + 1)
			return `expected entry ${last.n + 1}, found ${n}: ${n > last.n ? "what stood between is missing" : "an entry was put in or moved"}`;
		const before = last?.hash ?? (n === 1 ? firstPreviousHash : previousHash);
		if (previousHash !== before)
			return `entry ${n}: expected the hash of the entry before, ${before}, found ${previousHash}`;
		const must = auditHash(entry);
		if (hash !== must)
			return `entry ${n}: expected hash ${must}, found ${hash}: its content or its hash was changed`;
		for (const anchor of this.#anchors) {
			const message = this.#meet(anchor, entry, last === undefined);
			if (message !== undefined) return message;
		}
		this.#first ??= entry;
		this.#last = entry;
		return undefined;
	}

	#meet(anchor: AuditAnchor, entry: AuditEntry, isFirst: boolean): string | undefined {
		const places = [{ n: entry.n, hash: entry.hash }];
		// A later part of the record is tied to what came before it by the previous hash alone.
		if (isFirst) places.push({ n: entry.n - 1, hash: entry.previousHash });
		for (const { n, hash } of places) {
			if (anchor.hash === hash && (anchor.n ?? n) === n) this.#met.add(anchor);
			else if (anchor.n === n)
				return `entry ${n}: expected the anchor's hash ${anchor.hash}, found ${hash}: this is another record, or one that was made anew`;
		}
		return undefined;
	}
}

/** The entry of a line, or what is wrong with it. */
function entryOf(text: string): AuditEntry | string {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return "expected one entry as JSON, found another text";
	}
	if (typeof value !== "object" || value === null || Array.isArray(value))
		return "expected one entry as JSON, found another value";
	const entry = value as Record<string, unknown>;
	const found = Object.keys(entry).sort();
	if (found.join() !== keys.join())
		return `expected exactly the keys ${keys.join(", ")}, found ${found.join(", ").slice(0, 200)}`;
	for (const key of ["n", "atMs"])
		if (!Number.isSafeInteger(entry[key])) return `${key}: expected a whole number`;
	for (const key of texts) if (typeof entry[key] !== "string") return `${key}: expected text`;
	// A key that stands there twice, or a number written in another way, would show people something else than is hashed.
	try {
		if (canonicalJson(entry) !== text)
			return "expected canonical JSON (RFC 8785), found another spelling of it";
	} catch {
		return "expected Unicode text, found half a surrogate pair";
	}
	return entry as unknown as AuditEntry;
}
