import { expect, test } from "vitest";
import type { LedgerGap } from "../faults/line-store.ts";
import { counter, pause } from "../faults/whole.ts";
import { Mosquitto } from "../helpers/mosquitto.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { group, hostId, OwnCollector, type StoredSample } from "./own-side.ts";
import { describeWithTahu, TahuEdge, type TahuEdgeOptions, type TahuEvent, type TahuMetric } from "./tahu.ts";
import { everyType } from "./tahu-values.ts";

const edgeNode = "tahu";
const device = "unit";
/** What a collector names and counts instead of storing it. */
const skipped = ["DataSet", "Template"];
const statusOf: Readonly<Record<string, number>> = { "192": 0, "500": 0x80310000, "0": 0x80000000 };

async function sides(program: string, options: Partial<TahuEdgeOptions> = {}) {
	const broker = await Mosquitto.start(program);
	const collector = await OwnCollector.at(broker.url);
	const edge = await TahuEdge.start({ url: broker.url, group, edge: edgeNode, device, ...options });
	return { broker, collector, edge };
}

/** What the collector has to have of messages that the edge node says it published. */
function expected(published: readonly TahuEvent[]): StoredSample[] {
	return published.flatMap(({ metrics }) =>
		(metrics as TahuMetric[])
			.filter(
				({ name, type }) => !skipped.includes(type) && !/^(?:bdSeq|Node Control\/.*)$/.test(String(name)),
			)
			.map(({ name, type, timestamp, quality, value }) => ({
				...{ name: String(name), type, timestamp: String(timestamp) },
				status: statusOf[String(quality ?? 192)] as number,
				// A File is kept as its bytes.
				value: type === "File" && value !== null ? (value as { bytes: string }).bytes : value,
			})),
	);
}

function said(edge: TahuEdge, ...messages: string[]): TahuEvent[] {
	return edge.all("published").filter(({ message }) => messages.includes(String(message)));
}

const sorted = (samples: readonly StoredSample[]) =>
	[...samples].sort((a, b) => Number(a.timestamp) - Number(b.timestamp) || (a.name < b.name ? -1 : 1));

async function expectStored(collector: OwnCollector, edge: TahuEdge): Promise<void> {
	for (const [of, messages] of [
		["", ["NBIRTH", "NDATA"]],
		[device, ["DBIRTH", "DDATA"]],
	] as const) {
		const wanted = sorted(expected(said(edge, ...messages)));
		await expect
			.poll(() => collector.samples(of).length, { timeout: 15_000 })
			.toBeGreaterThanOrEqual(wanted.length);
		expect(sorted(collector.samples(of))).toEqual(wanted);
	}
}

describeWithTahu("the collector with Tahu's edge node", () => {
	describeWithPeer("mosquitto", "on a Mosquitto", (program) => {
		test.each([false, true])(
			"stores every data type as it was published, with aliases: %s",
			async (aliases) => {
				const { collector, edge } = await sides(program, { aliases });
				await collector.listen();
				edge.send({ do: "birth", node: everyType("least", "node"), device: everyType("least") });
				await edge.until(({ event }) => event === "born");
				for (const [which, more] of [
					["greatest", { quality: 192 }],
					["odd", { quality: 500, historical: true, timestamp: "1734567890123" }],
					["null", { quality: 0 }],
				] as const) {
					for (const node of [true, false]) {
						const metrics = everyType(which, node ? "node" : "every");
						edge.send({ do: "data", node, metrics: metrics.map((metric) => ({ ...metric, ...more })) });
					}
				}
				await expect.poll(() => said(edge, "NDATA", "DDATA").length, { timeout: 10_000 }).toBe(6);
				await expectStored(collector, edge);
				expect(edge.all("error")).toEqual([]);
				expect(edge.all("rebirth")).toEqual([]);
				expect(collector.store.gaps()).toEqual([]);
				// Each is named once for a birth, and counted.
				const refused = await counter(collector.url, "pilotline_collector_messages_refused_total", {
					reason: "datatype",
				});
				expect(refused).toBe(2 * skipped.length);
			},
		);

		test("asks for births when it comes later or again, and writes down what it missed", async () => {
			const { collector, edge } = await sides(program, { aliases: true });
			edge.send({ do: "birth", device: [{ name: "a", type: "Int32", value: 1 }] });
			await edge.until(({ event }) => event === "born");
			const send = (value: number) =>
				edge.send({ do: "data", metrics: [{ name: "a", type: "Int32", value }] });
			const sentMs = (value: number) =>
				Number(
					said(edge, "DDATA").find(({ metrics }) => (metrics as TahuMetric[])[0]?.value === value)?.timestamp,
				);
			const reborn = async () => {
				const from = said(edge, "DBIRTH").length;
				await expect.poll(() => said(edge, "DBIRTH").length, { timeout: 30_000 }).toBe(from + 1);
				return said(edge, "DBIRTH").at(-1) as TahuEvent;
			};
			const births = [];
			await collector.listen();
			for (const [lost, then] of [
				[[2], 3],
				[[4, 5, 6], 7],
			] as const) {
				const [last] = lost.slice(-1) as [number];
				if (lost.length > 1) {
					await collector.process.kill();
					for (const value of lost.slice(0, -1)) {
						send(value);
						await pause(500);
					}
					await collector.listen();
				}
				const birth = reborn();
				send(last);
				births.push(await birth);
				await expect.poll(() => collector.online(edgeNode), { timeout: 10_000 }).toBe(true);
				send(then);
				await expect.poll(() => collector.samples(device).at(-1)?.value, { timeout: 10_000 }).toBe(then);
			}
			// A birth repeats the value that it began with, with the present time.
			expect(collector.samples(device).map(({ value }) => value)).toEqual([1, 3, 1, 7]);
			expect(collector.store.gaps()).toEqual([
				{ device, cause: "unknown", fromMs: sentMs(2), toMs: expect.any(Number) },
				{ device: "", cause: "unknown", fromMs: expect.any(Number), toMs: expect.any(Number) },
			]);
			const [first, second] = collector.store.gaps() as [LedgerGap, LedgerGap];
			expect(first.toMs).toBeGreaterThan(sentMs(2));
			expect(first.toMs).toBeLessThanOrEqual(Number(births[0]?.timestamp));
			// From what was last stored to the birth, with everything between.
			expect(second.fromMs).toBeGreaterThanOrEqual(sentMs(3));
			expect(second.fromMs).toBeLessThan(sentMs(4));
			expect(second.toMs).toBeGreaterThan(sentMs(6));
			expect(second.toMs).toBeLessThanOrEqual(Number(births[1]?.timestamp));
		});

		test("its rebirth is understood by an edge node that takes no types from its births", async () => {
			const { collector, edge } = await sides(program, { commandTypes: "none" });
			edge.send({ do: "birth", device: [{ name: "a", type: "Int32", value: 1 }] });
			await edge.until(({ event }) => event === "born");
			await collector.listen();
			edge.send({ do: "data", metrics: [{ name: "a", type: "Int32", value: 2 }] });
			await edge.until(({ event }) => event === "rebirth", 60_000);
			await expect
				.poll(() => collector.samples(device).map(({ value }) => value), { timeout: 10_000 })
				.toEqual([1]);
			expect(await collector.online(edgeNode)).toBe(true);
		});

		test("deaths are seen, and what they cost stands in the gap ledger", async () => {
			const { broker, collector, edge } = await sides(program);
			await collector.listen();
			edge.send({ do: "birth", device: [{ name: "a", type: "Int32", value: 1 }] });
			await edge.until(({ event }) => event === "born");
			const values = () => collector.samples(device).map(({ value }) => value);
			await expect.poll(values, { timeout: 10_000 }).toEqual([1]);
			await pause(300);
			edge.send({ do: "deviceDeath" });
			await pause(300);
			edge.send({ do: "deviceBirth" });
			await expect
				.poll(() => collector.store.gaps(), { timeout: 10_000 })
				.toMatchObject([{ device, cause: "server_unreachable" }]);

			edge.send({ do: "kill" });
			await expect.poll(() => collector.online(edgeNode), { timeout: 10_000 }).toBe(false);
			await pause(300);
			const again = await TahuEdge.start({ url: broker.url, group, edge: edgeNode, device, bdSeq: 1 });
			again.send({ do: "birth", device: [{ name: "a", type: "Int32", value: 9 }] });
			await expect.poll(() => collector.online(edgeNode), { timeout: 20_000 }).toBe(true);
			await expect.poll(values, { timeout: 10_000 }).toContain(9);
			await expect
				.poll(() => collector.store.gaps().map(({ cause }) => cause), { timeout: 10_000 })
				.toEqual(["server_unreachable", "agent_down"]);
			again.send({ do: "disconnect" });
			await expect.poll(() => collector.online(edgeNode), { timeout: 10_000 }).toBe(false);
		});

		test("is its primary host: the edge node waits for it and leaves when it is gone", async () => {
			const { collector, edge } = await sides(program, { primaryHost: hostId });
			edge.send({ do: "birth", device: [{ name: "a", type: "Int32", value: 1 }] });
			await pause(3_000);
			expect(edge.all("born")).toEqual([]);
			await collector.listen();
			await edge.until(({ event }) => event === "born");
			await expect.poll(() => collector.online(edgeNode), { timeout: 10_000 }).toBe(true);
			await collector.process.kill();
			await edge.until(({ event, online }) => event === "state" && online === false);
			await edge.until(({ text }) => /went offline - disconnecting/.test(String(text)));
			await collector.listen();
			await edge.until((event) => event.event === "born" && event !== edge.all("born")[0], 60_000);
			await expect.poll(() => collector.online(edgeNode), { timeout: 10_000 }).toBe(true);
		});
	});
});
