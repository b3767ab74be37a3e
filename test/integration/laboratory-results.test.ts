import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { OPCUACertificateManager } from "node-opcua";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { Collector } from "../../collector/collector.ts";
import { collectorConfig } from "../../collector/config.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import { labResultNodeset } from "../../simulators/plant/lab-result-type.ts";
import type { PlantVariable, PlantWrite } from "../../simulators/plant/pipeline.ts";
import { PlantServer } from "../../simulators/plant/plant-server.ts";
import { soakWindow, specificationOf } from "../collector/quality/told-story.ts";
import { LineStore } from "../faults/line-store.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { plantVariables, publishedUnits, smallPlant } from "../simulators/plant/small-line.ts";
import { runningBroker, tagLine } from "./tags-rig.ts";

const soon = { timeout: 20_000, interval: 50 };
const heartbeat = plantVariables.find(({ nodeId }) => nodeId === "L900.Heartbeat") as PlantVariable;

/** What the simulated laboratory reports, in order. */
function reports(count: number): { first: PlantWrite[]; reported: PlantWrite[] } {
	const plant = smallPlant({ seed: 1, startMs: Date.UTC(2026, 0, 5) });
	const first = plant.begin().filter(({ variable }) => variable.server === "laboratory");
	const reported: PlantWrite[] = [];
	while (reported.length < count) {
		for (const write of plant.step(plant.nowMs + 60_000))
			if (write.result !== undefined) reported.push(write);
	}
	return { first, reported };
}

async function laboratoryServer(first: readonly PlantWrite[]): Promise<PlantServer> {
	const folder = temporaryFolder();
	const file = join(folder, "lab-result-type.xml");
	writeFileSync(file, labResultNodeset);
	const certificates = new OPCUACertificateManager({
		rootFolder: join(folder, "pki"),
		disableFileWatchers: true,
	});
	await certificates.initialize();
	const server = new PlantServer({
		server: "laboratory",
		port: 0,
		certificates,
		units: publishedUnits.filter((unit) => unit.server === "laboratory"),
		variables: plantVariables.filter((variable) => variable.server === "laboratory"),
		labResultNodeset: file,
	});
	await server.prepare();
	for (const write of first) server.write(write);
	await server.start();
	onTestFinished(() => server.stop());
	return server;
}

async function runningCollector(
	brokerUrl: string,
	directory: string,
	laboratory: object[],
): Promise<Collector> {
	const config = collectorConfig.schema.parse({
		...{ kind: "collector", schema: 1, host: "collector", groups: ["site"], data_dir: "data" },
		...{ specification: "-", route: ["U200"], broker: { url: brokerUrl, insecure: true }, api: { port: 0 } },
		laboratory,
	});
	const collector = new Collector({
		...{ config, specification: specificationOf([soakWindow()]), directory, clock: systemClock },
		log: pino({ level: "silent" }),
	});
	await collector.start();
	onTestFinished(() => collector.stop());
	return collector;
}

/** A real agent reads the server's results and heartbeat. */
async function reading(
	server: PlantServer,
	broker: Awaited<ReturnType<typeof runningBroker>>,
): Promise<void> {
	const device = {
		...{ name: "L900-results", namespace: "urn:pilotline:plant", time_base: { tag: "Heartbeat" } },
		flatten: { elements_min: 3 },
		tags: [
			{ name: "Result", node: "s=L900.Result" },
			{ name: "Heartbeat", node: "s=L900.Heartbeat", type: "DateTime" },
		],
	};
	const port = Number(new URL(server.endpoint.replace("opc.tcp:", "http:")).port);
	await tagLine({ server: { port }, broker, folder: temporaryFolder(), device });
}

function opened(directory: string) {
	const store = new LineStore(join(directory, "data"));
	onTestFinished(() => store.close());
	const count = (sql: string) => Number(store.rows<{ n: number }>(sql)[0]?.n);
	const samplesOf = (tag: string) =>
		count(
			`SELECT count(*) AS n FROM sample s JOIN series x ON x.id = s.series WHERE x.tag = '${tag}' AND s.status = 0`,
		);
	return { store, count, samplesOf };
}

test("results that a laboratory's server tells as structures are stored whole, also several at one source time", async () => {
	const { first, reported } = reports(40);
	const server = await laboratoryServer(first);
	const broker = await runningBroker();
	const directory = temporaryFolder();
	await runningCollector(broker.url, directory, [{ device: "L900-results" }]);
	const { store, count, samplesOf } = opened(directory);
	await reading(server, broker);
	await expect.poll(() => samplesOf("Heartbeat"), soon).toBe(1);

	// Within the seconds after a new session in which repeats are expected.
	for (const write of reported) server.write(write);
	const lastMs = reported.at(-1)?.timeMs as number;
	server.write({ variable: heartbeat, value: lastMs, timeMs: lastMs } as PlantWrite);
	const times = reported.map(({ timeMs }) => timeMs);
	expect(new Set(times).size).toBeLessThan(times.length);

	await expect.poll(() => count("SELECT count(*) AS n FROM lab_result"), soon).toBe(reported.length);
	const rows = store.rows<{ body: string; reported_ms: number; road: string }>(
		"SELECT body, reported_ms, road FROM lab_result",
	);
	const stored = rows.map(({ body, reported_ms, road }) => ({
		...JSON.parse(body),
		reportedMs: reported_ms,
		road,
	}));
	const inOrder = (a: { test: string; lot: string; version: number }, b: typeof a) =>
		`${a.lot} ${a.test} ${a.version}` < `${b.lot} ${b.test} ${b.version}` ? -1 : 1;
	const told = reported.map(({ result, timeMs }) => {
		const { belowLimit, ...rest } = result as NonNullable<typeof result>;
		const {
			detectionLimit,
			measuredS: _measured,
			reportedS: _reported,
			...others
		} = rest as typeof rest & Record<"measuredS" | "reportedS", unknown>;
		return {
			...others,
			...(detectionLimit === undefined ? {} : { detectionLimit }),
			...(belowLimit ? { censored: "below" } : {}),
			...{ material: "", road: "opcua", reportedMs: timeMs },
		};
	});
	expect(stored.toSorted(inOrder)).toEqual(told.toSorted(inOrder));
	expect(stored.some(({ repeats }) => repeats.length === 3)).toBe(true);
	expect(store.rows("SELECT * FROM lab_refused")).toEqual([]);
});

test("results that were stored before the configuration named their server are put together when it does", async () => {
	const { first, reported } = reports(12);
	const server = await laboratoryServer(first);
	const broker = await runningBroker();
	const directory = temporaryFolder();
	const before = await runningCollector(broker.url, directory, []);
	const { count, samplesOf } = opened(directory);
	await reading(server, broker);
	await expect.poll(() => samplesOf("Heartbeat"), soon).toBe(1);
	for (const write of reported) server.write(write);
	await expect.poll(() => samplesOf("Result.Reason"), soon).toBe(reported.length);
	expect(count("SELECT count(*) AS n FROM lab_result")).toBe(0);
	await before.stop();

	const after = await runningCollector(broker.url, directory, [{ device: "L900-results" }]);
	expect(count("SELECT count(*) AS n FROM lab_result")).toBe(reported.length);
	expect(count("SELECT count(*) AS n FROM lab_refused")).toBe(0);
	await after.stop();
});
