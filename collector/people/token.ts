import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** A program's token: what is kept of it, and the text that is shown once. */
export interface NewToken {
	readonly id: string;
	readonly sha256: string;
	readonly text: string;
}

const form = /^plt_(?<id>[0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** A new token of 256 random bits; the id finds it, the hash proves it. */
export function makeToken(): NewToken {
	const id = randomBytes(6).toString("hex");
	const text = `plt_${id}_${randomBytes(32).toString("base64url")}`;
	return { id, sha256: sha256(text).toString("hex"), text };
}

/** The id of a token, or undefined for what is none. */
export function tokenId(text: string): string | undefined {
	return form.exec(text)?.groups?.id;
}

/** Whether the text is the token of the hash, in constant time. A fast hash is enough for what nobody can guess. */
export function isToken(text: string, hash: string): boolean {
	const must = Buffer.from(hash, "hex");
	const found = sha256(text);
	return must.length === found.length && timingSafeEqual(must, found);
}

function sha256(text: string): Buffer {
	return createHash("sha256").update(text, "utf8").digest();
}
