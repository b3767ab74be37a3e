import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataType, type UAVariable } from "node-opcua";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { Collector } from "../../collector/collector.ts";
import { collectorConfig } from "../../collector/config.ts";
import { datatypes } from "../../common/contract/datatype.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import { specificationOf } from "../collector/quality/told-story.ts";
import { LineStore } from "../faults/line-store.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { buildKiln, SpaceServer } from "./space-server.ts";
import { runningBroker, tagLine } from "./tags-rig.ts";

const soon = { timeout: 20_000, interval: 50 };

async function runningCollector(brokerUrl: string): Promise<LineStore> {
	const directory = temporaryFolder();
	writeFileSync(join(directory, "secret"), "secret");
	const config = collectorConfig.schema.parse({
		...{ kind: "collector", schema: 1, host: "collector", groups: ["site"], data_dir: "data" },
		...{ specification: "-", route: ["Kiln"], broker: { url: brokerUrl, insecure: true }, api: { port: 0 } },
	});
	const collector = new Collector({
		config,
		specification: specificationOf([]),
		directory,
		clock: systemClock,
		log: pino({ level: "silent" }),
	});
	await collector.start();
	onTestFinished(() => collector.stop());
	const store = new LineStore(join(directory, "data"));
	onTestFinished(() => store.close());
	return store;
}

test("a tag that changes its type while the agent runs is stored whole under both types, and others miss nothing", async () => {
	const broker = await runningBroker();
	const store = await runningCollector(broker.url);
	const server = await new SpaceServer({ folder: temporaryFolder(), build: buildKiln }).start();
	onTestFinished(() => server.stop());
	const add = (browseName: string, dataType: "UInt32" | "Double") =>
		server.namespace.addVariable({
			...{ organizedBy: "ObjectsFolder", browseName, nodeId: `s=${browseName}`, dataType },
			minimumSamplingInterval: 0,
		});
	let counting: UAVariable = add("Varying", "Double");
	const steady = add("Steady", "UInt32");
	const write = (value: number, dataType: DataType) => {
		counting.setValueFromSource({ dataType, value }, undefined, new Date());
		steady.setValueFromSource({ dataType: DataType.UInt32, value }, undefined, new Date());
	};
	write(1, DataType.Double);
	const { logged } = await tagLine({
		server,
		broker,
		folder: temporaryFolder(),
		device: { browse: { from: "/Objects", include: ["Varying", "Steady"], again_s: 10 } },
	});
	const stored = (tag: string, datatype: number) =>
		store
			.rows<{ value: number }>(
				`SELECT s.value FROM sample s JOIN series x ON x.id = s.series
				WHERE x.tag = ? AND x.datatype = ? AND s.status = 0 ORDER BY s.pos`,
				tag,
				datatype,
			)
			.map(({ value }) => value);
	await expect.poll(() => stored("Steady", datatypes.UInt32), soon).toEqual([1]);
	for (let value = 2; value <= 200; value++) {
		write(value, DataType.Double);
		if (value % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
	}
	// Everything of the old node has left the server before it goes.
	await expect.poll(() => stored("Varying", datatypes.Double).at(-1), soon).toBe(200);
	server.namespace.deleteNode(counting.nodeId);
	counting = add("Varying", "UInt32");
	const births = () =>
		logged.filter(({ msg, reason }) => msg === "births published" && reason === "tags_changed");
	const before = births().length;
	write(201, DataType.UInt32);
	await expect.poll(() => births().length, soon).toBeGreaterThan(before);
	await expect.poll(() => stored("Varying", datatypes.UInt32), soon).toEqual([201]);
	for (let value = 202; value <= 400; value++) {
		write(value, DataType.UInt32);
		if (value % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
	}
	const upTo = (from: number, to: number) =>
		Array.from({ length: to - from + 1 }, (_, index) => from + index);
	await expect.poll(() => stored("Steady", datatypes.UInt32).at(-1), soon).toBe(400);
	expect(stored("Steady", datatypes.UInt32)).toEqual(upTo(1, 400));
	expect(stored("Varying", datatypes.Double)).toEqual(upTo(1, 200));
	expect(stored("Varying", datatypes.UInt32)).toEqual(upTo(201, 400));
	expect([store.gaps(), store.conflicts()]).toEqual([[], 0]);
});
