import { once } from "node:events";
import { connect } from "node:net";
import mqtt, { type MqttClient } from "mqtt";
import { expect, onTestFinished, test, vi } from "vitest";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { anyOf, everyNth, MqttProxy, nextOf, type PassingMessage, shareOf } from "./mqtt-proxy.ts";
import { listening } from "./tcp-proxy.ts";
import { seeded } from "./until.ts";

const message = (type: string, direction: PassingMessage["direction"] = "toServer"): PassingMessage => ({
	direction,
	topic: `spBv1.0/g/${type}/e`,
	qos: 0,
	type,
});

test("losses pick what they are told to", () => {
	const third = everyNth(3, "toServer", "DDATA");
	const heard = ["DDATA", "NDATA", "DDATA", "DDATA", "DDATA"].map((type) => third(message(type)));
	expect(heard).toEqual([false, false, false, true, false]);
	expect(third(message("DDATA", "toClient"))).toBe(false);

	const share = shareOf(0.5, seeded(7), "toClient", "NCMD");
	const lost = Array.from({ length: 1_000 }, () => share(message("NCMD", "toClient"))).filter(Boolean).length;
	expect(lost).toBeGreaterThan(400);
	expect(lost).toBeLessThan(600);

	const next = nextOf("toServer", "DDATA");
	expect(["NDATA", "DDATA", "DDATA"].map((type) => next(message(type)))).toEqual([false, true, false]);

	// A loss that counts must see every message, whatever another one says of it.
	const both = anyOf(everyNth(2, "toServer", "DDATA"), everyNth(3, "toServer", "DDATA"));
	expect(Array.from({ length: 6 }, () => both(message("DDATA")))).toEqual([
		false,
		true,
		true,
		true,
		false,
		true,
	]);
});

test("a packet that comes byte by byte is lost or passed as a whole", async () => {
	const server = await listening();
	const proxy = await MqttProxy.to((server.address() as { port: number }).port);
	onTestFinished(async () => {
		await proxy.close();
		server.close();
	});
	proxy.loss = everyNth(2, "toServer", "DDATA");
	const accepted = once(server, "connection");
	const client = connect(proxy.port, "127.0.0.1");
	client.setNoDelay(true);
	const [far] = await accepted;
	// The proxy's own end, after the test, resets both.
	for (const socket of [client, far]) socket.on("error", () => undefined);
	const heard: Buffer[] = [];
	far.on("data", (bytes: Buffer) => heard.push(bytes));
	const publish = (payload: string) => {
		const topic = Buffer.from("spBv1.0/g/DDATA/e/d");
		const body = Buffer.concat([Buffer.from([0, topic.length]), topic, Buffer.from(payload)]);
		return Buffer.concat([Buffer.from([0x30, (body.length & 0x7f) | 0x80, body.length >> 7]), body]);
	};
	const packets = ["first", "second", "third"].map((word) => publish(word.repeat(60)));
	for (const byte of Buffer.concat(packets)) {
		client.write(Buffer.from([byte]));
		if (byte % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
	}
	const expected = Buffer.concat([packets[0] as Buffer, packets[2] as Buffer]);
	await vi.waitFor(() => expect(Buffer.concat(heard).equals(expected)).toBe(true), { timeout: 5_000 });
	expect(proxy.lostOf("toServer", "DDATA")).toBe(1);
});

describeWithPeer("mosquitto", "a network that understands MQTT", (mosquitto) => {
	async function client(port: number): Promise<{ client: MqttClient; heard: string[] }> {
		const it = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
		onTestFinished(() => {
			it.end(true);
		});
		const heard: string[] = [];
		it.on("message", (topic, payload) => heard.push(`${topic} ${payload}`));
		await it.subscribeAsync("#", { qos: 1 });
		return { client: it, heard };
	}

	test("loses QoS 0 messages of the picked kind in the picked direction, and says others by itself", async () => {
		const broker = await Mosquitto.start(mosquitto);
		const proxy = await MqttProxy.to(broker.port);
		onTestFinished(() => proxy.close());
		const near = await client(proxy.port);
		const far = await client(broker.port);
		proxy.loss = everyNth(1, "toClient", "NCMD");
		await far.client.publishAsync("spBv1.0/g/NCMD/e", "lost");
		await far.client.publishAsync("spBv1.0/g/NCMD/e", "kept by its QoS", { qos: 1 });
		await near.client.publishAsync("spBv1.0/g/NDATA/e", "x".repeat(100_000));
		proxy.publish("toClient", "spBv1.0/g/NCMD/e", Buffer.from("said by the network"));
		proxy.publish("toServer", "spBv1.0/g/NBIRTH/e", Buffer.from("y".repeat(300)));
		await vi.waitFor(
			() => {
				expect(near.heard).toContain("spBv1.0/g/NCMD/e said by the network");
				expect(near.heard).toContain("spBv1.0/g/NCMD/e kept by its QoS");
				expect(near.heard).not.toContain("spBv1.0/g/NCMD/e lost");
				expect(far.heard).toContain("spBv1.0/g/NCMD/e lost");
				expect(far.heard).toContain(`spBv1.0/g/NDATA/e ${"x".repeat(100_000)}`);
				expect(far.heard).toContain(`spBv1.0/g/NBIRTH/e ${"y".repeat(300)}`);
			},
			{ timeout: 5_000 },
		);
		// Its own subscription brings back what it said, and the network lost that on the way back.
		expect(proxy.lostOf("toClient", "NCMD")).toBe(1);
	});
});
