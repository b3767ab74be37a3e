import { connectAsync } from "mqtt";
import { onTestFinished } from "vitest";
import type { EdgeMessage } from "../../agent/publisher/edge-session.ts";
import type { GapRow, IncomingRecord, Series } from "../../collector/pipeline.ts";
import type { HeldEpoch } from "../../common/contract/delivery.ts";
import { PayloadWriter } from "../../common/contract/payload-writer.ts";
import { edgeSession, hostId, hostOver, reorderTimeoutMs } from "../collector/host/host-rig.ts";
import { recordOf } from "../collector/host/record-of.ts";
import { plainBroker } from "../helpers/plain-broker.ts";
import { quietTelemetry } from "../helpers/quiet-telemetry.ts";
import { wholeBirth } from "../helpers/whole-birth.ts";
import { eventually } from "../simulators/plant/eventually.ts";
import type { Capture, Looked, Message } from "./capture.ts";
import { Recording, RecordingWire } from "./recording-wire.ts";
import type { Servers } from "./servers.ts";

export interface HostRun {
	readonly capture: Capture;
	/** What only the host itself can tell, by clause. */
	readonly noted: ReadonlyMap<string, Looked>;
}

const withinMs = 30_000;
const held = [{ epoch: 7, first: 1, next: 2 }];
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const action = "operational-behavior-edge-node-termination-host-action-";

/**
 * The life of a host application on two servers, as the recording wires saw it: it comes online, follows an edge node and
 * commands it, gets messages out of order and loses some, sees a device and the node die, contradicts a late will of its
 * own, loses one of its connections, and ends.
 */
export async function hostRun(servers: Servers): Promise<HostRun> {
	const recording = new Recording();
	const wires = await Promise.all(
		servers.ports.map((port, index) => RecordingWire.to(port, recording, index)),
	);
	const taken = {
		telemetry: quietTelemetry(),
		records: [] as IncomingRecord[],
		progress: [] as string[],
		held: [] as { held: readonly HeldEpoch[]; atBirth: boolean }[],
		series: [] as Series[],
		gaps: [] as GapRow[],
	};
	const { protocol } = servers;
	const urls = wires.map(({ url }) => url);
	const host = hostOver(plainBroker(urls, { clientId: "host", protocol }), taken);
	onTestFinished(() => host.stop());
	const plain = await connectAsync(`mqtt://127.0.0.1:${servers.ports[0]}`, { reconnectPeriod: 0 });
	onTestFinished(() => plain.endAsync(true));
	const send = async (...messages: readonly EdgeMessage[]) => {
		for (const { topic, payload } of messages) await plain.publishAsync(topic, payload, { qos: 0 });
	};
	const noted = new Map<string, Looked>();
	const note = (ids: readonly string[], is: boolean, tell: string) => {
		for (const id of ids) {
			const known = noted.get(id) ?? { seen: 0, wrong: [] };
			noted.set(id, { seen: known.seen + 1, wrong: is ? known.wrong : [...known.wrong, tell] });
		}
	};
	const said = (type: string): Message[] =>
		recording.connections.flatMap((connection) => connection.said.filter((message) => message.type === type));
	const isOnline = (server: number) =>
		recording.connections.some(
			(connection) =>
				connection.server === server &&
				connection.closedOrder === undefined &&
				connection.said.some(({ state }) => state?.online === true),
		);
	const node = () => host.edgeNodes()[0];

	host.start();
	await eventually(() => isOnline(0) && isOnline(1), withinMs);

	const session = edgeSession();
	await send(...session.births(wholeBirth(3, held), Date.now()), session.data(recordOf(1), Date.now()));
	await eventually(() => taken.records.length === 1, withinMs);
	host.confirm(1, 7, 1);
	host.resend(1, 7, 2, 3);
	await eventually(() => said("NCMD").length === 2, withinMs);

	// What is only late.
	const [second, third] = [session.data(recordOf(2), Date.now()), session.data(recordOf(3), Date.now())];
	await send(third, second);
	await pause(2 * reorderTimeoutMs);
	note(
		["operational-behavior-host-reordering-success"],
		said("NCMD").length === 2,
		"births were asked for although nothing was missing any more",
	);
	// What is lost.
	session.data(recordOf(4), Date.now());
	const gapMs = performance.now();
	await send(session.data(recordOf(5), Date.now()));
	await eventually(() => said("NCMD").length === 3, withinMs);
	const afterMs = performance.now() - gapMs;
	note(
		[
			"operational-behavior-host-reordering-param",
			"operational-behavior-host-reordering-start",
			"operational-behavior-host-reordering-rebirth",
		],
		afterMs >= reorderTimeoutMs - 50 && afterMs < reorderTimeoutMs + 2_000,
		`births were asked for after ${afterMs} ms, with a reorder timeout of ${reorderTimeoutMs} ms`,
	);
	await send(...session.births(wholeBirth(3, held), Date.now()));

	const died = new PayloadWriter();
	const deathMs = Date.now() - 12_345;
	died.begin(deathMs, 2);
	await send({ topic: "spBv1.0/pilot/DDEATH/line-1/U500", payload: Buffer.from(died.finish()) });
	await eventually(() => node()?.devices[0]?.staleSinceMs !== undefined, withinMs);
	note(
		[`${action}ddeath-devices-offline`, `${action}ddeath-devices-tags-stale`],
		node()?.devices[0]?.staleSinceMs === deathMs && node()?.online === true,
		`the device is stale since ${node()?.devices[0]?.staleSinceMs}, its death says ${deathMs}`,
	);

	await send(...session.births(wholeBirth(3, held), Date.now()), session.death(2, 1_000));
	await eventually(() => node()?.devices[0]?.staleSinceMs === undefined, withinMs);
	await pause(300);
	note([`${action}ndeath-node-offline`], node()?.online === true, "a death of another session counted");
	const beforeMs = Date.now();
	await send(session.death(3, 1_000));
	await eventually(() => node()?.online === false, withinMs);
	const stale = [node()?.staleSinceMs, node()?.devices[0]?.staleSinceMs];
	note(
		[
			`${action}ndeath-node-offline`,
			`${action}ndeath-node-tags-stale`,
			`${action}ndeath-devices-offline`,
			`${action}ndeath-devices-tags-stale`,
		],
		stale.every((ms) => ms !== undefined && ms >= beforeMs && ms <= Date.now()),
		`stale since ${stale}, the death came after ${beforeMs}`,
	);

	const late = JSON.stringify({ online: false, timestamp: 5 });
	await plain.publishAsync(`spBv1.0/STATE/${hostId}`, late, { qos: 1, retain: true });
	await eventually(
		() => recording.connections.some(({ heard }) => heard.some(({ state }) => state?.timestamp === 5)),
		withinMs,
	);
	await pause(300);

	wires[0]?.cut();
	await eventually(() => isOnline(0), withinMs);
	await pause(300);
	await host.stop();
	await eventually(
		() => recording.connections.every(({ closedOrder }) => closedOrder !== undefined),
		withinMs,
	);
	for (const wire of wires) wire.close();
	return { capture: { connections: [...recording.connections] }, noted };
}
