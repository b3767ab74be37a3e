import { DataType, type Namespace, Range, type UAVariable, VariantArrayType } from "node-opcua";
import { expect, onTestFinished, test } from "vitest";
import { statusCodes } from "../../common/contract/status.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { SpaceServer } from "./space-server.ts";
import { tagLine } from "./tags-rig.ts";

const soon = { timeout: 15_000 };

function build(namespace: Namespace): void {
	const variable = (browseName: string, rest: object) =>
		namespace.addVariable({
			...{ organizedBy: "ObjectsFolder", browseName, nodeId: `s=${browseName}`, minimumSamplingInterval: 0 },
			...rest,
		} as never);
	variable("Temps", { dataType: "Double", valueRank: 1, arrayDimensions: [0] });
	variable("Limits", { dataType: "Range", value: limits(1, 2) });
	variable("Table", { dataType: "Double", valueRank: 2, arrayDimensions: [2, 2] });
	variable("Empty", { dataType: "Int32", valueRank: 1, arrayDimensions: [0] });
	variable("Steps", { dataType: "Range", valueRank: 1, arrayDimensions: [0] });
}

const limits = (low: number, high: number) => ({
	dataType: DataType.ExtensionObject,
	value: new Range({ low, high }),
});

function set(
	server: SpaceServer,
	name: string,
	values: readonly unknown[],
	dataType: DataType,
	second: number,
): void {
	const node = server.namespace.findNode(`ns=${server.namespace.index};s=${name}`) as UAVariable;
	node.setValueFromSource(
		{ dataType, arrayType: VariantArrayType.Array, value: [...values] },
		undefined,
		new Date(Date.UTC(2026, 0, 5, 6, 0, second)),
	);
}

test("each value of a list or structure is a tag; lists may grow and shrink; what is not supported is named", async () => {
	const server = await new SpaceServer({ folder: temporaryFolder(), build }).start();
	onTestFinished(() => server.stop());
	const temps = (second: number, ...values: number[]) =>
		set(server, "Temps", values, DataType.Double, second);
	temps(0, 10, 11);
	set(server, "Empty", [], DataType.Int32, 0);
	set(server, "Steps", [new Range({ low: 5, high: 6 })], DataType.ExtensionObject, 0);
	const { host, agent, reasons, logged } = await tagLine({
		server,
		folder: temporaryFolder(),
		device: {
			tags: [
				...["Temps", "Limits", "Table", "Empty", "Steps"].map((name) => ({ name, node: `s=${name}` })),
				{ name: "Server", path: "0:Server/0:ServerStatus" },
			],
			flatten: { elements_max: 4 },
		},
	});
	await expect.poll(() => host.values("Kiln", "Temps[1]"), soon).toEqual([11]);
	await expect.poll(() => host.values("Kiln", "Limits.High"), soon).toEqual([2]);
	await expect.poll(() => host.values("Kiln", "Steps[0].Low"), soon).toEqual([5]);
	await expect.poll(() => host.values("Kiln", "Server.BuildInfo.ProductName").length, soon).toBe(1);
	expect(host.born("Kiln")?.get("Server.SecondsTillShutdown")).toMatchObject({ type: "UInt32" });
	expect(host.born("Kiln")?.get("Server.State")).toMatchObject({ type: "Int32" });
	expect(host.values("Kiln", "Server.State")[0]).toBe(0);
	expect(reasons()).toEqual([
		"Kiln/Table: a list of 2 dimensions is not supported",
		"Kiln/Empty: nothing in it that a tag can be, or a list without an element yet",
	]);

	// Shorter: what is missing says so, once a change, with its time.
	temps(1, 20);
	await expect.poll(() => host.of("Kiln", "Temps[1]").at(-1)?.status, soon).toBe(statusCodes.BadNoData);
	expect(host.of("Kiln", "Temps[1]").at(-1)?.sourceMs).toBe(Date.UTC(2026, 0, 5, 6, 0, 1));
	expect(host.values("Kiln", "Temps[0]")).toEqual([10, 20]);

	// Longer, also than the bound: counted and named; as many as the bound allows are tags from the next change on.
	temps(2, 30, 31, 32, 33, 34);
	await expect.poll(() => host.born("Kiln")?.has("Temps[3]"), soon).toBe(true);
	temps(3, 40, 41, 42, 43, 44);
	await expect.poll(() => host.values("Kiln", "Temps[3]"), soon).toEqual([43]);
	expect(host.values("Kiln", "Temps[0]")).toEqual([10, 20, 30, 40]);
	expect(host.values("Kiln", "Temps[1]")).toEqual([11, null, 31, 41]);
	expect(host.born("Kiln")?.has("Temps[4]")).toBe(false);
	expect(logged.filter(({ msg }) => String(msg).startsWith("a list is longer"))).toMatchObject([
		{ tag: "Kiln/Temps", elements: 3 },
	]);

	// Another kind of value is nothing that a tag can have.
	set(
		server,
		"Steps",
		[new Range({ low: 7, high: 8 }), new Range({ low: 9, high: 10 })],
		DataType.ExtensionObject,
		4,
	);
	await expect.poll(() => host.values("Kiln", "Steps[0].High"), soon).toEqual([6, 8]);
	expect(host.undeclared).toBe(0);
	await agent.stop();
});

test("an agent that starts while the server is away knows how values are made up", async () => {
	const server = await new SpaceServer({ folder: temporaryFolder(), build }).start();
	onTestFinished(() => server.stop());
	set(server, "Temps", [1, 2, 3], DataType.Double, 0);
	const { host, again } = await tagLine({
		server,
		folder: temporaryFolder(),
		device: { browse: { from: "/Objects", include: ["Temps", "Limits"] } },
	});
	await expect.poll(() => host.values("Kiln", "Temps[2]"), soon).toEqual([3]);
	await server.stop();
	await again();
	await expect
		.poll(() => [...(host.born("Kiln")?.keys() ?? [])].toSorted(), soon)
		.toEqual([...["Limits.High", "Limits.Low", "Temps[0]", "Temps[1]", "Temps[2]"]]);
	await server.start((namespace) => {
		build(namespace);
		const node = namespace.findNode(`ns=${namespace.index};s=Temps`) as UAVariable;
		node.setValueFromSource({
			dataType: DataType.Double,
			arrayType: VariantArrayType.Array,
			value: [4, 5, 6],
		});
	});
	await expect.poll(() => host.values("Kiln", "Temps[2]").at(-1), soon).toBe(6);
	expect(host.undeclared).toBe(0);
});
