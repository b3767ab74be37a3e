import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { collectorConfig } from "../../../collector/config.ts";
import type { FollowerPositions, PositionReader } from "../../../collector/follow-port.ts";
import { followerTargets } from "../../../collector/followers/follower-targets.ts";
import { Followers } from "../../../collector/followers/followers.ts";
import type { CommitBatch } from "../../../collector/pipeline.ts";
import type { LiveFollower } from "../../../collector/read-port.ts";
import { StoreReader } from "../../../collector/store/reader.ts";
import { Store } from "../../../collector/store/store.ts";
import { type DatatypeName, datatypes } from "../../../common/contract/datatype.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";
import type { Clock } from "../../../common/runtime/clock.ts";
import { systemClock } from "../../../common/runtime/clock.ts";
import { quietTelemetry } from "../../helpers/quiet-telemetry.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { eventually } from "../../simulators/plant/eventually.ts";
import { beganMs, emptyBatch } from "../store/known-store.ts";

export interface RigSample {
	readonly tag: string;
	readonly atMs: number;
	readonly restTicks?: number;
	readonly value: SampleValue;
	readonly status?: number;
}

/** Keys of one follower, as in a configuration file. */
export type FollowerKeys = Readonly<Record<string, unknown>>;

/** A real store that is written and followed at the same time. */
export class StoreRig {
	readonly folder = mkdtempSync(join(tmpdir(), "pilotline-followed-"));
	readonly store = new Store();
	readonly reader = new StoreReader();
	readonly #series = new Map<string, number>();
	#seq = 1;

	/** Whoever opens it closes it. */
	async open(): Promise<this> {
		const path = join(this.folder, "store.db");
		await this.store.open(path);
		await this.reader.open(path);
		await this.commit({ edgeNodes: [{ id: 1, group: "site", edgeNode: "agent-1" }] });
		return this;
	}

	async close(): Promise<void> {
		await this.reader.close();
		await this.store.close();
		rmSync(this.folder, { recursive: true, force: true });
	}

	/** The position behind everything that is stored. */
	end = 0;

	async commit(batch: Partial<CommitBatch>): Promise<void> {
		await this.store.commit({ ...emptyBatch, samples: new SampleColumns(0), ...batch });
	}

	async series(unit: string, tag: string, datatype: DatatypeName): Promise<void> {
		const id = this.#series.size + 1;
		this.#series.set(`${unit}/${tag}/${datatype}`, id);
		this.#series.set(`${unit}/${tag}`, id);
		const row = { id, edgeNode: 1, device: unit, tag, datatype: datatypes[datatype], eu: undefined };
		await this.commit({ series: [row] });
	}

	/** Samples of one unit as records of at most 500. */
	async samples(unit: string, samples: readonly RigSample[]): Promise<void> {
		for (let at = 0; at < samples.length; at += 500) await this.#record(unit, samples.slice(at, at + 500));
	}

	async #record(unit: string, samples: readonly RigSample[]): Promise<void> {
		const columns = new SampleColumns(samples.length);
		columns.count = samples.length;
		for (const [index, { tag, atMs, restTicks = 0, value, status = 0 }] of samples.entries()) {
			const id = this.#series.get(`${unit}/${tag}`);
			if (id === undefined) throw new Error(`expected a series ${unit}/${tag}`);
			columns.tagId[index] = id;
			columns.sourceMs[index] = atMs;
			columns.sourceRestTicks[index] = restTicks;
			columns.serverLagTicks[index] = Number.NaN;
			columns.status[index] = status;
			columns.setValue(index, value);
		}
		const times = samples.map(({ atMs }) => atMs);
		const seq = this.#seq++;
		const place = {
			seq,
			edgeNode: 1,
			epoch: 7,
			offset: seq,
			last: seq,
			device: unit,
			samples: samples.length,
		};
		const record = {
			...{ ...place, throughMs: undefined, hash: new Uint8Array(16), receivedMs: Date.now() },
			sourceMinMs: Math.min(...times),
			sourceMaxMs: Math.max(...times),
		};
		// What is judged may be sealed.
		await this.commit({ records: [record], samples: columns, cache: { seq, state: "{}" } });
		this.end = seq * 512 + samples.length;
	}
}

/** What followers need of a store; `end` is the position behind everything that is stored. */
export interface FollowedStore {
	readonly store: FollowerPositions;
	readonly reader: PositionReader;
	readonly end: number;
}

/** Followers of a store in one test; ended with it. */
export class FollowerRig {
	readonly line: FollowedStore;
	readonly clock: Clock;
	readonly folder = temporaryFolder();
	readonly telemetry = quietTelemetry();
	#followers: Followers | undefined;

	constructor(line: FollowedStore, clock: Clock = systemClock) {
		this.line = line;
		this.clock = clock;
		onTestFinished(() => this.stop());
	}

	async follow(...followers: FollowerKeys[]): Promise<void> {
		const base = { kind: "collector", schema: 1, host: "h", groups: ["g"], data_dir: "d", route: ["U500"] };
		const rest = { broker: { url: "mqtts://127.0.0.1:1" }, api: { port: 0 }, specification: "s" };
		const config = collectorConfig.schema.parse({
			...{ ...base, ...rest },
			followers: followers.map((keys) => ({ flush_interval_ms: 50, ...keys })),
		});
		this.#followers = new Followers({
			targets: await followerTargets(config.followers, this.folder),
			reader: this.line.reader,
			positions: this.line.store,
			clock: this.clock,
			random: () => 0.5,
			telemetry: this.telemetry,
			deadLetterDirectory: join(this.folder, "dead-letters"),
		});
		await this.#followers.start();
	}

	async stop(): Promise<void> {
		await this.#followers?.stop();
		this.#followers = undefined;
	}

	status(name = "one"): LiveFollower {
		const found = this.#followers?.status().find((status) => status.name === name);
		if (found === undefined) throw new Error(`expected a follower ${name}`);
		return found;
	}

	async until(what: (status: LiveFollower) => boolean, name = "one"): Promise<LiveFollower> {
		await eventually(() => what(this.status(name))).catch((error: Error) => {
			throw new Error(`${error.message}; found ${JSON.stringify(this.status(name))}`);
		});
		return this.status(name);
	}

	/** Everything in the store is written or among the dead letters. */
	caughtUp(name = "one"): Promise<LiveFollower> {
		return this.until(({ state, pos }) => state === "current" && pos >= this.line.end, name);
	}

	deadLetters(name = "one"): { reason: string; line?: string; what?: string; more?: number }[] {
		const text = readFileSync(join(this.folder, "dead-letters", `${name}.jsonl`), "utf8");
		return text
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line));
	}

	/** A file beside the configuration with a secret in it. */
	async secret(name: string, text: string): Promise<void> {
		await writeFile(join(this.folder, name), `${text}\n`);
	}
}

/** A store of the running test's own, closed when it ends. */
export async function ownStore(): Promise<StoreRig> {
	const line = await new StoreRig().open();
	onTestFinished(() => line.close());
	return line;
}

/** A plain number tag and `count` samples of it, a second apart. */
export async function plainSamples(rig: StoreRig, count: number, from = 0): Promise<void> {
	if (from === 0) await rig.series("U500", "T1", "Double");
	await rig.samples(
		"U500",
		Array.from({ length: count }, (_, index) => ({
			tag: "T1",
			atMs: beganMs + (from + index) * 1_000,
			value: from + index + 0.25,
		})),
	);
}

export interface ScriptedRequest {
	readonly path: string;
	readonly query: URLSearchParams;
	readonly headers: IncomingHttpHeaders;
	readonly lines: readonly string[];
}

export interface ScriptedAnswer {
	readonly status: number;
	readonly headers?: Record<string, string>;
	readonly body?: string;
}

/** A database that answers as the test says, for what a real one cannot be made to say; undefined says nothing at all. */
export class ScriptedDatabase {
	readonly requests: ScriptedRequest[] = [];
	answer: (request: ScriptedRequest) => ScriptedAnswer | undefined = () => ({ status: 204 });
	readonly #server: Server;

	private constructor() {
		this.#server = createServer((request, response) => {
			const chunks: Buffer[] = [];
			request.on("data", (chunk: Buffer) => chunks.push(chunk));
			request.on("end", () => {
				const url = new URL(request.url ?? "", "http://localhost");
				const lines = Buffer.concat(chunks).toString().split("\n");
				const told = { path: url.pathname, query: url.searchParams, headers: request.headers, lines };
				this.requests.push(told);
				const answer = this.answer(told);
				if (answer === undefined) return;
				response.writeHead(answer.status, answer.headers).end(answer.body);
			});
		});
	}

	static async start(): Promise<ScriptedDatabase> {
		const database = new ScriptedDatabase();
		await new Promise<void>((resolve) => database.#server.listen(0, "127.0.0.1", resolve));
		onTestFinished(() => {
			database.#server.closeAllConnections();
			database.#server.close();
		});
		return database;
	}

	get url(): string {
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}
}
