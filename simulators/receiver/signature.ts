// Verifies Standard Webhooks 1.0.0 signatures, version v1 (HMAC-SHA256 over `id.timestamp.body`).

import { createHmac, timingSafeEqual } from "node:crypto";

const secretPrefix = "whsec_";
const secretBytesMin = 24;
const secretBytesMax = 64;

/** A message older or newer than this is refused, so that a recorded one cannot be sent again later. */
const toleranceS = 300;

/** More signatures than a rotation of keys needs are not worth checking. */
const signaturesMax = 10;

export type Refusal = "header_missing" | "timestamp_invalid" | "timestamp_outside" | "signature_wrong";

export interface SignedMessage {
	readonly id: string | undefined;
	readonly timestamp: string | undefined;
	readonly signature: string | undefined;
	readonly body: Uint8Array;
}

/** The key inside `whsec_…`; throws when it is not base64 of 24 to 64 bytes. */
export function webhookKey(secret: string): Buffer {
	const text = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : "";
	const key = Buffer.from(text, "base64");
	const wellFormed = /^[A-Za-z0-9+/]+={0,2}$/.test(text);
	if (!wellFormed || key.length < secretBytesMin || key.length > secretBytesMax) {
		throw new Error(
			`expected ${secretPrefix} and base64 of ${secretBytesMin} to ${secretBytesMax} bytes, found ${key.length} bytes`,
		);
	}
	return key;
}

/** Undefined when the message is genuine and fresh, otherwise why not. */
export function refusalOf(key: Buffer, message: SignedMessage, nowS: number): Refusal | undefined {
	const { id, timestamp, signature, body } = message;
	if (!id || !timestamp || !signature) return "header_missing";
	if (!/^\d{1,15}$/.test(timestamp)) return "timestamp_invalid";
	if (Math.abs(nowS - Number(timestamp)) > toleranceS) return "timestamp_outside";
	const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
	// A sender that rotates its key signs with the old and the new one.
	for (const candidate of signature.split(" ").slice(0, signaturesMax)) {
		const [version, value = ""] = candidate.split(",", 2);
		if (version !== "v1") continue;
		const given = Buffer.from(value, "base64");
		if (given.length === expected.length && timingSafeEqual(given, expected)) return undefined;
	}
	return "signature_wrong";
}
