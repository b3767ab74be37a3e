import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { describeWithTahu, TahuEdge, type TahuEdgeOptions, type TahuEvent, TahuHost } from "./tahu.ts";
import { everyType, tahuTypes } from "./tahu-values.ts";

const group = "interop";
const edgeNode = "tahu";
const device = "unit";

/** Both programs on one broker, the host subscribed and the edge node's births received. */
async function pair(program: string, options: Partial<TahuEdgeOptions> = {}) {
	const broker = await Mosquitto.start(program);
	const [host, edge] = await Promise.all([
		TahuHost.start({ url: broker.url, hostId: "host", group }),
		TahuEdge.start({ url: broker.url, group, edge: edgeNode, device, ...options }),
	]);
	await host.until(({ event }) => event === "ready");
	edge.send({ do: "birth", node: everyType("least", "node"), device: everyType("least") });
	await edge.until(({ event }) => event === "born");
	await completed(host, "DBIRTH");
	return { broker, host, edge };
}

function completed(host: TahuHost, message: string, from = 0): Promise<TahuEvent> {
	return host.until((event) => event.event === "complete" && event.message === message, 30_000, from);
}

function published(edge: TahuEdge, message: string, from = 0): Promise<TahuEvent> {
	return edge.until((event) => event.event === "published" && event.message === message, 30_000, from);
}

/** Compares what the edge node published with what the host saw; `but` are Tahu's own mistakes. */
function expectSeen(
	host: TahuHost,
	from: number,
	edgeSaid: TahuEvent,
	but: Record<string, unknown> = {},
): void {
	const published = edgeSaid as TahuEvent & { metrics: { name: string }[] };
	const expected = published.metrics
		.filter(({ name }) => but[name] !== undefined || !(name in but))
		.map((metric) => ({ ...metric, ...(metric.name in but ? { value: but[metric.name] } : {}) }));
	const seen = host.all("metric", from).filter(({ message }) => message === published.message);
	expect(seen).toHaveLength(expected.length);
	expect(seen).toMatchObject(expected);
}

describeWithTahu("Tahu's edge node and Tahu's host", () => {
	describeWithPeer("mosquitto", "on a Mosquitto", (program) => {
		test.each([false, true])("hand on every data type, with aliases: %s", async (aliases) => {
			const { host, edge } = await pair(program, { aliases });
			expect(tahuTypes).toHaveLength(32);
			for (const message of ["NBIRTH", "DBIRTH"]) expectSeen(host, 0, await published(edge, message));
			for (const [which, more] of [
				["least", {}],
				["greatest", { quality: 192 }],
				["odd", { quality: 500, historical: true, transient: true, timestamp: "1234567890123" }],
				["null", { quality: 0 }],
			] as const) {
				for (const node of [false, true]) {
					const [from, fromEdge] = [host.events.length, edge.events.length];
					const prefix = node ? "node" : "every";
					edge.send({ do: "data", node, metrics: everyType(which, prefix).map((m) => ({ ...m, ...more })) });
					const message = node ? "NDATA" : "DDATA";
					await completed(host, message, from);
					expectSeen(host, from, await published(edge, message, fromEdge), {
						...(which === "greatest" ? { [`${prefix}/UInt8Array`]: [0, 127, -128, -1] } : {}),
						// The members' types are looked up behind the Template's name, which an alias replaces.
						...(aliases && which !== "null" ? { [`${prefix}/Template`]: undefined } : {}),
					});
				}
			}
			expect(edge.all("error")).toEqual([]);
		});

		test("a rebirth that is asked for with or without a data type is published", async () => {
			const { host, edge } = await pair(program, { bdSeq: 255 });
			for (const typed of [false, true]) {
				const from = host.events.length;
				host.send({ do: "rebirth", edge: edgeNode, typed });
				await completed(host, "DBIRTH", from);
				expect(host.all("message", from)).toMatchObject([
					{ message: "NBIRTH", seq: 0 },
					{ message: "DBIRTH", seq: 1 },
				]);
				expect(host.all("metric", from).find(({ name }) => name === "bdSeq")).toMatchObject({ value: "255" });
			}
			expect(edge.all("rebirth")).toHaveLength(2);
			const from = host.events.length;
			edge.send({ do: "reconnect" });
			await completed(host, "DBIRTH", from);
			expect(host.all("metric", from).find(({ name }) => name === "bdSeq")).toMatchObject({ value: "0" });
		});

		test("an edge node that takes types from commands alone misses a rebirth without one", async () => {
			const { host, edge } = await pair(program, { commandTypes: "none" });
			host.send({ do: "rebirth", edge: edgeNode });
			const command = await edge.until(({ event }) => event === "command");
			expect(command).toMatchObject({ message: "NCMD", unreadable: 1, metrics: [] });
			host.send({ do: "rebirth", edge: edgeNode, typed: true });
			await edge.until(({ event }) => event === "rebirth");
			expect(edge.all("command")).toHaveLength(2);
		});

		test("commands arrive with their values", async () => {
			const { host, edge } = await pair(program);
			for (const [target, message, prefix] of [
				[{}, "NCMD", "node"],
				[{ device }, "DCMD", "every"],
			] as const) {
				const from = edge.events.length;
				const metrics = everyType("greatest", prefix).filter(({ type }) => type !== "UInt8Array");
				host.send({ do: "command", edge: edgeNode, ...target, metrics });
				const command = await edge.until(({ event }) => event === "command", 30_000, from);
				expect(command).toMatchObject({ message, unreadable: 0, metrics });
			}
		});

		test("deaths of device and edge node make their metrics stale", async () => {
			const { host, edge } = await pair(program);
			let from = host.events.length;
			edge.send({ do: "deviceDeath" });
			await completed(host, "DDEATH", from);
			expect(host.all("stale", from)).toHaveLength(tahuTypes.length);
			from = host.events.length;
			edge.send({ do: "deviceBirth" });
			await completed(host, "DBIRTH", from);
			from = host.events.length;
			edge.send({ do: "kill" });
			await completed(host, "NDEATH", from);
			await edge.stop();
			expect(edge.ended).toBe(137);
			// The device's, and beside the edge node's own bdSeq and Node Control/Rebirth.
			expect(host.all("stale", from)).toHaveLength(2 * tahuTypes.length + 2);
		});

		test("an edge node waits for its primary host, and leaves when it does", async () => {
			const { broker, host } = await pair(program);
			const edge = await TahuEdge.start({
				url: broker.url,
				group,
				edge: "waits",
				device,
				primaryHost: "host",
			});
			edge.send({ do: "birth" });
			await edge.until(({ event }) => event === "born");
			const from = host.events.length;
			host.send({ do: "state", online: false });
			await host.until(({ event, message }) => event === "death" && message === "NDEATH", 30_000, from);
			expect(edge.all("state").at(-1)).toMatchObject({ host: "host", online: false });
			expect(edge.all("born")).toHaveLength(1);
			host.send({ do: "state", online: true });
			await edge.until((event) => event.event === "born" && event !== edge.all("born")[0]);
		});

		test("both find their broker again", async () => {
			const { broker, host, edge } = await pair(program);
			const [fromHost, fromEdge] = [host.events.length, edge.events.length];
			await broker.kill();
			await host.until(({ event }) => event === "disconnected", 30_000, fromHost);
			await delay(500);
			await broker.start();
			await edge.until(({ event }) => event === "born", 60_000, fromEdge);
			await host.until(({ event }) => event === "ready", 60_000, fromHost);
			const from = host.events.length;
			edge.send({ do: "birth" });
			await completed(host, "DBIRTH", from);
		});

		test("what cannot be said is an error, and both end with their input", async () => {
			const { host, edge } = await pair(program);
			edge.send({ do: "data", metrics: [{ name: "a", type: "Int8", value: 128 }] });
			expect(await edge.until(({ event }) => event === "error")).toMatchObject({ do: "data" });
			host.send({ do: "sing" });
			expect(await host.until(({ event }) => event === "error")).toMatchObject({ do: "sing" });
			await edge.stop();
			await completed(host, "NDEATH");
			await host.stop();
			expect([edge.ended, host.ended]).toEqual([0, 0]);
			expect([edge.events.at(-1), host.events.at(-1)]).toEqual([{ event: "ended" }, { event: "ended" }]);
		});
	});
});
