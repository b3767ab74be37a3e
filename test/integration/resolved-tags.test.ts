import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type AddressSpace, DataType, type Namespace, type UAVariable } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import { statusCodes } from "../../common/contract/status.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { buildKiln, SpaceServer, spaceUri } from "./space-server.ts";
import { tagLine } from "./tags-rig.ts";

const soon = { timeout: 15_000 };

async function kilnServer(build = buildKiln): Promise<SpaceServer> {
	const server = await new SpaceServer({ folder: temporaryFolder(), build }).start();
	onTestFinished(() => server.stop());
	return server;
}

const variable = (server: SpaceServer, id: string) =>
	server.namespace.findNode(`ns=${server.namespace.index};${id}`) as UAVariable;

test("a tag by path and one without a type get type, unit and range from the server; what is configured wins", async () => {
	const server = await kilnServer();
	const { host, reasons } = await tagLine({
		server,
		folder: temporaryFolder(),
		device: {
			tags: [
				{ name: "byPath", path: "Kiln/Zone1/TT01" },
				{ name: "byIndex", path: "/Objects/2:Kiln/2:Phase/2:Step" },
				{ name: "byNode", node: "s=Zone2.TT02", high: 900 },
				{ name: "byUri", node: `nsu=${spaceUri};s=Phase`, type: "String" },
				{ name: "build", node: "nsu=http://opcfoundation.org/UA/;i=2264", type: "String" },
				{ name: "nowhere", path: "Kiln/Zone9/TT01" },
				{ name: "list", node: "s=Profile" },
			],
		},
	});
	await expect
		.poll(() => [...(host.born("Kiln")?.keys() ?? [])].toSorted(), soon)
		.toEqual(
			[
				...["byPath", "byIndex", "byNode", "byUri", "build"],
				...["list[0]", "list[1]", "list[2]", "list[3]", "list[4]"],
			].toSorted(),
		);
	const born = host.born("Kiln");
	expect(born?.get("byPath")).toMatchObject({ type: "Double", eu: "°C", low: 0, high: 1_200 });
	expect(born?.get("byIndex")).toMatchObject({ type: "UInt16", eu: undefined, low: undefined });
	expect(born?.get("byNode")).toMatchObject({ type: "Double", eu: "°C", low: 0, high: 900 });
	await expect.poll(() => host.samples.length, soon).toBeGreaterThanOrEqual(5);
	expect(host.values("Kiln", "byPath")).toEqual([800]);
	expect(host.values("Kiln", "byIndex")).toEqual([3]);
	expect(host.values("Kiln", "byUri")).toEqual(["HEAT"]);
	expect(host.values("Kiln", "build")).toHaveLength(1);
	expect(reasons()).toEqual(["Kiln/nowhere: expected a node at Kiln/Zone9/TT01, the server says BadNoMatch"]);
	expect(host.undeclared).toBe(0);
});

test("a wildcard follows a server while values flow: new nodes come, gone ones say so, nothing else is touched", async () => {
	const server = await kilnServer();
	const count = server.namespace.addVariable({
		organizedBy: "ObjectsFolder",
		browseName: "Count",
		nodeId: "s=Count",
		dataType: "UInt32",
		minimumSamplingInterval: 0,
	});
	let written = 0;
	const write = () =>
		count.setValueFromSource({ dataType: DataType.UInt32, value: ++written }, undefined, new Date());
	write();
	const { host } = await tagLine({
		server,
		folder: temporaryFolder(),
		device: {
			tags: [
				{ name: "Count", node: "s=Count", type: "UInt32" },
				{ name: "Own", node: "s=Zone1.TT01" },
			],
			browse: { from: "s=Kiln", include: ["TT*", "Phase"], again_s: 10 },
		},
	});
	await expect.poll(() => host.values("Kiln", "Own"), soon).toEqual([800]);
	// A variable that a tag names is not taken a second time.
	expect([...(host.born("Kiln")?.keys() ?? [])].sort()).toEqual(
		["Count", "Own", "Phase", "Zone1.TT02", "Zone2.TT01", "Zone2.TT02"].sort(),
	);
	const births = host.births.length;
	const timer = setInterval(write, 2);
	onTestFinished(() => clearInterval(timer));
	const zone = server.namespace.findNode(`ns=${server.namespace.index};s=Zone1`);
	server.namespace.addVariable({
		componentOf: zone as UAVariable,
		browseName: "TT03",
		nodeId: "s=Zone1.TT03",
		dataType: "Float",
		value: { dataType: "Float", value: 7.5 },
	});
	server.namespace.deleteNode(variable(server, "s=Zone2.TT01").nodeId);
	await expect.poll(() => host.values("Kiln", "Zone1.TT03"), soon).toEqual([7.5]);
	expect(host.born("Kiln")?.get("Zone1.TT03")).toMatchObject({ type: "Float" });
	expect(host.births.length).toBe(births + 1);
	const gone = host.of("Kiln", "Zone2.TT01").at(-1);
	expect(gone).toMatchObject({ value: null, status: statusCodes.BadNodeIdUnknown });
	clearInterval(timer);
	const total = written;
	await expect.poll(() => host.values("Kiln", "Count").at(-1), soon).toBe(total);
	expect(host.values("Kiln", "Count")).toEqual(Array.from({ length: total }, (_, index) => index + 1));
	expect(host.undeclared).toBe(0);
});

function withOtherTypes(namespace: Namespace, addressSpace: AddressSpace): void {
	buildKiln(namespace, addressSpace);
	namespace.deleteNode((namespace.findNode(`ns=${namespace.index};s=Zone1.TT02`) as UAVariable).nodeId);
	namespace.addVariable({
		componentOf: namespace.findNode(`ns=${namespace.index};s=Zone1`) as UAVariable,
		browseName: "TT02",
		nodeId: "s=Zone1.TT02",
		dataType: "Int32",
		value: { dataType: "Int32", value: 42 },
	});
}

test("with the server away the agent is born with what it knew, under the same ids; a type that has changed is a new tag", async () => {
	const server = await kilnServer();
	const folder = temporaryFolder();
	const { host, again } = await tagLine({
		server,
		folder,
		device: { browse: { from: "Kiln", include: ["TT0?"] } },
	});
	await expect.poll(() => host.samples.length, soon).toBe(4);
	const before = host.born("Kiln");
	expect(readdirSync(join(folder, "resolved"))).toEqual(["plc%201.json"]);
	expect(JSON.parse(readFileSync(join(folder, "resolved", "plc%201.json"), "utf8"))).toMatchObject({
		format: 1,
	});

	await server.stop();
	const births = host.births.length;
	await again();
	await expect.poll(() => host.births.length, soon).toBeGreaterThan(births);
	const away = host.born("Kiln");
	expect(
		[...(away ?? [])].map(([name, { alias, type, eu }]) => ({ name, alias, type, eu })).toSorted(byName),
	).toEqual(
		[...(before ?? [])].map(([name, { alias, type, eu }]) => ({ name, alias, type, eu })).toSorted(byName),
	);

	await server.start(withOtherTypes);
	// Until the server was asked, the new value may come under the old type.
	await expect.poll(() => host.born("Kiln")?.get("Zone1.TT02")?.type, soon).toBe("Int32");
	await expect.poll(() => host.values("Kiln", "Zone1.TT02").at(-1), soon).toBe(42);
	const after = host.born("Kiln");
	expect(after?.get("Zone1.TT02")?.alias).not.toBe(before?.get("Zone1.TT02")?.alias);
	expect(after?.get("Zone2.TT02")?.alias).toBe(before?.get("Zone2.TT02")?.alias);
	// Records of the old tag wait, so it is declared under a name of its own.
	expect(after?.get(`Zone1.TT02@${before?.get("Zone1.TT02")?.alias}`)).toMatchObject({ type: "Double" });
	expect(host.undeclared).toBe(0);
});

test("a wildcard keeps to its bound and says so; one that finds nothing any more keeps what it had", async () => {
	const server = await kilnServer();
	const { host, reasons } = await tagLine({
		server,
		folder: temporaryFolder(),
		device: { browse: { from: "s=Kiln", include: ["TT0?"], max_tags: 3 } },
	});
	await expect.poll(() => host.values("Kiln", "Zone2.TT01"), soon).toEqual([800]);
	expect([...(host.born("Kiln")?.keys() ?? [])]).toHaveLength(3);
	expect(reasons()).toEqual(["Kiln/browse: 1 variables more than max_tags (3) are left out"]);
	await server.stop();
	const births = host.births.length;
	await server.start((namespace) => {
		namespace.addFolder("ObjectsFolder", { browseName: "Kiln", nodeId: "s=Kiln" });
	});
	const kept = "Kiln/browse: nothing is found, where there was something before; that is kept";
	await expect.poll(() => reasons().includes(kept), soon).toBe(true);
	await expect
		.poll(() => host.of("Kiln", "Zone2.TT01").at(-1)?.status, soon)
		.toBe(statusCodes.BadNodeIdUnknown);
	expect(host.born("Kiln")?.size).toBe(3);
	expect(host.births.length).toBeLessThanOrEqual(births + 1);
});

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
