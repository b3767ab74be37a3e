import { expect, onTestFinished, test } from "vitest";
import type { ReadableTag } from "../../agent/pipeline.ts";
import { statusCodes } from "../../common/contract/status.ts";
import { TcpProxy } from "../faults/tcp-proxy.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { wireTo } from "../helpers/wire.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

const startMs = Date.UTC(2026, 0, 5, 6);
const soon = { timeout: 20_000 };

const [tt01, count, mode, heartbeat]: ReadableTag[] = [
	{ name: "TT01", node: "s=TT01", type: "Double" },
	{ name: "Count", node: "s=Count", type: "UInt64" },
	{ name: "Mode", node: "s=Mode", type: "String" },
	{ name: "Heartbeat", node: "s=Heartbeat", type: "DateTime" },
] as [ReadableTag, ReadableTag, ReadableTag, ReadableTag];

/** A source that has read the first values of its four tags, through what `network` puts before the server. */
async function line<Network extends { readonly port: number }>(network: (port: number) => Promise<Network>) {
	const server = new SmallOpcuaServer(temporaryFolder());
	onTestFinished(() => server.stop());
	await server.start();
	server.write("TT01", 20, startMs);
	server.write("Count", [0, 1], startMs);
	server.write("Mode", "IDLE", startMs);
	server.write("Heartbeat", new Date(startMs), startMs);
	const wire = await network(server.port);
	const rig = await sourceOf(sourceConfig(wire.port));
	rig.source.start();
	await expect.poll(() => rig.taken.length, soon).toBe(4);
	const isConnected = () => rig.source.state().connected;
	return { server, wire, isConnected, ...rig };
}

test("tags that change while the connection is away are followed in the subscription that is taken over", async () => {
	const { server, wire, isConnected, change, of, gaps } = await line(wireTo);
	wire.down = true;
	wire.cut();
	await expect.poll(isConnected, soon).toBe(false);
	for (let n = 1; n <= 20; n++) server.write("TT01", 20 + n, startMs + n * 10);
	await change([tt01, { ...tt01, name: "Twin" }, mode, heartbeat] as ReadableTag[]);
	wire.down = false;
	await expect.poll(isConnected, soon).toBe(true);
	await expect.poll(() => server.clientHandles().sort(), soon).toEqual([1, 3, 4, 5]);
	await expect.poll(() => of("Twin").map(({ value }) => value), soon).toEqual([40]);
	const written = of("TT01").filter(({ status }) => status === 0);
	expect(written.map(({ value }) => value)).toEqual(Array.from({ length: 21 }, (_, n) => 20 + n));
	expect(gaps).toEqual([]);
	server.write("Count", [0, 2], startMs + 900);
	server.write("TT01", 50, startMs + 1_000);
	await expect.poll(() => of("Twin").at(-1)?.value, soon).toBe(50);
	expect(of("Count").filter(({ status }) => status === 0)).toHaveLength(1);
});

test("a new subscription has the tags of its time, under the handles that they have for ever", async () => {
	const { server, wire, isConnected, change, of, gaps } = await line(wireTo);
	await change([tt01, heartbeat] as ReadableTag[]);
	await expect.poll(() => server.clientHandles().sort(), soon).toEqual([1, 4]);
	wire.down = true;
	wire.cut();
	await expect.poll(isConnected, soon).toBe(false);
	server.loseSubscriptions();
	await change([tt01, count, heartbeat] as ReadableTag[]);
	server.write("TT01", 30, startMs + 500);
	wire.down = false;
	await expect.poll(isConnected, soon).toBe(true);
	await expect.poll(() => server.clientHandles().sort(), soon).toEqual([1, 4, 5]);
	await expect.poll(() => of("TT01").at(-1), soon).toMatchObject({ value: 30, status: 0 });
	await expect.poll(() => gaps.length, soon).toBe(1);
	server.write("Count", [0, 2], startMs + 900);
	await expect.poll(() => of("Count").at(-1)?.value, soon).toBe(2n);
});

test("a tag that came and is refused is Bad and asked for again; one that leaves while it is refused is forgotten", async () => {
	const { server, source, change, of } = await line(wireTo);
	server.remove("Mode");
	// BadNodeIdInvalid, which this server says of an item whose node is gone.
	await expect.poll(() => of("Mode").at(-1)?.status, soon).toBe(0x8033_0000);
	const all = [tt01, count, heartbeat] as ReadableTag[];
	await change([
		...all,
		{ ...mode, name: "Mode2" } as ReadableTag,
		{ ...mode, name: "Mode3" } as ReadableTag,
	]);
	await expect.poll(() => of("Mode3").at(-1)?.status, soon).toBe(statusCodes.BadNodeIdUnknown);
	expect(source.state()).toMatchObject({ tags: 5, tagsSubscribed: 3 });
	await change([...all, { ...mode, name: "Mode3" } as ReadableTag]);
	expect(source.state()).toMatchObject({ tags: 4, tagsSubscribed: 3 });
	server.add("Mode");
	server.write("Mode", "SOAK", startMs + 700);
	await expect.poll(() => of("Mode3").at(-1)?.value, soon).toBe("SOAK");
	expect(source.state()).toMatchObject({ tags: 4, tagsSubscribed: 4 });
	expect(of("Mode2")).toHaveLength(1);
});

test("what was asked for when the connection broke is not watched twice", async () => {
	const { server, wire, isConnected, change, of } = await line((port) => TcpProxy.to(port));
	onTestFinished(() => wire.close());
	wire.stall(["toClient"]);
	const five = [tt01, count, mode, heartbeat, { ...tt01, name: "Twin" }] as ReadableTag[];
	await change(five);
	await expect.poll(() => server.clientHandles().sort(), soon).toEqual([1, 2, 3, 4, 5]);
	wire.refuse = true;
	wire.reset();
	wire.resume();
	await expect.poll(isConnected, soon).toBe(false);
	wire.refuse = false;
	await expect.poll(isConnected, soon).toBe(true);
	// Once this one is watched, so is everything before it.
	await change([...five, { ...tt01, name: "Third" } as ReadableTag]);
	await expect.poll(() => of("Third").at(-1)?.value, soon).toBe(20);
	expect(server.clientHandles().sort()).toEqual([1, 2, 3, 4, 5, 6]);
	for (let n = 1; n <= 3; n++) server.write("TT01", 20 + n, startMs + n * 10);
	await expect.poll(() => of("TT01").at(-1)?.value, soon).toBe(23);
	await expect.poll(() => of("Twin").at(-1)?.value, soon).toBe(23);
	const written = of("Twin").filter(({ status, sourceMs }) => status === 0 && sourceMs > startMs);
	expect(written.map(({ value }) => value)).toEqual([21, 22, 23]);
});
