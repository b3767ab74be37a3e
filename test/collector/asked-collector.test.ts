import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test, vi } from "vitest";
import { EmbeddedBroker } from "../../cli/embedded-broker.ts";
import { Collector } from "../../collector/collector.ts";
import { collectorConfig } from "../../collector/config.ts";
import type { Trace } from "../../collector/genealogy-port.ts";
import type { MaterialVerdict } from "../../collector/material-port.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import { freePort } from "../helpers/free-ports.ts";
import { result } from "./laboratory/judged-results.ts";
import { specificationFrom } from "./specification-of.ts";
import { beganMs, KnownStore } from "./store/known-store.ts";

test("a collector that starts on a store of before knows what went into what, and judges the raw materials", async () => {
	const known = new KnownStore();
	onTestFinished(() => rmSync(known.directory, { recursive: true, force: true }));
	known.series("U200", "Genealogy", "String");
	const links = [
		{ link: "charge", from: "LS-1", into: "B1", kg: 4, material: "li2s" },
		{ link: "blend", from: "B1", into: "L1", kg: 3 },
	];
	known.record(
		"U200",
		links.map((link, index) => ({ tag: "Genealogy", atMs: beganMs + index, value: JSON.stringify(link) })),
	);
	const bad = result({
		material: "Li2S",
		lot: "LS-1",
		test: "impurity",
		eu: "wt%",
		value: 0.9,
		measuredMs: beganMs,
	});
	known.commit({
		lots: [{ lot: "L1", openedMs: beganMs, closedMs: undefined, observedWhole: true }],
		visits: [
			{
				...{ unit: "U200", batch: "B1", lot: "L1", recipe: "R", fromMs: beganMs, toMs: undefined },
				startObserved: true,
			},
		],
		laboratory: { results: [bad], refused: [], withdrawn: [], state: undefined },
	});
	known.file.close();

	const broker = new EmbeddedBroker();
	await broker.start();
	onTestFinished(() => broker.stop());
	writeFileSync(join(known.directory, "secret"), `whsec_${randomBytes(32).toString("base64")}\n`);
	const port = await freePort();
	const collector = new Collector({
		config: collectorConfig.schema.parse({
			...{ kind: "collector", schema: 1, host: "test", groups: ["pilot"], data_dir: ".", specification: "-" },
			...{ route: ["U200"], broker: { url: broker.url, insecure: true }, api: { port } },
			genealogy: { tag: "Genealogy" },
			destinations: [{ name: "buyers", url: "http://127.0.0.1:9/", insecure: true, secret_file: "secret" }],
		}),
		specification: specificationFrom({
			materials: [
				{
					...{ id: "Li2S.impurity", material: "Li2S", test: "impurity", eu: "wt%", high: 0.3 },
					...{ concerns: ["procurement"], reaction: "Keep it out." },
				},
			],
		}),
		directory: known.directory,
		clock: systemClock,
		log: pino({ level: "silent" }),
	});
	await collector.start();
	onTestFinished(() => collector.stop());
	const ask = async <T>(path: string) =>
		(await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()) as T;

	const { found } = await ask<Trace>("genealogy?id=LS-1&direction=forward");
	expect(found.map(({ id, is, kg }) => [id, is, kg])).toEqual([
		["B1", "batch", 4],
		["L1", "lot", 4],
	]);
	expect(await ask("genealogy?id=nobody")).toMatchObject({ error: { code: "ID_UNKNOWN" } });
	const materials = await vi.waitFor(
		async () => {
			const answer = await ask<{ materials: MaterialVerdict[] }>("materials");
			expect(answer.materials).toHaveLength(1);
			return answer.materials;
		},
		{ timeout: 10_000, interval: 50 },
	);
	expect(materials).toMatchObject([{ revision: 1, judgement: { lot: "LS-1", verdict: "out" } }]);
	const { messages } = await ask<{ messages: { type: string; destination: string }[] }>("messages");
	expect(messages).toMatchObject([{ type: "material.judged", destination: "buyers" }]);
	expect(await ask("lot?lot=L1")).toMatchObject({
		genealogy: { materials: [{ material: "li2s", lot: "LS-1", kg: 4, batches: ["B1"], verdict: "out" }] },
	});
});
