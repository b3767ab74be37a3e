import { DataType, type StatusCode, StatusCodes } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import { counter, pause } from "../faults/whole.ts";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { namespaceUri, SmallOpcuaServer } from "../integration/small-opcua-server.ts";
import { agentName, group, OwnAgent } from "./own-side.ts";
import { describeWithTahu, type TahuEvent, TahuHost } from "./tahu.ts";
import { everyType } from "./tahu-values.ts";

const device = "unit";
const hostName = "tahu";

/** Every data type of a tag, and OPC UA's that it is read from. */
const opcuaTypes = {
	...{ Int8: DataType.SByte, Int16: DataType.Int16, Int32: DataType.Int32, Int64: DataType.Int64 },
	...{ UInt8: DataType.Byte, UInt16: DataType.UInt16, UInt32: DataType.UInt32, UInt64: DataType.UInt64 },
	...{ Float: DataType.Float, Double: DataType.Double, Boolean: DataType.Boolean, String: DataType.String },
	...{ DateTime: DataType.DateTime, Bytes: DataType.ByteString },
} as const;
type TypeName = keyof typeof opcuaTypes;
const typeNames = Object.keys(opcuaTypes) as TypeName[];

/** A value in Tahu's JSON as node-opcua takes it. */
function opcuaValue(type: TypeName, value: unknown): unknown {
	if (type === "DateTime") return new Date(Number(value));
	if (type === "Bytes") return Buffer.from(String(value), "hex");
	if (type !== "Int64" && type !== "UInt64") return value;
	const bits = BigInt.asUintN(64, BigInt(String(value)));
	return [Number(bits >> 32n), Number(bits & 0xffff_ffffn)];
}

/** What a Tahu host is expected to see of a tag. */
interface Seen {
	readonly name: string;
	readonly type: string;
	readonly value: unknown;
	readonly timestamp: string;
	readonly quality: number | null;
	readonly status: unknown;
}

/** Metrics of tags in messages of these kinds, from event `from` on. */
function seen(host: TahuHost, messages: readonly string[], from = 0): Seen[] {
	return host
		.all("metric", from)
		.filter(({ message, name }) => messages.includes(String(message)) && typeNames.includes(name as TypeName))
		.map(({ name, type, value, timestamp, quality, properties }) => ({
			...{ name: String(name), type: String(type), value, timestamp: String(timestamp) },
			quality: (quality ?? null) as number | null,
			status: (properties as { StatusCode?: { value: unknown } } | undefined)?.StatusCode?.value ?? 0,
		}));
}

async function sides(program: string, options: { primary?: true; hostLater?: boolean } = {}) {
	const broker = await Mosquitto.start(program);
	const server = new SmallOpcuaServer<TypeName>(temporaryFolder(), opcuaTypes);
	await server.start();
	onTestFinished(() => server.stop());
	const agent = await OwnAgent.at({
		...{ brokerUrl: broker.url, serverPort: server.port, namespace: namespaceUri },
		...{ tags: typeNames.map((type) => ({ name: type, type })) },
		host: { id: hostName, ...(options.primary ? { primary: true as const } : {}) },
	});
	const newHost = () => TahuHost.start({ url: broker.url, hostId: hostName, group });
	return { broker, server, agent, newHost };
}

/** Writes a value of every type and returns what a host has to see. */
function writeAll(
	server: SmallOpcuaServer<TypeName>,
	which: "least" | "greatest" | "odd",
	atMs: number,
	status: StatusCode = StatusCodes.Good,
	quality: number | null = null,
): Seen[] {
	const values = new Map(everyType(which, "of").map(({ type, value }) => [type, value]));
	return typeNames.map((type) => {
		const value = values.get(type);
		server.write(type, opcuaValue(type, value), atMs, status);
		return { name: type, type, value, timestamp: String(atMs), quality, status: status.value };
	});
}

const complete = (host: TahuHost, message: string, from = 0): Promise<TahuEvent> =>
	host.until((event) => event.event === "complete" && event.message === message, 30_000, from);

const sorted = (of: readonly Seen[]) =>
	[...of].sort((a, b) => Number(a.timestamp) - Number(b.timestamp) || (a.name < b.name ? -1 : 1));

async function arrived(host: TahuHost, written: readonly Seen[]): Promise<void> {
	await expect
		.poll(() => seen(host, ["DDATA"]), { timeout: 15_000 })
		.toEqual(expect.arrayContaining([...written]));
}

describeWithTahu("the agent with Tahu's host", () => {
	describeWithPeer("mosquitto", "on a Mosquitto", (program) => {
		test("every data type, status and time arrives as the plant server had it", async () => {
			const { server, agent, newHost } = await sides(program);
			const host = await newHost();
			await host.until(({ event }) => event === "ready");
			const startMs = Date.now() - 10_000;
			const first = writeAll(server, "least", startMs);
			agent.process.start();
			await complete(host, "DBIRTH");
			// Births repeat current values or say that there are none yet; the values themselves are data.
			const rest: Seen[] = [];
			await expect.poll(() => seen(host, ["DDATA"]).length, { timeout: 15_000 }).toBe(first.length);
			rest.push(...writeAll(server, "greatest", startMs + 1_000));
			await pause(200);
			rest.push(...writeAll(server, "odd", startMs + 2_000));
			await pause(200);
			rest.push(...writeAll(server, "least", startMs + 3_000, StatusCodes.UncertainLastUsableValue, 0));
			await pause(200);
			rest.push(...writeAll(server, "greatest", startMs + 4_000, StatusCodes.BadSensorFailure, 0));
			await pause(200);
			rest.push(...writeAll(server, "odd", startMs + 5_000, StatusCodes.BadNoCommunication, 500));
			const wanted = sorted([...first, ...rest]);
			await expect.poll(() => seen(host, ["DDATA"]).length, { timeout: 15_000 }).toBe(wanted.length);
			expect(sorted(seen(host, ["DDATA"]))).toEqual(wanted);

			// Numbers that JSON and integers do not have, and text that is none.
			const from = host.events.length;
			for (const [index, value] of [
				Number.NaN,
				Number.POSITIVE_INFINITY,
				Number.NEGATIVE_INFINITY,
			].entries()) {
				for (const name of ["Float", "Double"] as const) server.write(name, value, startMs + 6_000 + index);
				await pause(100);
			}
			server.write("String", null, startMs + 6_000);
			await expect.poll(() => seen(host, ["DDATA"], from).length, { timeout: 15_000 }).toBe(7);
			const of = (name: string) => seen(host, ["DDATA"], from).filter((metric) => metric.name === name);
			for (const name of ["Float", "Double"])
				expect(of(name).map(({ value }) => value)).toEqual(["NaN", "Infinity", "-Infinity"]);
			expect(of("String").map(({ value }) => value)).toEqual([null]);
			expect(host.all("log")).toEqual([]);
			expect(host.all("error")).toEqual([]);
		});

		test("births come again when asked for, with and without a data type, and repeat the current values", async () => {
			const { server, agent, newHost } = await sides(program);
			const host = await newHost();
			await host.until(({ event }) => event === "ready");
			agent.process.start();
			await complete(host, "DBIRTH");
			const wanted = writeAll(server, "greatest", Date.now() - 1_000);
			await arrived(host, wanted);
			await pause(1_500);
			for (const typed of [false, true]) {
				const from = host.events.length;
				host.send({ do: "rebirth", edge: agentName, typed });
				await complete(host, "DBIRTH", from);
				expect(
					host.all("message", from).filter(({ message }) => String(message).endsWith("BIRTH")),
				).toMatchObject([
					{ message: "NBIRTH", seq: 0 },
					{ message: "DBIRTH", seq: 1 },
				]);
				expect(sorted(seen(host, ["DBIRTH"], from))).toEqual(sorted(wanted));
			}
			expect(host.all("death")).toEqual([]);
		});

		test("a command that writes is refused, named and counted, and the plant is not touched", async () => {
			const { server, agent, newHost } = await sides(program);
			const host = await newHost();
			await host.until(({ event }) => event === "ready");
			agent.process.start();
			await complete(host, "DBIRTH");
			const wanted = writeAll(server, "greatest", Date.now() - 1_000);
			await arrived(host, wanted);
			const from = host.events.length;
			host.send({
				do: "command",
				edge: agentName,
				metrics: [{ name: "Int32", type: "Int32", value: 7 }],
				typed: true,
			});
			host.send({
				do: "command",
				edge: agentName,
				device,
				metrics: [{ name: "Int32", type: "Int32", value: 7 }],
				typed: true,
			});
			host.send({
				...{ do: "command", edge: agentName, typed: true },
				metrics: [
					{ name: "Delivery/Host", type: "String", value: "nobody" },
					{ name: "Delivery/Epoch", type: "Int64", value: "1" },
					{ name: "Delivery/Confirmed", type: "Int64", value: "9007199254740992" },
				],
			});
			const refused = () => counter(agent.url, "pilotline_agent_commands_refused_total");
			await expect.poll(refused, { timeout: 10_000 }).toBeGreaterThanOrEqual(2);
			await pause(500);
			expect(seen(host, ["DDATA", "DBIRTH"], from)).toEqual([]);
			expect(agent.process.log).toMatch(/command refused/);
		});

		test("deaths of device and edge node are seen, and both come back", async () => {
			const { server, agent, newHost } = await sides(program);
			const host = await newHost();
			await host.until(({ event }) => event === "ready");
			agent.process.start();
			await complete(host, "DBIRTH");
			const written = writeAll(server, "least", Date.now() - 1_000);
			await arrived(host, written);
			let from = host.events.length;
			await server.stop();
			// Without confirmations the device lives until nothing of it waits: 1.5 × keep-alive + 10 s.
			await host.until(({ event, message }) => event === "death" && message === "DDEATH", 60_000, from);
			// Before it died its tags were Bad, each with the reason.
			const bad = seen(host, ["DDATA"], from);
			expect(new Set(bad.map(({ name }) => name)).size).toBe(typeNames.length);
			for (const { quality, value } of bad) expect([quality, value]).toEqual([500, null]);
			from = host.events.length;
			await server.start();
			await complete(host, "DBIRTH", from);

			from = host.events.length;
			await agent.process.kill();
			await host.until(({ event, message }) => event === "death" && message === "NDEATH", 30_000, from);
			agent.process.start();
			await complete(host, "DBIRTH", from);
			from = host.events.length;
			await agent.process.kill("SIGTERM");
			await host.until(({ event, message }) => event === "death" && message === "NDEATH", 30_000, from);
		});

		test("as its primary host it is waited for, and rolling delivery gives it what came meanwhile", async () => {
			const { server, agent, newHost } = await sides(program, { primary: true });
			agent.process.start();
			await agent.reads();
			let counted = 0;
			const count = async (times: number) => {
				for (let n = 0; n < times; n++) {
					server.write("Int32", ++counted, Date.now());
					await pause(50);
				}
			};
			await count(60);
			const first = await newHost();
			await first.until(({ event }) => event === "ready");
			await complete(first, "DBIRTH");
			await count(40);
			first.send({ do: "kill" });
			await first.stop();
			await count(60);
			const second = await newHost();
			await second.until(({ event }) => event === "ready");
			await complete(second, "DBIRTH");
			await count(20);
			const values = () =>
				new Set([first, second].flatMap((host) => seen(host, ["DDATA"])).map(({ value }) => Number(value)));
			await expect.poll(() => values().has(counted), { timeout: 30_000 }).toBe(true);
			await pause(2_000);
			const lost = Array.from({ length: counted }, (_, index) => index + 1).filter(
				(value) => !values().has(value),
			);
			expect(lost).toEqual([]);
			const historical = second
				.all("metric")
				.filter(({ name, historical }) => name === "Int32" && historical === true);
			expect(historical.length).toBeGreaterThan(0);
		});

		test("rolling delivery through three deaths of the broker and two of the host: nothing is lost, and what is doubled is measured", {
			timeout: 300_000,
		}, async () => {
			const { broker, server, agent, newHost } = await sides(program);
			const hosts = [await newHost()];
			const host = () => hosts.at(-1) as TahuHost;
			await host().until(({ event }) => event === "ready");
			agent.process.start();
			await complete(host(), "DBIRTH");
			let written = 0;
			const writing = setInterval(() => server.write("Int32", ++written, Date.now()), 20);
			onTestFinished(() => clearInterval(writing));
			await pause(10_000);
			for (const dies of ["broker", "host", "broker", "host", "broker"]) {
				const from = host().events.length;
				if (dies === "broker") {
					await broker.kill();
					await pause(3_000);
					await broker.start();
					await complete(host(), "DBIRTH", from);
				} else {
					host().send({ do: "kill" });
					await host().stop();
					await pause(3_000);
					hosts.push(await newHost());
					await host().until(({ event }) => event === "ready");
					await complete(host(), "DBIRTH");
				}
				await pause(10_000);
			}
			clearInterval(writing);
			const took = () =>
				hosts
					.flatMap((each) => seen(each, ["DDATA"]))
					.filter(({ name, value }) => name === "Int32" && Number(value) > 0)
					.map(({ value }) => Number(value));
			await expect.poll(() => took().includes(written), { timeout: 60_000 }).toBe(true);
			await pause(2_000);
			const received = took();
			const distinct = new Set(received);
			const lost = Array.from({ length: written }, (_, index) => index + 1).filter(
				(value) => !distinct.has(value),
			);
			process.stderr.write(
				`rolling: ${written} values, ${lost.length} lost, ${received.length - distinct.size} received again\n`,
			);
			expect(lost).toEqual([]);
		});
	});
});
