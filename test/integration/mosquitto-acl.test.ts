import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { GapRow, IncomingRecord, Series } from "../../collector/pipeline.ts";
import type { HeldEpoch } from "../../common/contract/delivery.ts";
import { payloadBytesMax } from "../../common/runtime/mqtt-link.ts";
import { hostOver } from "../collector/host/host-rig.ts";
import { Authority } from "../helpers/certificates.ts";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { plainBroker } from "../helpers/plain-broker.ts";
import { quietTelemetry } from "../helpers/quiet-telemetry.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { eventually } from "../simulators/plant/eventually.ts";
import { publishingAgent } from "./publisher-rig.ts";

const shipped = join(import.meta.dirname, "../../examples/mosquitto");
const agent = "agent-line-1";
const collector = "collector-pilotline";
/** Sees everything; the only line that is not as shipped. */
const observer = "test-observer";
const passwordOf = (user: string) => `${user}-has-a-password`;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A Mosquitto with the files as they are shipped; only its port and the places of its files are the test's. */
async function secured(program: string) {
	const folder = temporaryFolder();
	const authority = await Authority.create("plant");
	const server = await authority.issue("server", ["localhost", "127.0.0.1"]);
	const passwords = join(folder, "passwords");
	const users = [agent, collector, observer];
	writeFileSync(passwords, users.map((user) => `${user}:${passwordOf(user)}\n`).join(""), { mode: 0o600 });
	execFileSync(join(dirname(program), "../bin/mosquitto_passwd"), ["-U", passwords], { stdio: "pipe" });
	const acl = join(folder, "acl");
	writeFileSync(acl, `${readFileSync(join(shipped, "acl"), "utf8")}\nuser ${observer}\ntopic readwrite #\n`, {
		mode: 0o600,
	});
	const settings = readFileSync(join(shipped, "mosquitto.conf"), "utf8")
		.replace("listener 8883\n", "")
		.replace("/etc/mosquitto/pilotline/server.crt", server.certificateFile)
		.replace("/etc/mosquitto/pilotline/server.key", server.keyFile)
		.replace("/etc/mosquitto/pilotline/passwords", passwords)
		.replace("/etc/mosquitto/pilotline/acl", acl);
	const broker = await Mosquitto.start(program, settings);
	return { url: `mqtts://localhost:${broker.port}`, caFile: authority.caFile };
}

type Secured = Awaited<ReturnType<typeof secured>>;

async function connected(
	{ url, caFile }: Secured,
	user: string,
	options: IClientOptions = {},
): Promise<MqttClient> {
	const client = await connectAsync(url, {
		...{ username: user, password: passwordOf(user), ca: readFileSync(caFile), reconnectPeriod: 0 },
		...options,
	});
	onTestFinished(() => client.endAsync(true));
	return client;
}

/** Topics of everything that a client is given. */
async function hears(client: MqttClient, ...filters: string[]): Promise<string[]> {
	const topics: string[] = [];
	client.on("message", (topic) => topics.push(topic));
	await client.subscribeAsync(filters, { qos: 1 }).catch(() => undefined);
	return topics;
}

describeWithPeer("mosquitto", "the Mosquitto configuration that is shipped", (program) => {
	let broker: Secured;
	beforeEach(async () => {
		broker = await secured(program);
	});

	describe.each([4, 5] as const)("MQTT protocol level %i", (protocolVersion) => {
		/** What arrives when a user publishes on forbidden topics, and on allowed ones behind them. */
		const arrives = async (user: string, forbidden: readonly string[], allowed: readonly string[]) => {
			const all = await hears(await connected(broker, observer, { protocolVersion }), "#");
			// Each has a connection of its own, because Mosquitto may end that of whoever is not allowed to.
			const said = (topic: string) =>
				connected(broker, user, { protocolVersion }).then((client) => client.publishAsync(topic, "x"));
			for (const topic of [...forbidden, ...allowed]) await said(topic);
			await eventually(() => all.length >= allowed.length);
			await pause(200);
			return all;
		};

		test("an agent's credentials publish what its own node says, and nothing else", async () => {
			const own = [
				...["NBIRTH", "NDATA", "NDEATH"].map((type) => `spBv1.0/pilot/${type}/line-1`),
				...["DBIRTH", "DDATA", "DDEATH"].map((type) => `spBv1.0/pilot/${type}/line-1/U500`),
			];
			const others = [
				...["NBIRTH", "NDATA", "NDEATH"].map((type) => `spBv1.0/pilot/${type}/line-2`),
				"spBv1.0/pilot/DDATA/line-2/U500",
				"spBv1.0/other/NBIRTH/line-1",
				"spBv1.0/pilot/NCMD/line-1",
				"spBv1.0/pilot/NCMD/line-2",
				"spBv1.0/pilot/DCMD/line-1/U500",
				"spBv1.0/STATE/pilotline",
				"spBv1.0/pilot/DDATA/line-1",
				"anything",
			];
			expect(await arrives(agent, others, own)).toEqual(own);
		});

		test("a collector's credentials publish commands to edge nodes and its own STATE, and nothing else", async () => {
			const own = ["spBv1.0/pilot/NCMD/line-1", "spBv1.0/pilot/NCMD/line-2", "spBv1.0/STATE/pilotline"];
			const others = [
				"spBv1.0/pilot/NBIRTH/line-1",
				"spBv1.0/pilot/DDATA/line-1/U500",
				"spBv1.0/pilot/DCMD/line-1/U500",
				"spBv1.0/other/NCMD/line-1",
				"spBv1.0/STATE/another",
			];
			expect(await arrives(collector, others, own)).toEqual(own);
		});

		test("an agent hears its own commands and its collector's STATE only; a collector its group", async () => {
			const heard = [
				await hears(await connected(broker, agent, { protocolVersion }), "#"),
				await hears(
					await connected(broker, agent, { protocolVersion, clientId: "second" }),
					"spBv1.0/pilot/NCMD/line-1",
					"spBv1.0/STATE/pilotline",
					"spBv1.0/pilot/NCMD/line-2",
					"spBv1.0/pilot/+/line-2",
				),
				await hears(
					await connected(broker, collector, { protocolVersion }),
					"spBv1.0/pilot/#",
					"spBv1.0/STATE/pilotline",
					"spBv1.0/other/#",
				),
			];
			const all = await connected(broker, observer, { protocolVersion });
			const topics = [
				"spBv1.0/pilot/NCMD/line-1",
				"spBv1.0/pilot/NCMD/line-2",
				"spBv1.0/pilot/NDATA/line-2",
				"spBv1.0/other/NDATA/line-1",
				"spBv1.0/STATE/pilotline",
				"elsewhere",
			];
			for (const topic of topics) await all.publishAsync(topic, "x", { qos: 1 });
			await eventually(() => heard[2]?.length === 4);
			await pause(200);
			const mine = ["spBv1.0/pilot/NCMD/line-1", "spBv1.0/STATE/pilotline"];
			expect(heard[0]).toEqual(mine);
			expect(heard[1]).toEqual(mine);
			expect(heard[2]).toEqual([...topics.slice(0, 3), "spBv1.0/STATE/pilotline"]);
		});

		test("a will for another node is not delivered, one for its own is", async () => {
			const all = await hears(await connected(broker, observer, { protocolVersion }), "#");
			for (const node of ["line-2", "line-1"]) {
				const will = { topic: `spBv1.0/pilot/NDEATH/${node}`, payload: Buffer.from("x"), qos: 1 as const };
				const client = await connected(broker, agent, {
					...{ protocolVersion, will, clientId: `will-${node}` },
				}).catch(() => undefined);
				client?.stream.destroy();
			}
			await eventually(() => all.length > 0);
			await pause(200);
			expect(all).toEqual(["spBv1.0/pilot/NDEATH/line-1"]);
		});

		test.each([
			["nobody", undefined, undefined],
			["an unknown user", "somebody", "secret"],
			["a wrong password", agent, "wrong"],
		])("%s does not get in", async (_, username, password) => {
			await expect(
				connectAsync(broker.url, {
					...{ protocolVersion, ca: readFileSync(broker.caFile), reconnectPeriod: 0 },
					...(username === undefined ? {} : { username, password: password as string }),
				}),
			).rejects.toThrow(/not authorized|bad user/i);
		});
	});

	test("an agent and a collector work through it: births, data, confirmation", async () => {
		const tls = {
			caFile: broker.caFile,
			certificateFile: undefined,
			keyFile: undefined,
			serverName: undefined,
		};
		const as = (username: string) => ({ username, password: passwordOf(username), tls });
		const taken = {
			...{ telemetry: quietTelemetry(), records: [] as IncomingRecord[], progress: [] as string[] },
			...{ held: [] as { held: readonly HeldEpoch[]; atBirth: boolean }[] },
			...{ series: [] as Series[], gaps: [] as GapRow[] },
		};
		const host = hostOver(plainBroker(broker.url, { clientId: "host", ...as(collector) }), taken);
		onTestFinished(() => host.stop());
		host.start();
		const line = await publishingAgent({
			...{ folder: temporaryFolder(), brokerUrl: broker.url, primary: true, connection: as(agent) },
			names: { group: "pilot", edgeNode: "line-1", host: "pilotline" },
		});
		await line.publisher.start();
		line.cycle(1);
		await eventually(() => taken.records.some(({ device }) => device === "F500"), 20_000);
		host.confirm(1, 1_001, 2);
		await eventually(() => line.delivery.lowWater(line.journal.held()).offset === 3, 20_000);
		await host.stop();
		await eventually(() => line.publisher.connected === false, 20_000);
	});

	test("its bounds are those of the product", () => {
		const conf = readFileSync(join(shipped, "mosquitto.conf"), "utf8");
		const max = Number(/^max_packet_size (\d+)$/m.exec(conf)?.[1]);
		expect(max - payloadBytesMax).toBe(128 * 1024);
		expect(conf).toMatch(/^tls_version tlsv1\.2$/m);
		expect(conf).not.toMatch(/^listener 1883/m);
	});
});
