import { createHmac } from "node:crypto";
import { CodedError } from "../../common/runtime/coded-error.ts";

/** A signing key of Standard Webhooks 1.0: `whsec_` and 24 to 64 bytes in base64. */
export type SigningKey = Buffer;

/** @throws CodedError CONFIG_INVALID; the message never holds the secret. */
export function parseSecret(text: string, file: string): SigningKey {
	const encoded = text.split("\n", 1)[0]?.trim() ?? "";
	const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(encoded)?.[1] ?? "";
	const key = Buffer.from(base64, "base64");
	if (key.length < 24 || key.length > 64) {
		throw new CodedError(
			"CONFIG_INVALID",
			`${file}: expected whsec_ and 24 to 64 bytes in base64 on the first line, found something else`,
		);
	}
	return key;
}

/**
 * The three headers of one attempt. The id is the message's and the same for every attempt; the time is the
 * attempt's, so a repeated message is signed anew (Standard Webhooks 1.0, "signature scheme").
 */
export function signedHeaders(
	key: SigningKey,
	id: string,
	attemptS: number,
	body: string,
): Record<string, string> {
	const signature = createHmac("sha256", key).update(`${id}.${attemptS}.${body}`).digest("base64");
	return { "webhook-id": id, "webhook-timestamp": String(attemptS), "webhook-signature": `v1,${signature}` };
}
