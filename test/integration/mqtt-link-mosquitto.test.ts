import { connectAsync } from "mqtt";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../common/runtime/clock.ts";
import { MqttLink } from "../../common/runtime/mqtt-link.ts";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { plainBroker } from "../helpers/plain-broker.ts";
import { wireTo } from "../helpers/wire.ts";

function linkTo(port: number, clientId = "link") {
	const opened: number[] = [];
	const closed: string[] = [];
	const received: string[] = [];
	let wills = 0;
	const link = new MqttLink({
		...plainBroker(`mqtt://127.0.0.1:${port}`, { clientId, connectTimeoutMs: 2_000 }),
		clock: systemClock,
		will: async () => ({ topic: "will", payload: String(++wills), qos: 1, retain: false }),
		onOpen: async () => {
			await link.subscribe(["to/link", "$SYS/broker/version"]);
			opened.push(wills);
		},
		onClose: (reason) => {
			closed.push(reason);
		},
		onMessage: (topic, payload, retain) => {
			received.push(`${topic} ${payload.toString()}${retain ? " retained" : ""}`);
			return undefined;
		},
	});
	onTestFinished(() => link.stop());
	return { link, opened, closed, received, wills: () => wills };
}

async function observer(broker: Mosquitto, topic: string) {
	const client = await connectAsync(broker.url);
	onTestFinished(() => client.endAsync(true));
	const seen: string[] = [];
	client.on("message", (_, payload) => seen.push(payload.toString()));
	await client.subscribeAsync(topic, { qos: 1 });
	return { seen, client };
}

const soon = { timeout: 10_000 };

describeWithPeer("mosquitto", "the MQTT connection to Mosquitto", (program) => {
	test("a cut network makes the broker publish the will of that very connection, and a new one is made", async () => {
		const broker = await Mosquitto.start(program);
		const wire = await wireTo(broker.port);
		const { link, opened, wills } = linkTo(wire.port);
		link.start();
		await expect.poll(() => opened, soon).toEqual([1]);
		const { seen } = await observer(broker, "will");
		wire.cut();
		await expect.poll(() => seen, soon).toEqual(["1"]);
		await expect.poll(() => opened, soon).toEqual([1, 2]);
		expect(wills()).toBe(2);
	});

	test("a broker that was killed is found again, with one will for each CONNECT and none for refused attempts", async () => {
		const broker = await Mosquitto.start(program);
		const { link, opened, closed, wills, received } = linkTo(broker.port);
		link.start();
		await expect.poll(() => opened, soon).toEqual([1]);
		await broker.kill();
		await expect.poll(() => closed.length, soon).toBeGreaterThanOrEqual(3);
		expect(wills()).toBe(1);
		link.send({ topic: "from/link", payload: "while away", qos: 1, retain: true });
		await broker.start();
		await expect.poll(() => opened, soon).toEqual([1, 2]);
		const { seen, client } = await observer(broker, "from/link");
		link.send({ topic: "from/link", payload: "back", qos: 0, retain: false });
		await expect.poll(() => seen, soon).toEqual(["back"]);
		await client.publishAsync("to/link", "hello", { qos: 1 });
		await expect.poll(() => received, soon).toContain("to/link hello");
		expect(received.filter((text) => /version .* retained$/.test(text))).toHaveLength(2);
	});

	test("a stop sends DISCONNECT, so that no will is published, after what was sent before", async () => {
		const broker = await Mosquitto.start(program);
		const { link, opened } = linkTo(broker.port);
		link.start();
		await expect.poll(() => opened, soon).toEqual([1]);
		const { seen, client } = await observer(broker, "will");
		await client.subscribeAsync("from/link", { qos: 1 });
		link.send({ topic: "from/link", payload: "goodbye", qos: 0, retain: false });
		await link.stop();
		await client.publishAsync("will", "end of test", { qos: 1 });
		await expect.poll(() => seen, soon).toEqual(["goodbye", "end of test"]);
	});

	test("two with one client id push each other out, and neither dies of it", async () => {
		const broker = await Mosquitto.start(program);
		const first = linkTo(broker.port, "twin");
		const second = linkTo(broker.port, "twin");
		first.link.start();
		await expect.poll(() => first.opened, soon).toEqual([1]);
		second.link.start();
		await expect.poll(() => first.closed.length, soon).toBeGreaterThanOrEqual(2);
		await second.link.stop();
		await expect.poll(() => first.link.connected, soon).toBe(true);
	});
});
