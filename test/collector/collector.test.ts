import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { EmbeddedBroker } from "../../cli/embedded-broker.ts";
import { Collector } from "../../collector/collector.ts";
import { collectorConfig } from "../../collector/config.ts";
import { LotBook } from "../../collector/lots/lot-book.ts";
import type { LotPort } from "../../collector/quality/live-judge.ts";
import { StoreFile } from "../../collector/store/store-file.ts";
import { datatypes } from "../../common/contract/datatype.ts";
import type { HostId } from "../../common/contract/ids.ts";
import { SampleColumns } from "../../common/contract/samples.ts";
import { stateTopic } from "../../common/contract/topics.ts";
import { systemClock } from "../../common/runtime/clock.ts";
import { MqttLink } from "../../common/runtime/mqtt-link.ts";
import { plainBroker } from "../helpers/plain-broker.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { wholeBirth } from "../helpers/whole-birth.ts";
import { eventually } from "../simulators/plant/eventually.ts";
import { edgeSession } from "./host/host-rig.ts";
import {
	batchOf,
	judgeOf,
	soakWindow,
	specificationOf,
	type Told,
	told,
	unit,
} from "./quality/told-story.ts";

const seed = Number(process.env.TEST_SEED ?? 20261122);
const windows = [
	soakWindow({ alert_low: 2, alert_high: 8, action_high: 9 }),
	soakWindow({ id: "quick", on_delay_s: 0, blanking_s: 3 }),
];
const tags = ["Batch", "Lot", "Recipe", "Phase", "T1"].map((name, index) => ({
	id: index + 1,
	device: unit,
	name,
	datatype: name === "T1" ? datatypes.Double : datatypes.String,
	configured: true,
}));

/** What an agent would tell over some minutes, with late values and bad ones. */
function longStory(): Told[] {
	const [steps = []] = fc.sample(
		fc.array(
			fc.tuple(
				fc.integer({ min: -3, max: 9 }),
				fc.constantFrom(
					"=5",
					"=12",
					"=-3",
					"=9.5",
					"=bad",
					">",
					">",
					":phase=SOAK",
					":phase=COOL",
					":B1/L1/SOAK",
					":B2/L2/SOAK",
				),
			),
			{
				minLength: 300,
				maxLength: 300,
				size: "max",
			},
		),
		{ seed, numRuns: 1 },
	);
	let s = 100;
	return steps.flatMap(([by, word]) => {
		s += by;
		return told(word === ">" ? `>${s}` : `${s}${word}`);
	});
}

class Line {
	readonly folder = temporaryFolder();
	readonly broker = new EmbeddedBroker();
	readonly session = edgeSession(tags);
	#agent!: MqttLink;
	#offset = 0;
	#states = 0;
	#collector: Collector | undefined;

	async start(): Promise<this> {
		await this.broker.start();
		writeFileSync(join(this.folder, "secret"), `whsec_${randomBytes(32).toString("base64")}\n`);
		const will = async () => ({ topic: "nobody", payload: "", qos: 0 as const, retain: false });
		this.#agent = new MqttLink({
			...plainBroker(this.broker.url, { clientId: "agent" }),
			...{
				clock: systemClock,
				will,
				onClose: () => {},
				onOpen: () => this.#agent.subscribe([stateTopic("test" as HostId)]),
			},
			onMessage: (_, payload) => {
				if (payload.includes('"online":true')) this.#states++;
				return undefined;
			},
		});
		this.#agent.start();
		onTestFinished(async () => {
			await this.stopCollector();
			await this.#agent.stop();
			await this.broker.stop();
		});
		await eventually(() => this.#agent.connected);
		return this;
	}

	async startCollector(): Promise<void> {
		const config = collectorConfig.schema.parse({
			...{
				kind: "collector",
				schema: 1,
				host: "test",
				groups: ["pilot"],
				data_dir: "data",
				specification: "-",
				route: [unit],
			},
			...{ broker: { url: this.broker.url, insecure: true }, api: { port: 0 } },
			destinations: [{ name: "nobody", url: "http://127.0.0.1:9/", insecure: true, secret_file: "secret" }],
		});
		const states = this.#states;
		const log = pino({ level: "silent" });
		this.#collector = new Collector({
			config,
			specification: specificationOf(windows),
			directory: this.folder,
			clock: systemClock,
			log,
		});
		await this.#collector.start();
		await eventually(() => this.#states > states);
		const births = this.session.births(
			wholeBirth(1, [{ epoch: 7, first: 1, next: this.#offset + 1 }]),
			1_000,
		);
		for (const { topic, payload } of births) this.#agent.send({ topic, payload, qos: 0, retain: false });
	}

	async stopCollector(): Promise<void> {
		await this.#collector?.stop();
		this.#collector = undefined;
	}

	/** Each word is a record of its own; resolves when all of them are stored. */
	async tell(words: readonly Told[]): Promise<void> {
		for (const word of words) {
			const { samples, records } = batchOf([word]);
			const columns = new SampleColumns(1);
			columns.serverLagTicks[0] = Number.NaN;
			if (samples.count > 0) columns.copyFrom(samples, 0);
			const record = {
				epoch: 7,
				offset: ++this.#offset,
				last: this.#offset,
				device: unit,
				throughMs: records[0]?.throughMs,
				historical: false,
			};
			const { topic, payload } = this.session.data(
				{ ...record, hash: new Uint8Array(16), samples: columns },
				1_000,
			);
			this.#agent.send({ topic, payload, qos: 0, retain: false });
		}
		await eventually(() => Number(this.rows("SELECT count(*) AS n FROM record")[0]?.n) === this.#offset);
	}

	rows(sql: string): Record<string, unknown>[] {
		const file = new StoreFile(join(this.folder, "data", "store.db"));
		try {
			return file.all(sql);
		} finally {
			file.close();
		}
	}
}

test("a collector that is restarted twice judges as one that never stopped", async () => {
	const words = longStory();
	const line = await new Line().start();
	for (const part of [words.slice(0, 120), words.slice(120, 200), words.slice(200)]) {
		await line.startCollector();
		await line.tell(part);
		await line.stopCollector();
	}
	const straight = judgeOf(windows, new LotBook([unit]) as LotPort);
	const judgement = straight.judge(batchOf(words));
	const last = <T>(rows: readonly T[], key: (row: T) => string) => [
		...new Map(rows.map((row) => [key(row), row])).values(),
	];
	const occurrences = last(judgement.occurrences, ({ id }) => id).map(
		({ id, startedMs, clearedMs = null, extreme }) => ({ id, startedMs, clearedMs, extreme }),
	);
	const periods = last(judgement.periods, ({ id }) => id).map(
		({ id, toMs, goodSamples, badSamples, violations }) => ({
			id,
			toMs,
			goodSamples,
			badSamples,
			violations,
		}),
	);
	const byId = (a: { id?: unknown }, b: { id?: unknown }) => String(a.id).localeCompare(String(b.id));
	expect(occurrences.length, `seed ${seed}`).toBeGreaterThan(10);
	expect(periods.length).toBeGreaterThan(10);
	const stored = line.rows(
		"SELECT id, started_ms AS startedMs, cleared_ms AS clearedMs, extreme FROM occurrence",
	);
	expect(stored.toSorted(byId)).toEqual(occurrences.toSorted(byId));
	const alerts = last(judgement.alerts, ({ id }) => id).map(
		({ id, level, startedMs, clearedMs = null, extreme }) => ({ id, level, startedMs, clearedMs, extreme }),
	);
	expect(alerts.length).toBeGreaterThan(10);
	const alertRows = line.rows(
		"SELECT id, level, started_ms AS startedMs, cleared_ms AS clearedMs, extreme FROM alert_occurrence",
	);
	expect(alertRows.toSorted(byId)).toEqual(alerts.toSorted(byId));
	expect(line.rows("SELECT count(*) AS n FROM outbox WHERE id LIKE 'msg_alert_raised_%'")).toEqual([
		{ n: alerts.length },
	]);
	const runs = line.rows(
		"SELECT id, to_ms AS toMs, good_samples AS goodSamples, bad_samples AS badSamples, violations FROM window_period",
	);
	expect(runs.toSorted(byId)).toEqual(periods.toSorted(byId));
	expect(line.rows("SELECT count(*) AS n FROM outbox WHERE id LIKE 'msg_violation_raised_%'")).toEqual([
		{ n: occurrences.length },
	]);
});
