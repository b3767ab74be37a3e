import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { refusalOf, webhookKey } from "../../../simulators/receiver/signature.ts";
import { type ReceivedMessage, WebhookReceiver } from "../../../simulators/receiver/webhook-receiver.ts";

const secret = `whsec_${randomBytes(32).toString("base64")}`;
const signer = new Webhook(secret);

let receiver: WebhookReceiver;
let received: ReceivedMessage[];
let refused: string[];

beforeEach(async () => {
	received = [];
	refused = [];
	receiver = new WebhookReceiver({
		port: 0,
		secret,
		onMessage: (message) => received.push(message),
		onRefused: (reason) => refused.push(reason),
	});
	await receiver.start();
});

afterEach(async () => {
	await receiver.stop();
});

async function send(options: { id?: string; at?: Date; body?: string; signature?: string } = {}) {
	const { id = "msg_1", at = new Date(), body = '{"type":"violation.opened"}' } = options;
	const response = await fetch(receiver.url, {
		method: "POST",
		body,
		headers: {
			"webhook-id": id,
			"webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
			"webhook-signature": options.signature ?? signer.sign(id, at, body),
		},
	});
	return response.status;
}

describe("a genuine message", () => {
	test("is taken, as signed by the reference library", async () => {
		expect(await send({ body: '{"text":"−45 °C"}' })).toBe(204);
		expect(received).toMatchObject([{ id: "msg_1", body: '{"text":"−45 °C"}', duplicate: false }]);
	});

	test("is taken again on a retry, and marked as a duplicate", async () => {
		await send({ id: "msg_7" });
		await send({ id: "msg_7", at: new Date(Date.now() + 5000) });
		expect(received.map(({ duplicate }) => duplicate)).toEqual([false, true]);
	});

	test("is taken when one of several signatures fits, as in a change of keys", async () => {
		const other = new Webhook(`whsec_${randomBytes(32).toString("base64")}`);
		const at = new Date();
		const signature = `${other.sign("msg_1", at, "{}")} v2,AAAA ${signer.sign("msg_1", at, "{}")}`;
		expect(await send({ at, body: "{}", signature })).toBe(204);
	});
});

describe("refused is", () => {
	test("a body that is not the signed one", async () => {
		const signature = signer.sign("msg_1", new Date(), '{"a":1}');
		expect(await send({ body: '{"a":2}', signature })).toBe(401);
		expect(refused).toEqual(["signature_wrong"]);
	});

	test("an old or early timestamp", async () => {
		expect(await send({ at: new Date(Date.now() - 301_000) })).toBe(401);
		expect(await send({ at: new Date(Date.now() + 302_000) })).toBe(401);
		expect(refused).toEqual(["timestamp_outside", "timestamp_outside"]);
	});

	test("a message without its headers", async () => {
		const response = await fetch(receiver.url, { method: "POST", body: "{}" });
		expect(response.status).toBe(401);
		expect(refused).toEqual(["header_missing"]);
	});

	test("a body over 64 KiB, and what is not a POST", async () => {
		expect(await send({ body: "x".repeat(64 * 1024 + 1) })).toBe(413);
		expect((await fetch(receiver.url)).status).toBe(405);
		expect(received).toEqual([]);
	});
});

test("fails as often as it is told, then works again", async () => {
	receiver.failNext(2, 503);
	expect([await send(), await send(), await send()]).toEqual([503, 503, 204]);
	expect(received).toHaveLength(1);
});

describe("signatures", () => {
	test("agree with the reference library in both directions", () => {
		const key = webhookKey(secret);
		const at = new Date();
		const timestamp = String(Math.floor(at.getTime() / 1000));
		const body = Buffer.from('{"n":1}');
		const signature = signer.sign("msg_2", at, body.toString());
		const message = { id: "msg_2", timestamp, signature, body };
		expect(refusalOf(key, message, at.getTime() / 1000)).toBeUndefined();
		const headers = { "webhook-id": "msg_2", "webhook-timestamp": timestamp, "webhook-signature": signature };
		expect(signer.verify(body.toString(), headers)).toEqual({ n: 1 });
	});

	test.each([
		["no prefix", randomBytes(32).toString("base64")],
		["too short", `whsec_${randomBytes(23).toString("base64")}`],
		["too long", `whsec_${randomBytes(65).toString("base64")}`],
		["not base64", "whsec_not a secret at all, only words in a row"],
	])("do not accept a secret with %s", (_what, text) => {
		expect(() => webhookKey(text)).toThrow(/24 to 64 bytes/);
	});
});
