import { readFileSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import { connect, connectAsync, type IClientOptions, type IConnackPacket, type MqttClient } from "mqtt";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { GapRow, IncomingRecord, Series } from "../../collector/pipeline.ts";
import type { HeldEpoch } from "../../common/contract/delivery.ts";
import { payloadBytesMax } from "../../common/runtime/mqtt-link.ts";
import { hostOver } from "../collector/host/host-rig.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { plainBroker } from "../helpers/plain-broker.ts";
import { quietTelemetry } from "../helpers/quiet-telemetry.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { eventually } from "../simulators/plant/eventually.ts";
import { publishingAgent } from "./publisher-rig.ts";
import {
	agent,
	collector,
	observer,
	passwordOf,
	type ShippedBroker,
	secondAgent,
	shippedBroker,
} from "./shipped-broker.ts";

/** What says that everything before it has been decided. */
const end = "end";
const own = {
	node: ["NBIRTH", "NDATA", "NDEATH"].map((type) => `spBv1.0/pilot/${type}/line-1`),
	device: ["DBIRTH", "DDATA", "DDEATH"].map((type) => `spBv1.0/pilot/${type}/line-1/U500`),
};
const state = "spBv1.0/STATE/pilotline";
const notAuthorized = 0x87;

/** A connection of a user; each user can have one. @throws what MQTT.js says of a refusal */
async function connected({ url, caFile }: ShippedBroker, user: string, options: IClientOptions = {}) {
	const client = await connectAsync(url, {
		...{ username: user, password: passwordOf(user), ca: readFileSync(caFile), reconnectPeriod: 0 },
		...options,
	});
	client.on("error", () => undefined);
	onTestFinished(() => client.endAsync(true));
	const seen = { closed: false };
	client.on("close", () => {
		seen.closed = true;
	});
	return Object.assign(client, { seen });
}

/** "topic payload" of everything that a client is given. */
async function hears(client: MqttClient, ...filters: string[]): Promise<string[]> {
	const heard: string[] = [];
	client.on("message", (topic, payload) => heard.push(`${topic} ${payload}`));
	// A broker may refuse the filter or, as this one does, confirm it and deliver nothing.
	await client.subscribeAsync(filters, { qos: 1 }).catch(() => undefined);
	return heard;
}

/** "topic payload" for each of these topics. */
const with1 = (topics: readonly string[]) => topics.map((topic) => `${topic} 1`);

describeWithPeer("mosquitto", "the Mosquitto configuration that is shipped", (program) => {
	let plant: ShippedBroker;
	beforeEach(async () => {
		plant = await shippedBroker(program);
	});

	describe.each([
		["3.1.1", 4],
		["5.0", 5],
	] as const)("MQTT %s", (_, protocolVersion) => {
		const as = (user: string, options: IClientOptions = {}) =>
			connected(plant, user, { protocolVersion, ...options });

		/** What arrives of "1" on each of the topics, and the reason codes of the answers (none: accepted). */
		const arrives = async (user: string, topics: readonly string[]) => {
			const all = await as(observer);
			const heard = await hears(all, "#");
			const client = await as(user);
			const reasons: unknown[] = [];
			for (const topic of topics) {
				const refused = (error: { code?: number }) => reasons.push(error.code);
				await client.publishAsync(topic, "1", { qos: 1 }).then(() => reasons.push(undefined), refused);
			}
			await all.publishAsync(end, "", { qos: 1 });
			await eventually(() => heard.includes(`${end} `));
			expect(client.seen.closed).toBe(false);
			return { heard: heard.filter((text) => text !== `${end} `), reasons };
		};

		test.each([
			[
				"an agent publishes what its own node and devices say, and nothing else",
				agent,
				[...own.node, ...own.device],
				[
					...[...own.node, ...own.device].map((topic) => topic.replace("line-1", "line-2")),
					...own.node.map((topic) => topic.replace("pilot", "other")),
					...["line-1", "line-2"].map((node) => `spBv1.0/pilot/NCMD/${node}`),
					...["line-1", "line-2"].map((node) => `spBv1.0/pilot/DCMD/${node}/U500`),
					...[state, "spBv1.0/STATE/another", "STATE/pilotline"],
					...["spBv1.0/pilot/DDATA/line-1", "spBv1.0/pilot/DDATA/line-1/U500/TT01", "anything"],
				],
			],
			[
				"a collector publishes commands to edge nodes and its own STATE, and nothing else",
				collector,
				["spBv1.0/pilot/NCMD/line-1", "spBv1.0/pilot/NCMD/line-2", state],
				[
					...[...own.node, ...own.device, "spBv1.0/pilot/DCMD/line-1/U500"],
					...["spBv1.0/other/NCMD/line-1", "spBv1.0/STATE/another", "anything"],
				],
			],
		])("%s", async (_title, user, allowed, forbidden) => {
			const { heard, reasons } = await arrives(user, [...forbidden, ...allowed]);
			expect(heard).toEqual(with1(allowed));
			// MQTT 3.1.1 has no answer that says no.
			const refusal = protocolVersion === 5 ? notAuthorized : undefined;
			expect(reasons).toEqual([...forbidden.map(() => refusal), ...allowed.map(() => undefined)]);
		});

		test.each([
			["everything", ["#"], ["#"]],
			[
				"by name what others are told",
				[
					...["spBv1.0/pilot/+/line-2", "spBv1.0/pilot/+/line-2/+", "spBv1.0/other/#", end],
					...["spBv1.0/pilot/+/line-1/#", "spBv1.0/STATE/+"],
				],
				["spBv1.0/pilot/#", "spBv1.0/other/#", "spBv1.0/STATE/+", end],
			],
		])(
			"an agent hears its own commands and its collector's STATE only, a collector its group and its own STATE, also who asks for %s",
			async (_title, agentAsks, collectorAsks) => {
				const toAgent = ["spBv1.0/pilot/NCMD/line-1", "spBv1.0/pilot/DCMD/line-1/U500", state];
				const inGroup = [
					...own.node,
					...own.device,
					"spBv1.0/pilot/NCMD/line-2",
					"spBv1.0/pilot/NDATA/line-2",
				];
				const elsewhere = ["spBv1.0/other/NDATA/line-1", "spBv1.0/STATE/another", "anything"];
				const agentHears = await hears(await as(agent), ...agentAsks);
				const collectorHears = await hears(await as(collector), ...collectorAsks);
				const all = await as(observer);
				for (const topic of [...inGroup, ...elsewhere, ...toAgent])
					await all.publishAsync(topic, "1", { qos: 1 });
				// STATE is the last that each of them may hear.
				await eventually(() => [agentHears, collectorHears].every((heard) => heard.includes(`${state} 1`)));
				expect(agentHears).toEqual(with1(toAgent));
				expect(collectorHears).toEqual(with1([...inGroup, ...toAgent]));
			},
		);

		test.each([
			["nobody", undefined, undefined],
			["a name without a password", agent, undefined],
			["an unknown user", "somebody", "secret"],
			["a wrong password", agent, "wrong"],
			["the password of another", agent, passwordOf(secondAgent)],
		])("%s does not get in", async (_title, username, password) => {
			const options = { protocolVersion, ca: readFileSync(plant.caFile), reconnectPeriod: 0 };
			const name = username === undefined ? {} : { username };
			const secret = password === undefined ? {} : { password };
			const attempt = connectAsync(plant.url, { ...options, ...name, ...secret });
			await expect(attempt).rejects.toThrow(/not authorized/i);
		});

		test("a will is delivered for the own node, and for no other node, command or STATE", async () => {
			const all = await as(observer);
			const heard = await hears(all, "#");
			const topics = ["spBv1.0/pilot/NDEATH/line-2", "spBv1.0/pilot/NCMD/line-2", state];
			for (const topic of [...topics, "spBv1.0/pilot/NDEATH/line-1"]) {
				const will = { topic, payload: Buffer.from("1"), qos: 1, retain: topic === state } as const;
				const client = await as(agent, { will }).catch(() => undefined);
				client?.stream.destroy();
			}
			await eventually(() => heard.length > 0);
			expect(heard).toEqual(["spBv1.0/pilot/NDEATH/line-1 1"]);
		});

		test("nobody ends another user's connection by its client id", async () => {
			const victim = await as(agent, { clientId: "pilotline-pilot-line-1" });
			const heard = await hears(victim, "spBv1.0/pilot/NCMD/line-1");
			for (const clientId of ["pilotline-pilot-line-1", agent]) {
				await (await as(secondAgent, { clientId })).endAsync();
				await expect(as(agent, { clientId, password: "wrong" })).rejects.toThrow(/not authorized/i);
			}
			await (await as(collector)).publishAsync("spBv1.0/pilot/NCMD/line-1", "1", { qos: 1 });
			await eventually(() => heard.length === 1);
			expect(victim.seen.closed).toBe(false);
		});

		test("an agent can neither replace nor remove a collector's retained STATE", async () => {
			await (await as(collector)).publishAsync(state, "online", { qos: 1, retain: true });
			const forger = await as(agent);
			for (const payload of ["offline", ""])
				await forger.publishAsync(state, payload, { qos: 1, retain: true }).catch(() => undefined);
			const heard = await hears(await as(secondAgent), state);
			await eventually(() => heard.length > 0);
			expect(heard).toEqual([`${state} online`]);
		});
	});

	test("the longest message of an agent passes, a longer packet ends the connection, and MQTT 5.0 is told the bound", async () => {
		const topic = own.node[0] ?? "";
		const heard: number[] = [];
		const host = await connected(plant, collector);
		host.on("message", (_, payload) => heard.push(payload.length));
		await host.subscribeAsync("spBv1.0/pilot/#");
		const sender = await connected(plant, agent);
		await sender.publishAsync(topic, Buffer.alloc(payloadBytesMax));
		await eventually(() => heard.length === 1);
		expect(heard).toEqual([payloadBytesMax]);
		sender.publish(topic, Buffer.alloc(payloadBytesMax + 128 * 1024));
		await eventually(() => sender.seen.closed);
		const newer = connect(plant.url, {
			...{ username: secondAgent, password: passwordOf(secondAgent), protocolVersion: 5 },
			...{ ca: readFileSync(plant.caFile), reconnectPeriod: 0 },
		});
		onTestFinished(() => newer.endAsync(true));
		const connack = await new Promise<IConnackPacket>((resolve) => newer.once("connect", resolve));
		expect(connack.properties?.maximumPacketSize).toBe(payloadBytesMax + 128 * 1024);
		expect(heard).toHaveLength(1);
	});

	test("a collector that stands still while 15,000 messages come loses none of them", async () => {
		const host = await connected(plant, collector);
		const { promise: goesOn, resolve: goOn } = Promise.withResolvers<void>();
		let heard = 0;
		host.handleMessage = (_packet, done) => {
			heard++;
			goesOn.then(() => done(), done);
		};
		await host.subscribeAsync("spBv1.0/pilot/#", { qos: 1 });
		const sender = await connected(plant, agent);
		const payload = Buffer.alloc(1_000);
		for (let sent = 1; sent < 15_000; sent++) {
			const written = sender.publishAsync("spBv1.0/pilot/DDATA/line-1/U500", payload);
			if (sent % 100 === 0) await written;
		}
		await sender.publishAsync("spBv1.0/pilot/DDATA/line-1/U500", payload, { qos: 1 });
		expect(heard).toBe(1);
		goOn();
		await eventually(() => heard === 15_000);
	});

	test.each([
		["TLS 1.1", "TLSv1.1", false],
		["TLS 1.2", "TLSv1.2", true],
		["TLS 1.3", "TLSv1.3", true],
	] as const)("%s: accepted only from 1.2 on", async (_title, version, isAccepted) => {
		const socket = connectTls({
			...{ host: "localhost", port: plant.broker.port, ca: readFileSync(plant.caFile) },
			...{ minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" },
		});
		onTestFinished(() => void socket.destroy());
		const outcome = await new Promise((resolve) => {
			socket.once("secureConnect", () => resolve(socket.getProtocol()));
			socket.once("error", ({ message }) => resolve(message));
		});
		expect(outcome).toEqual(isAccepted ? version : expect.stringMatching(/protocol version/));
	});

	test("two agents and a collector work through it: births, data, commands, deaths", async () => {
		const { caFile } = plant;
		const tls = { caFile, certificateFile: undefined, keyFile: undefined, serverName: undefined };
		const as = (username: string) => ({ username, password: passwordOf(username), tls });
		const all = await hears(await connected(plant, observer), "#");
		const taken = {
			...{ telemetry: quietTelemetry(), records: [] as IncomingRecord[], progress: [] as string[] },
			...{ held: [] as { held: readonly HeldEpoch[]; atBirth: boolean }[] },
			...{ series: [] as Series[], gaps: [] as GapRow[] },
		};
		const host = hostOver(
			plainBroker(plant.url, { clientId: "host", protocol: "5.0", ...as(collector) }),
			taken,
		);
		onTestFinished(() => host.stop());
		host.start();
		const lines = [
			{ edgeNode: "line-1", protocol: "3.1.1", connection: as(agent) },
			{ edgeNode: "line-2", protocol: "5.0", connection: as(secondAgent) },
		] as const;
		const starting = lines.map(async ({ edgeNode, ...rest }) => {
			const line = await publishingAgent({
				...{ folder: temporaryFolder(), brokerUrl: plant.url, primary: true, ...rest },
				names: { group: "pilot", edgeNode, host: "pilotline" },
			});
			await line.publisher.start();
			line.cycle(1);
			return line;
		});
		const started = await Promise.all(starting);
		await eventually(() => taken.records.filter(({ device }) => device === "F500").length === 2);
		for (const { edgeNode, epoch, last } of taken.records) host.confirm(edgeNode, epoch, last);
		for (const { delivery, journal } of started)
			await eventually(() => delivery.lowWater(journal.held()).offset === 3);
		// The agents hear that their primary host is gone, and say their own deaths.
		await host.stop();
		await eventually(() => started.every(({ publisher }) => !publisher.connected));
		for (const { edgeNode } of lines) {
			const saw = (type: string) => all.some((text) => text.startsWith(`spBv1.0/pilot/${type}/${edgeNode}`));
			await eventually(() => ["NBIRTH", "DBIRTH", "DDATA", "NCMD", "NDEATH"].every(saw));
		}
	});
});
