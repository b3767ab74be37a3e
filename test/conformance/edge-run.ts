import { tagDatatypes } from "../../common/contract/datatype.ts";
import type { SampleValue } from "../../common/contract/samples.ts";
import { statusCodes } from "../../common/contract/status.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { publishingAgent } from "../integration/publisher-rig.ts";
import { ScriptedHost } from "../integration/scripted-host.ts";
import { eventually } from "../simulators/plant/eventually.ts";
import type { Capture } from "./capture.ts";
import { Recording, RecordingWire } from "./recording-wire.ts";
import type { Servers } from "./servers.ts";

const epoch = 1_001;
const withinMs = 30_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One value of each data type, at an end of its range where it has one. */
const values: Readonly<Record<(typeof tagDatatypes)[number], SampleValue>> = {
	Int8: -128,
	Int16: -32_768,
	Int32: -(2 ** 31),
	Int64: -(2n ** 63n),
	UInt8: 255,
	UInt16: 65_535,
	UInt32: 2 ** 32 - 1,
	UInt64: 2n ** 64n - 1n,
	Float: 0.5,
	Double: Number.MIN_VALUE,
	Boolean: 1,
	String: "露点",
	DateTime: Date.UTC(2026, 0, 1),
	Bytes: Buffer.from([0, 255]),
};

/**
 * The life of an edge node on two servers, as the recording wires saw it: it waits for its primary host, walks, is born,
 * publishes every data type and more than 256 messages, is asked for a rebirth, loses and regains a device, loses its network,
 * hears a late will of the host, sees the host leave, keeps a backlog, delivers it as history, and ends.
 */
export async function edgeRun(servers: Servers): Promise<Capture> {
	const recording = new Recording();
	const wires = await Promise.all(
		servers.ports.map((port, index) => RecordingWire.to(port, recording, index)),
	);
	const [hostA, hostB] = (await Promise.all(
		servers.ports.map((port) => ScriptedHost.connect(`mqtt://127.0.0.1:${port}`)),
	)) as [ScriptedHost, ScriptedHost];
	const lost = new Set<string>();
	const urls = wires.map(({ url }) => url);
	const agent = await publishingAgent({
		...{ folder: temporaryFolder(), brokerUrl: urls[0] ?? "", brokerUrls: urls, epoch },
		...{ protocol: servers.protocol, primary: true, isLost: (device: string) => lost.has(device) },
		tags: tagDatatypes.map((type) => ({ name: `${type}1`, type })),
		devices: [{ name: "M300", tags: [{ name: "TT01", type: "Double" }] }],
	});
	const put = (device: string, tag: string, value: SampleValue, status = 0) => {
		const sourceMs = Date.now();
		agent.put(device, sourceMs, [{ tag, value, sourceMs, status }]);
	};
	const putAll = (status: number, isNull = false) => {
		const sourceMs = Date.now();
		agent.put(
			"F500",
			sourceMs,
			tagDatatypes.map((type) => ({
				tag: `${type}1`,
				value: isNull ? null : values[type],
				sourceMs,
				status,
			})),
		);
	};
	const seen = (host: ScriptedHost, type: string) => host.ofType(type).length;
	const births = (host: ScriptedHost) => Math.min(seen(host, "NBIRTH"), seen(host, "DBIRTH") / 2);
	/** Waits for so many births, and lets the host speak; before that a backlog waits a while for what it has. */
	const born = async (host: ScriptedHost, times: number) => {
		await eventually(() => births(host) >= times, withinMs);
		await host.confirm(epoch, 0);
	};
	/** Waits until a host has everything up to the newest record, and confirms it. */
	const confirmed = async (host: ScriptedHost) => {
		await pause(50);
		const { offset: newest } = agent.journal.durable;
		await eventually(() => host.seen.some(({ offset }) => offset === newest), withinMs);
		await host.confirm(epoch, newest);
		await eventually(() => agent.delivery.lowWater(agent.journal.held()).offset > newest, withinMs);
	};

	// What gathers before the births, on a server where only another host is, and then ours is offline.
	await hostA.say(true, Date.now(), "someone-else");
	await agent.publisher.start();
	await eventually(() => recording.connections[0]?.subscriptions.length === 2, withinMs);
	put("F500", "Double1", 1);
	await pause(500);
	await hostA.say(false, Date.now());
	await eventually(() => recording.connections.some(({ server }) => server === 1), withinMs);
	await pause(300);
	const onlineMs = Date.now();
	await hostB.say(true, onlineMs);
	await born(hostB, 1);

	putAll(0);
	await pause(20);
	putAll(0x808d_0000);
	await pause(20);
	putAll(0x4090_0000);
	await pause(20);
	putAll(statusCodes.BadNoCommunication, true);
	for (let message = 0; message < 300; message++) {
		put("M300", "TT01", message);
		await pause(2);
	}
	await confirmed(hostB);

	await pause(200);
	await hostB.command({ name: "Node Control/Rebirth", datatype: 11, boolean_value: true });
	await eventually(() => births(hostB) === 2, withinMs);
	put("F500", "Double1", 2);
	await confirmed(hostB);

	lost.add("M300");
	await eventually(() => seen(hostB, "DDEATH") === 1, withinMs);
	lost.delete("M300");
	await eventually(() => seen(hostB, "DBIRTH") === 5, withinMs);
	put("M300", "TT01", -1);
	await confirmed(hostB);

	await hostB.say(false, onlineMs - 1);
	await pause(300);
	put("F500", "Double1", 3);
	await confirmed(hostB);
	await hostB.say(true, onlineMs);

	const before = recording.connections.length;
	wires[1]?.cut();
	await eventually(() => recording.connections.length > before, withinMs);
	await born(hostB, 3);
	put("F500", "Double1", 4);
	await confirmed(hostB);

	await hostB.say(false, Date.now());
	const deaths = seen(hostB, "NDEATH");
	await eventually(() => seen(hostB, "NDEATH") > deaths || !agent.publisher.connected, withinMs);
	for (let value = 5; value < 10; value++) put("F500", "Double1", value);
	await pause(500);
	await hostA.say(true, Date.now());
	await born(hostA, 1);
	put("F500", "Double1", 10);
	await confirmed(hostA);
	await eventually(() => hostA.seen.some(({ historical }) => historical), withinMs);

	await agent.stop();
	await eventually(() => recording.connections.at(-1)?.closedOrder !== undefined, withinMs);
	for (const wire of wires) wire.close();
	return { connections: [...recording.connections] };
}
