import type { Socket } from "node:net";
import mqtt, { type MqttClient } from "mqtt";
import { brokerConnection, isPlain } from "../../common/runtime/broker-config.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { BrokerConnection } from "../../common/runtime/mqtt-link.ts";
import { connectionReason, openMqttSocket } from "../../common/runtime/mqtt-socket.ts";
import { ApiClient } from "../api-client.ts";
import type { Patient } from "./doctor.ts";
import type { Report, Subject } from "./finding.ts";
import { reached } from "./server-checks.ts";

const dayMs = 86_400_000;
const expiresSoonDays = 30;
const stateWithinMs = 1_500;
const answerWithinMs = 5_000;
const refusedFrom = 0x80;
/** More than this of a running agent is a backlog. */
const unconfirmedMax = 1_000;

type Protocol = "3.1.1" | "5.0";

/** Every server of the broker: name, port, TLS, login, and the rights of the agent's user. */
export function brokerSubjects(
	patient: Patient,
	isNodeOnline: () => Promise<boolean | undefined>,
): Subject[] {
	const { config } = patient;
	const urls = [config.broker.url, ...config.broker.further_urls];
	return urls.map((url, index) => ({
		about: index === 0 ? "broker" : `broker ${index + 1}`,
		look: async (report) => {
			const connection = await brokerConnection(config.broker, patient.directory, "");
			const { hostname, port, protocol } = new URL(url);
			const isTls = protocol === "mqtts:";
			const host = hostname.replace(/^\[(.*)\]$/, "$1");
			const number = port === "" ? (isTls ? 8_883 : 1_883) : Number(port);
			if (!(await reached(host, number, connection.connectTimeoutMs, report))) return;
			if (!isTls && isPlain(config.broker))
				report(
					"encryption",
					"warn",
					"none: values and the password can be read on their way",
					"use mqtts:// and leave insecure out",
				);
			if (isTls && !(await tlsOnly(url, connection, report))) return;
			if (patient.isRunning) {
				await shownByAgent(patient, url, report);
				return;
			}
			// A broker may allow a user one connection, and this one is in use elsewhere.
			if ((await isNodeOnline()) === true) {
				const todo = "is another agent of the same name running?";
				report(
					"login",
					"unknown",
					"not tried: the collector has the edge node online, and not from here",
					todo,
				);
				return;
			}
			const opened = await login(url, connection, report);
			if (opened === undefined) return;
			try {
				await hears(opened, patient, report);
			} finally {
				await left(opened);
			}
			await publishes(url, connection, patient, isNodeOnline, report);
		},
	}));
}

/** A client with an id of its own, no will, and nothing kept. */
async function open(url: string, connection: BrokerConnection, protocol: Protocol) {
	const held: { socket?: Socket } = {};
	const { certificates } = await openMqttSocket({
		...{ url, tls: connection.tls, timeoutMs: connection.connectTimeoutMs, clock: systemClock },
		onSocket: (socket) => {
			held.socket = socket;
		},
	});
	const client = new mqtt.MqttClient(() => held.socket as Socket, {
		...(protocol === "5.0" ? { protocolVersion: 5 as const } : { protocolVersion: 4 as const }),
		clientId: `pilotline-doctor-${process.pid}-${Math.random().toString(36).slice(2, 8)}`,
		...{ clean: true, reconnectPeriod: 0, connectTimeout: connection.connectTimeoutMs, queueQoSZero: false },
		...(connection.username === undefined ? {} : { username: connection.username }),
		...(connection.password === undefined ? {} : { password: connection.password }),
	});
	client.on("error", () => undefined);
	const problem = await new Promise<string | undefined>((resolve) => {
		client.once("connect", () => resolve(undefined));
		client.once("error", (error) => resolve(connectionReason(error)));
		client.once("close", () => resolve("the broker closed the connection"));
	});
	if (problem === undefined) return { client, socket: held.socket as Socket, certificates };
	client.end(true);
	throw new Error(problem);
}

async function login(
	url: string,
	connection: BrokerConnection,
	report: Report,
): Promise<MqttClient | undefined> {
	const { protocol, username } = connection;
	try {
		const { client } = await open(url, connection, protocol);
		report(
			"login",
			"ok",
			`MQTT ${protocol}, ${username === undefined ? "without a user" : `user ${username}`}`,
		);
		return client;
	} catch (error) {
		const todo = "correct broker.username and password_file, or the broker's users; see the broker's log";
		report("login", "fail", errorText(error), todo);
		return undefined;
	}
}

/** The handshake, and nothing behind it. */
async function tlsOnly(url: string, connection: BrokerConnection, report: Report): Promise<boolean> {
	let socket: Socket | undefined;
	try {
		const { certificates } = await openMqttSocket({
			...{ url, tls: connection.tls, timeoutMs: connection.connectTimeoutMs, clock: systemClock },
			onSocket: (one) => {
				socket = one;
			},
		});
		for (const { whose, subject, expiresMs } of certificates) {
			const days = Math.floor((expiresMs - Date.now()) / dayMs);
			const text = `${whose === "broker" ? "the broker's" : "our"} certificate ${subject}, ${days} days left`;
			if (days > expiresSoonDays) report("TLS", "ok", text);
			else report("TLS", "warn", text, "renew it; the next connection uses the new one");
		}
		return true;
	} catch (error) {
		report("TLS", "fail", errorText(error), "see broker.tls in agent/README.md");
		return false;
	} finally {
		socket?.destroy();
	}
}

/** What the agent is to hear: its commands, and whether its hosts are there. */
async function hears(client: MqttClient, { config }: Patient, report: Report): Promise<void> {
	const states = new Map<string, string>();
	client.on("message", (topic, payload) => states.set(topic, payload.toString("utf8").slice(0, 200)));
	const node = `${config.group}/NCMD/${config.edge_node}`;
	const filters = [`spBv1.0/${node}`, `spBv1.0/${node.replace("NCMD", "DCMD")}/#`];
	const stateOf = (id: string) => `spBv1.0/STATE/${id}`;
	const granted = await subscribed(client, [...filters, ...config.hosts.map(({ id }) => stateOf(id))]);
	const refused = granted.filter(({ qos }) => qos >= refusedFrom).map(({ topic }) => topic);
	if (refused.length > 0)
		report(
			"hearing",
			"fail",
			`refused: ${refused.join(", ")}`,
			"give the user the rights of examples/mosquitto/acl",
		);
	else
		report(
			"hearing",
			"unknown",
			"commands: granted; some brokers grant everything and then deliver what is allowed",
			"the states below are proof for themselves; commands show when the collector confirms",
		);
	const endMs = performance.now() + stateWithinMs;
	while (states.size < config.hosts.length && performance.now() < endMs)
		await new Promise((resolve) => setTimeout(resolve, 20));
	for (const { id } of config.hosts) {
		const state = states.get(stateOf(id));
		if (state === undefined)
			report(
				`host ${id}`,
				"warn",
				"no STATE is heard",
				`it has never been there, or the user may not read ${stateOf(id)}`,
			);
		else if (/"online"\s*:\s*true/.test(state)) report(`host ${id}`, "ok", "online");
		else report(`host ${id}`, "warn", "offline", "the journal keeps what it has not confirmed");
	}
}

async function subscribed(client: MqttClient, topics: string[]): Promise<{ topic: string; qos: number }[]> {
	return await new Promise((resolve) => {
		client.subscribe(topics, { qos: 1 }, (_error, granted) =>
			resolve((granted ?? []).map(({ topic, qos }) => ({ topic, qos: qos as number }))),
		);
	});
}

/**
 * What the agent may publish. MQTT 3.1.1 has no word for a refusal, MQTT 5 has: a message of QoS 2 is answered by PUBREC
 * with the reason, and given to nobody before PUBREL (OASIS MQTT 5.0 §4.3.3), which is never sent. Brokers may still hand it
 * on at once, so it is only tried while nobody is there whom an empty message of the edge node could disturb.
 */
async function publishes(
	url: string,
	connection: BrokerConnection,
	patient: Patient,
	isNodeOnline: () => Promise<boolean | undefined>,
	report: Report,
): Promise<void> {
	const { config } = patient;
	if ((await isNodeOnline()) === undefined) {
		const why = "not tried: whether the edge node is online elsewhere is not known";
		report("publishing", "unknown", why, "say --collector");
		return;
	}
	const device = config.devices[0]?.name ?? "device";
	const of = (type: string) => `spBv1.0/${config.group}/${type}/${config.edge_node}`;
	const topics = [
		of("NBIRTH"),
		of("NDATA"),
		of("NDEATH"),
		...["DBIRTH", "DDATA", "DDEATH"].map((type) => `${of(type)}/${device}`),
	];
	const refused: string[] = [];
	try {
		for (const topic of topics) {
			const reason = await tryPublish(url, connection, topic);
			if (reason >= refusedFrom) refused.push(`${topic} (0x${reason.toString(16)})`);
		}
	} catch (error) {
		report(
			"publishing",
			"unknown",
			`cannot be known: ${errorText(error)}`,
			"MQTT 3.1.1 does not tell a client that it may not publish; see the broker's log when the agent runs",
		);
		return;
	}
	if (refused.length === 0)
		report("publishing", "ok", `births, data and deaths of ${config.group}/${config.edge_node}`);
	else
		report(
			"publishing",
			"fail",
			`refused: ${refused.join(", ")}`,
			"give the user the rights of examples/mosquitto/acl",
		);
}

/** The reason of PUBREC. @throws Error when the broker does not speak MQTT 5, or answers otherwise */
async function tryPublish(url: string, connection: BrokerConnection, topic: string): Promise<number> {
	const { client, socket } = await open(url, connection, "5.0");
	try {
		return await new Promise<number>((resolve, reject) => {
			const late = setTimeout(
				() => reject(new Error(`no answer within ${answerWithinMs} ms`)),
				answerWithinMs,
			);
			client.once("close", () => {
				clearTimeout(late);
				reject(new Error("the broker closed the connection"));
			});
			client.on("packetreceive", (packet) => {
				if (packet.cmd !== "pubrec") return;
				clearTimeout(late);
				resolve((packet as { reasonCode?: number }).reasonCode ?? 0);
				// Before the library answers with PUBREL.
				socket.destroy();
			});
			client.publish(topic, "", { qos: 2 }, () => undefined);
		});
	} finally {
		client.end(true);
	}
}

/**
 * Beside a running agent nobody else logs in as its user: brokers that allow a user one connection, as the shipped one does,
 * would end the agent's. What it says itself is better proof, too.
 */
async function shownByAgent({ config }: Patient, url: string, report: Report): Promise<void> {
	const { host, port } = config.status;
	const status = await new ApiClient(`http://${host}:${port}`)
		.get<{
			broker: { url: string; connected: boolean; hostsOnline: string[] };
			delivery: { unconfirmedRecords: number };
		}>("/status")
		.catch(() => undefined);
	if (status === undefined || status.broker.url !== url) {
		report("login", "unknown", "not tried beside a running agent, which does not use this server");
		return;
	}
	const { broker, delivery } = status;
	if (broker.connected) report("login", "ok", "the running agent is connected");
	else {
		report("login", "fail", "the running agent is not connected", "its log says why");
		return;
	}
	const hosts = broker.hostsOnline.join(", ");
	if (hosts === "")
		report(
			"hearing",
			"warn",
			"the running agent hears of no host application",
			"start the collector, or see the user's rights",
		);
	else report("hearing", "ok", `the running agent hears that ${hosts} is online`);
	const text = `by the running agent, ${delivery.unconfirmedRecords} records unconfirmed`;
	if (hosts !== "" && delivery.unconfirmedRecords < unconfirmedMax) report("publishing", "ok", text);
	else
		report(
			"publishing",
			"warn",
			text,
			"when it does not become less, the user may not publish, or the collector does not hear it",
		);
}

async function left(client: MqttClient): Promise<void> {
	await new Promise<void>((resolve) => {
		const late = setTimeout(resolve, 1_000);
		client.end(false, {}, () => {
			clearTimeout(late);
			resolve();
		});
	});
}
