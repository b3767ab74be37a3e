import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { parseSecret, signedHeaders } from "../../../collector/notify/signature.ts";
import { refusalOf, webhookKey } from "../../../simulators/receiver/signature.ts";

const secret = `whsec_${randomBytes(32).toString("base64")}`;
const nowS = Math.floor(Date.now() / 1_000);

describe("a signed message", () => {
	const body = JSON.stringify({ text: "−45 °C · 露点", n: 1e21 });
	const headers = signedHeaders(parseSecret(secret, "f"), "msg_1", nowS, body);

	test("is genuine to the reference library of Standard Webhooks", () => {
		expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
	});

	test("is genuine to our receiver, and not when anything of it is changed", () => {
		const message = {
			id: headers["webhook-id"],
			timestamp: headers["webhook-timestamp"],
			signature: headers["webhook-signature"],
		};
		const refusal = (changes: object) =>
			refusalOf(webhookKey(secret), { ...message, body: Buffer.from(body), ...changes }, nowS);
		expect(refusal({})).toBeUndefined();
		for (const changes of [
			{ id: "msg_2" },
			{ timestamp: String(nowS + 1) },
			{ body: Buffer.from(`${body} `) },
		])
			expect(refusal(changes)).toBe("signature_wrong");
	});

	test("is signed anew at another time with the same id", () => {
		const again = signedHeaders(parseSecret(secret, "f"), "msg_1", nowS + 60, body);
		expect(again["webhook-id"]).toBe(headers["webhook-id"]);
		expect(again["webhook-signature"]).not.toBe(headers["webhook-signature"]);
	});
});

describe("a secret", () => {
	test.each([24, 32, 64])("of %i bytes is taken, with whatever stands on later lines", (bytes) => {
		const text = `whsec_${randomBytes(bytes).toString("base64")}`;
		expect(parseSecret(`${text}\nold one\n`, "f")).toHaveLength(bytes);
	});

	test.each([
		["empty", ""],
		["without its prefix", randomBytes(32).toString("base64")],
		["too short", `whsec_${randomBytes(23).toString("base64")}`],
		["too long", `whsec_${randomBytes(65).toString("base64")}`],
		["not base64", `whsec_${"#!".repeat(40)}${randomBytes(32).toString("base64")}`],
	])("that is %s is refused by the file's name, without a word of it", (_, text) => {
		expect(() => parseSecret(text, "hall.secret")).toThrow(
			expect.objectContaining({
				code: "CONFIG_INVALID",
				message: expect.stringMatching(/^hall\.secret: expected whsec_ and 24 to 64 bytes/),
			}),
		);
		try {
			parseSecret(text, "hall.secret");
		} catch (error) {
			if (text.length > 10) expect(String(error)).not.toContain(text.slice(-10));
		}
	});
});
