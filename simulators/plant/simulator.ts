import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { OPCUACertificateManager } from "node-opcua";
import type { Clock } from "../../common/runtime/clock.ts";
import { CodedError } from "../../common/runtime/coded-error.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { SimulatorConfig } from "./config.ts";
import { labResultNodeset as labResultNodesetText } from "./lab-result-type.ts";
import { Line } from "./line.ts";
import { Plant } from "./model/plant.ts";
import { tags } from "./model/tags.ts";
import { type PlantWrite, type ServerName, serverNames } from "./pipeline.ts";
import { PlantServer } from "./plant-server.ts";
import { type ServerFault, ServerFaultPlan } from "./server-faults.ts";

export interface SimulatorEvents {
	readonly onRunning?: (plantTimeMs: number) => void;
	readonly onCaughtUp?: () => void;
	/** A server that was to restart could not. */
	readonly onFailed?: (error: unknown) => void;
}

/** The simulated line: process model, plant time and four OPC UA servers. */
export class Simulator implements Part {
	readonly name = "simulator";
	readonly #config: SimulatorConfig;
	readonly #clock: Clock;
	readonly #events: SimulatorEvents;
	#servers: PlantServer[] = [];
	#serverOf: PlantServer[] = [];
	#line: Line | undefined;
	/** Restarts of servers under way, one after the other. */
	#restarting: Promise<void> = Promise.resolve();

	constructor(options: { config: SimulatorConfig; clock: Clock; events?: SimulatorEvents }) {
		this.#config = options.config;
		this.#clock = options.clock;
		this.#events = options.events ?? {};
	}

	/** Where each server listens; empty before `start`. */
	get endpoints(): Partial<Record<ServerName, string>> {
		return Object.fromEntries(this.#servers.map((server) => [server.serverName, server.endpoint]));
	}

	get line(): Line {
		if (this.#line === undefined) throw new Error("the simulator has not been started");
		return this.#line;
	}

	async start(): Promise<void> {
		if (this.#line !== undefined) return;
		const { line: lineConfig, servers, data_dir: dataDir, host, host_name: hostName = host } = this.#config;
		const plant = this.#plant();
		const { units, variables } = plant.published;
		const certificates = await this.#certificates(dataDir);
		const labResultNodeset = resolve(dataDir, "lab-result-type.xml");
		writeFileSync(labResultNodeset, labResultNodesetText);
		const ports: Record<ServerName, number> = {
			"charge-and-mill": servers.charge_and_mill.port,
			"dry-and-fire": servers.dry_and_fire.port,
			"size-and-pack": servers.size_and_pack.port,
			laboratory: servers.laboratory.port,
		};
		this.#servers = serverNames.map(
			(server) =>
				new PlantServer({
					server,
					port: ports[server],
					host,
					hostName,
					security: this.#config.security,
					historyValues: this.#config.history_values,
					...(server === "laboratory"
						? { labResultNodeset, labInstruments: plant.labInstruments, beganMs: plant.nowMs }
						: {}),
					certificates,
					units: units.filter((unit) => unit.server === server),
					variables: variables.filter((variable) => variable.server === server),
				}),
		);
		for (const server of this.#servers) await server.prepare();
		this.#serverOf = variables.map(
			(variable) => this.#servers.find((server) => server.has(variable)) as PlantServer,
		);
		const faults = this.#faultPlan(plant.nowMs);
		this.#line = new Line({
			clock: this.#clock,
			plant,
			output: {
				write: (write: PlantWrite) => this.#serverOf[write.variable.index]?.write(write),
				congested: () => this.#servers.some((server) => server.congested),
				everythingMonitored: () => this.#servers.every((server) => server.everythingMonitored),
			},
			speed: lineConfig.speed,
			stepMs: lineConfig.step_s * 1000,
			waitForSubscribers: lineConfig.wait_for_subscribers,
			onStep: (plantTimeMs) => this.#obey(faults, plantTimeMs),
			...this.#events,
		});
		this.#line.begin();
		for (const server of this.#servers) await server.start();
		this.#line.run();
	}

	async stop(): Promise<void> {
		await this.#line?.halt();
		await this.#restarting;
		this.#line = undefined;
		const servers = this.#servers;
		this.#servers = [];
		// One after the other: they share a certificate folder, which the last one closes.
		for (const server of servers) await server.stop();
	}

	#plant(): Plant {
		const { line, scenarios, faults, model, batches_per_lot: batchesPerLot } = this.#config;
		expectInstruments([...faults.map(({ tag }) => tag), ...Object.keys(model.interlocks.tags)]);
		// Whole seconds, so that source times are easy to read.
		const startMs = Math.floor((this.#clock.wallMs() - line.starts_hours_ago * 3_600_000) / 1000) * 1000;
		return new Plant({
			parameters: { ...model, size: { ...model.size, batches_per_lot: batchesPerLot } },
			seed: line.seed,
			onLabEvent: (event) => this.#servers.find(({ serverName }) => serverName === "laboratory")?.tell(event),
			startMs,
			scenarios: scenarios.map(({ name, lot, train, severity, batches }) => ({
				name,
				lot,
				train,
				severity,
				...(batches === undefined ? {} : { batches }),
			})),
			faults: faults.map(({ kind, tag, from_hours: fromH, for_hours: forH, size }) => ({
				kind,
				tag,
				fromS: fromH * 3600,
				size,
				...(forH === undefined ? {} : { untilS: (fromH + forH) * 3600 }),
			})),
		});
	}

	#faultPlan(startMs: number): ServerFaultPlan {
		return new ServerFaultPlan(
			this.#config.server_faults.map(({ kind, server, from_hours: fromH, for_hours: forH, size }) => ({
				kind,
				server,
				fromMs: startMs + fromH * 3_600_000,
				untilMs: startMs + (fromH + forH) * 3_600_000,
				size,
			})),
		);
	}

	#obey(plan: ServerFaultPlan, plantTimeMs: number): void {
		for (const { fault, begins } of plan.take(plantTimeMs)) {
			const server = this.#servers.find(({ serverName }) => serverName === fault.server);
			if (server !== undefined) this.#inflict(server, fault, begins, plantTimeMs);
		}
	}

	#inflict(server: PlantServer, fault: ServerFault, begins: boolean, plantTimeMs: number): void {
		if (fault.kind === "clock-skew") server.skewMs = begins ? fault.size * 1000 : 0;
		else if (fault.kind === "lost-connection") server.cut();
		else if (fault.kind === "overflow") server.overflow(fault.size, plantTimeMs);
		else
			this.#restarting = this.#restarting
				.then(() => server.restart())
				.catch((error: unknown) => this.#events.onFailed?.(error));
	}

	/** One folder for the four servers: the key is made once. */
	async #certificates(dataDir: string): Promise<OPCUACertificateManager> {
		const rootFolder = resolve(dataDir, "pki");
		mkdirSync(rootFolder, { recursive: true });
		const certificates = new OPCUACertificateManager({
			rootFolder,
			disableFileWatchers: true,
			automaticallyAcceptUnknownCertificate: this.#config.trust_any_client,
		});
		await certificates.initialize();
		return certificates;
	}
}

function expectInstruments(names: readonly string[]): void {
	const unknown = names.find((name) => !tags.some((tag) => tag.name === name));
	if (unknown === undefined) return;
	const where = "in faults and model.interlocks.tags";
	throw new CodedError(
		"CONFIG_INVALID",
		`expected instruments of the line ${where}, such as F500.TT01, found ${unknown}`,
	);
}
