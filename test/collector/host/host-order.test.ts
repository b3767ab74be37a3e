import { expect, test } from "vitest";
import { counted } from "../../helpers/quiet-telemetry.ts";
import { wholeBirth } from "../../helpers/whole-birth.ts";
import { eventually } from "../../simulators/plant/eventually.ts";
import { edgeSession, HostRig, reorderTimeoutMs } from "./host-rig.ts";
import { recordOf } from "./record-of.ts";

const held = [{ epoch: 7, first: 1, next: 2 }];
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("what a cluster of brokers hands on out of order is taken as it comes, and nobody is asked for births [tck-id-operational-behavior-host-reordering-success]", async () => {
	const rig = await new HostRig().start();
	const session = edgeSession();
	const [first, second, third] = [
		[...session.births(wholeBirth(3, held), 1_000)],
		session.data(recordOf(1), 1_000),
		session.data(recordOf(2), 1_000),
	] as const;
	await rig.send(...first, third, second);
	await eventually(() => rig.records.length === 2);
	expect(rig.records.map(({ offset }) => offset)).toEqual([2, 1]);
	await pause(2 * reorderTimeoutMs);
	expect(await counted(rig.telemetry, "rebirths_asked_total")).toBe(0);
});

test("a device's birth that comes after its data is no reason to ask, and one that never comes is, once [tck-id-operational-behavior-host-reordering-rebirth]", async () => {
	const rig = await new HostRig().start();
	const session = edgeSession();
	const [nodeBirth, deviceBirth] = [...session.births(wholeBirth(3, held), 1_000)];
	if (nodeBirth === undefined || deviceBirth === undefined) throw new Error("expected two births");
	await rig.send(nodeBirth, session.data(recordOf(1), 1_000), deviceBirth, session.data(recordOf(2), 1_000));
	await eventually(() => rig.records.length === 1);
	await pause(2 * reorderTimeoutMs);
	expect(rig.commands).toHaveLength(0);

	const [again] = [...session.births(wholeBirth(3, held), 1_000)];
	if (again === undefined) throw new Error("expected a birth");
	const sentMs = performance.now();
	await rig.send(again, session.data(recordOf(3), 1_000));
	await eventually(() => rig.commands.length > 0);
	expect(performance.now() - sentMs).toBeGreaterThanOrEqual(reorderTimeoutMs - 5);
	await pause(reorderTimeoutMs);
	expect(rig.commands.map(({ rebirth }) => rebirth)).toEqual([true]);
	expect(await counted(rig.telemetry, "rebirths_asked_total", { reason: "sequence" })).toBe(1);
});

test("a device is stale from the time in its death on, the node and the rest from the host's own time", async () => {
	const rig = await new HostRig().start();
	const session = edgeSession();
	await rig.send(...session.births(wholeBirth(3, held), 1_000));
	const view = () => rig.host.edgeNodes()[0];
	await eventually(() => view()?.devices.length === 1);
	expect(view()).toMatchObject({ online: true, devices: [{ device: "U500", staleSinceMs: undefined }] });
	const beforeMs = Date.now();
	await rig.send(session.death(3, 1_000));
	await eventually(() => view()?.online === false);
	expect(view()?.staleSinceMs).toBeGreaterThanOrEqual(beforeMs);
	expect(view()?.devices[0]?.staleSinceMs).toBe(view()?.staleSinceMs);
});

test("devices of one name under two edge nodes are kept apart [tck-id-topic-structure-namespace-duplicate-device-id-across-edge-node]", async () => {
	const rig = await new HostRig().start();
	const [one, other] = [edgeSession(), edgeSession(undefined, "line-2")];
	await rig.send(...one.births(wholeBirth(3, held), 1_000), ...other.births(wholeBirth(3, held), 1_000));
	await rig.send(one.data(recordOf(1), 1_000), other.data(recordOf(1), 1_000));
	await eventually(() => rig.records.length === 2);
	expect(rig.records.map(({ edgeNode, device }) => [edgeNode, device])).toEqual([
		[1, "U500"],
		[2, "U500"],
	]);
	expect(rig.records[0]?.samples.tagId[0]).not.toBe(rig.records[1]?.samples.tagId[0]);
});

test("is on every server at once, and an edge node is where it was born last [tck-id-operational-behavior-host-application-multi-server-timestamp]", async () => {
	const rig = await new HostRig().start(2);
	const earlier = edgeSession();
	await rig.sendOn(0, ...earlier.births(wholeBirth(3, held), 1_000), earlier.data(recordOf(1), 1_000));
	await eventually(() => rig.records.length === 1);
	rig.host.confirm(1, 7, 1);
	await eventually(() => rig.commandedOn.length === 1);

	// It has walked on; its old server sends its will, and something that was still on its way.
	const session = edgeSession();
	await rig.sendOn(1, ...session.births(wholeBirth(4, held), 1_000));
	await rig.sendOn(0, earlier.death(3, 1_000), earlier.data(recordOf(2), 1_000));
	await rig.sendOn(1, session.data(recordOf(3), 1_000));
	await eventually(() => rig.records.length === 2);
	expect(rig.records.map(({ offset }) => offset)).toEqual([1, 3]);
	expect(rig.host.edgeNodes()).toMatchObject([{ online: true }]);
	rig.host.confirm(1, 7, 3);
	await eventually(() => rig.commandedOn.length === 2);
	expect(rig.commandedOn).toEqual([0, 1]);

	// The server it is not on any more is lost without consequence; the one it is on is not.
	rig.cut(0);
	await pause(200);
	expect(rig.host.edgeNodes()).toMatchObject([{ online: true }]);
	rig.cut(1);
	await eventually(() => rig.host.edgeNodes()[0]?.online === false);
	expect(rig.records).toHaveLength(2);
});
