import { type CreateMonitoredItemsRequest, DataType, StatusCodes } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { SmallOpcuaServer } from "./small-opcua-server.ts";
import { sourceConfig, sourceOf } from "./source-rig.ts";

const soon = { timeout: 25_000 };
const startMs = Date.UTC(2026, 0, 5, 6);
const names = Array.from({ length: 500 }, (_, index) => `N${index}`);
const tags = names.map((name) => ({ name, node: `s=${name}`, type: "Double" }));
const nodes = Object.fromEntries([...names, "Late"].map((name) => [name, DataType.Double]));

/** A server with 500 variables that can do so much, and a source that reads them all. */
async function line(capabilities: object, further: readonly object[] = []) {
	const server = new SmallOpcuaServer(temporaryFolder(), nodes, capabilities);
	await server.start();
	onTestFinished(() => server.stop());
	for (const [index, name] of names.entries()) server.write(name, index, startMs);
	const config = sourceConfig(server.port, {
		tags: [...tags, ...further],
		server: { verify_after_s: 2 },
	});
	const device = config.devices[0];
	if (device !== undefined) device.tags = device.tags.slice(4);
	return { server, ...(await sourceOf(config)) };
}

test.each([
	["says so", 50],
	["says that it takes a thousand", 1_000],
])("a server that takes 50 items in a call and %s watches all 500 tags", async (_, claimed) => {
	const { server, source, taken } = await line({ operationLimits: { maxMonitoredItemsPerCall: 50 } });
	server.claim("i=11714", claimed);
	source.start();
	await expect.poll(() => taken.length, soon).toBe(500);
	expect(source.state()).toMatchObject({ tags: 500, tagsSubscribed: 500 });
});

test("a server that has room for nine tenths of the items watches those; the others are Bad with its reason, and nothing waits for them", async () => {
	const { server, source, taken, of } = await line({ maxMonitoredItemsPerSubscription: 450 });
	source.start();
	await expect.poll(() => taken.length, soon).toBe(500);
	expect(source.state()).toMatchObject({ tags: 500, tagsSubscribed: 450 });
	expect(taken.filter(({ status }) => status === StatusCodes.BadTooManyMonitoredItems.value)).toHaveLength(
		50,
	);
	server.write("N0", 77, startMs + 1_000);
	await expect.poll(() => of("N0").at(-1)?.value, soon).toBe(77);
});

test("a node that comes later, and one that is removed and comes back, are watched without a new session", async () => {
	const { server, source, taken, of } = await line({}, [{ name: "Late", node: "s=Late", type: "Double" }]);
	server.remove("Late");
	source.start();
	await expect.poll(() => taken.length, soon).toBe(501);
	expect(of("Late")).toMatchObject([{ status: StatusCodes.BadNodeIdUnknown.value }]);
	expect(source.state().tagsSubscribed).toBe(500);
	server.remove("N7");
	// The server says nothing of it by itself; asked, it says one or the other.
	const noNode = [StatusCodes.BadNodeIdUnknown.value, StatusCodes.BadNodeIdInvalid.value];
	await expect.poll(() => noNode.includes(of("N7").at(-1)?.status ?? 0), soon).toBe(true);
	server.add("Late");
	server.add("N7");
	server.write("Late", 1, startMs + 5_000);
	server.write("N7", 2, startMs + 6_000);
	await expect.poll(() => of("Late").at(-1), soon).toMatchObject({ status: 0, value: 1 });
	await expect.poll(() => of("N7").at(-1), soon).toMatchObject({ status: 0, value: 2 });
	expect(source.state()).toMatchObject({ connected: true, tags: 501, tagsSubscribed: 501 });
	// Every other tag was left in peace.
	expect(of("N8")).toHaveLength(1);
});

test("a server that names no limit and is of a make that is known for one is begun with that, and asked for no filter", async () => {
	const { server, source, taken, of } = await line({});
	server.claim("i=11714", 0);
	server.nameProduct("S7-1200");
	const calls: number[] = [];
	let filters = 0;
	server.onRequest<CreateMonitoredItemsRequest>("CreateMonitoredItems", ({ itemsToCreate }) => {
		const items = itemsToCreate ?? [];
		calls.push(items.length);
		filters += items.filter(({ requestedParameters: { filter } }) => filter != null).length;
	});
	source.start();
	await expect.poll(() => taken.length, soon).toBe(500);
	expect([calls, filters]).toEqual([[100, 100, 100, 100, 100], 0]);
	// Such a server leaves out by itself what is only written again.
	server.write("N7", 7, startMs + 1_000);
	server.write("N7", 8, startMs + 2_000);
	await expect.poll(() => of("N7").map(({ value }) => value), soon).toEqual([7, 8]);
});

test("a server that refuses every filter is asked once more without", async () => {
	const { server, source, taken } = await line({});
	const refused = server.refuseFilters();
	source.start();
	await expect.poll(() => taken.length, soon).toBe(500);
	expect(refused()).toBe(500);
	expect(source.state()).toMatchObject({ tagsSubscribed: 500 });
});
