// The heart of the promise: whatever happens to the collector on the way, the same journal gives the same verdicts.

import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { StoreFile } from "../../collector/store/store-file.ts";
import { describeWithPeer } from "../helpers/peers.ts";
import { FaultLine } from "./fault-line.ts";
import { seeded } from "./until.ts";
import { pause } from "./whole.ts";

const lineHours = 110;
const speed = 4_000;
const lotsLeast = 2;

interface Lots {
	readonly lots: readonly {
		readonly lot: string;
		readonly observedWhole: boolean;
		readonly verdict?: object;
	}[];
}

/** The newest canonical form of each lot and stage. */
function canonicalForms(line: FaultLine): Map<string, string> {
	const file = new StoreFile(join(line.directory, "collector", "store.db"));
	try {
		const rows = file.all("SELECT lot, stage, canonical FROM lot_judgement ORDER BY lot, stage, revision");
		return new Map(rows.map((row) => [`${row.lot} ${row.stage}`, String(row.canonical)]));
	} finally {
		file.close();
	}
}

describeWithPeer("mosquitto", "one recorded journal", (mosquitto) => {
	test("gives the same verdicts, byte for byte, after 20 random kill -9 of the collector", async () => {
		const seed = 20_261_201;
		const random = seeded(seed);
		const line = new FaultLine();
		onTestFinished(() => line.stop());
		await line.start(mosquitto, { speed, startsHoursAgo: lineHours, unheard: true });
		await pause((lineHours * 3_600_000) / speed + 5_000);
		const { produced } = await line.halt();
		await pause(3_000);
		await line.agent.kill("SIGTERM");
		await line.simulator.kill();
		const recorded = join(line.directory, "recorded");
		cpSync(join(line.directory, "agent"), recorded, { recursive: true });
		expect(readdirSync(recorded).length, line.logs()).toBeGreaterThan(0);

		const deliver = async (meanwhile: () => Promise<void>): Promise<Map<string, string>> => {
			for (const folder of ["agent", "collector"])
				rmSync(join(line.directory, folder), { recursive: true, force: true });
			cpSync(recorded, join(line.directory, "agent"), { recursive: true });
			line.collector.start();
			line.agent.start();
			await meanwhile();
			await line.until<{ total: number }>("/api/v1/counts", ({ total }) => total >= produced, 240_000);
			// Verdicts of what was seen whole are there, and nothing changes any more.
			await line.until<Lots>(
				"/api/v1/lots?limit=100",
				({ lots }) =>
					lots.filter(({ observedWhole, verdict }) => observedWhole && verdict !== undefined).length >=
					lotsLeast,
				60_000,
			);
			let before = "";
			for (let quiet = 0; quiet < 3; ) {
				await pause(6_000);
				const forms = JSON.stringify([...canonicalForms(line)]);
				quiet = forms === before ? quiet + 1 : 0;
				before = forms;
			}
			await line.agent.kill("SIGTERM");
			await line.collector.kill("SIGTERM");
			return canonicalForms(line);
		};

		const straight = await deliver(async () => {});
		const killed = await deliver(async () => {
			for (let kill = 0; kill < 20; kill++) {
				await pause(400 + random() * 2_600);
				await line.collector.restart();
			}
		});
		expect([...killed.keys()], `seed ${seed}`).toEqual([...straight.keys()]);
		for (const [lot, form] of straight) expect(killed.get(lot) === form, `seed ${seed}: ${lot}`).toBe(true);
		const verdicts = [...straight.values()].map((form) => JSON.parse(form).verdict);
		expect(verdicts.filter((verdict) => verdict === "in").length).toBeGreaterThanOrEqual(lotsLeast);
	}, 900_000);
});
