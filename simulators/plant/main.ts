import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, every, systemClock } from "../../common/runtime/clock.ts";
import { CodedError } from "../../common/runtime/coded-error.ts";
import { loadConfigFile } from "../../common/runtime/config-file.ts";
import { Lifecycle } from "../../common/runtime/lifecycle.ts";
import { createLogger, type Logger } from "../../common/runtime/logger.ts";
import { routeOpcuaLog } from "../../common/runtime/opcua-log.ts";
import { type SimulatorConfig, simulatorConfigKind } from "./config.ts";
import { previewOf } from "./model/preview.ts";
import { modelSchema } from "./parameters.ts";
import { ParentLink } from "./parent-link.ts";
import { type ScenarioName, scenarioNames } from "./pipeline.ts";
import { Simulator } from "./simulator.ts";

export interface SimulatorOptions {
	readonly config: string;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly clock?: Clock;
	/** These three replace what the file says. */
	readonly speed?: number;
	readonly scenarios?: readonly string[];
	readonly startsHoursAgo?: number;
}

const progressMs = 500;
const stopWithinMs = 4000;

/**
 * The simulator process: until a signal, `exit` from the parent, or the parent's end. Returns the exit
 * code; throws a CodedError when the configuration is not usable.
 */
export async function runSimulator(options: SimulatorOptions): Promise<number> {
	const clock = options.clock ?? systemClock;
	const config = configured(options);
	const log = createLogger({ process: "simulator", level: config.log_level });
	routeOpcuaLog(log);

	const ended = Promise.withResolvers<string>();
	const onSignal = (signal: NodeJS.Signals) => ended.resolve(signal);
	process.on("SIGINT", onSignal);
	process.on("SIGTERM", onSignal);

	const parent = new ParentLink(process);
	const simulator = new Simulator({
		config,
		clock,
		events: {
			onRunning: (plantTimeMs) => {
				log.info({ plantTime: new Date(plantTimeMs).toISOString() }, "line started");
				parent.tell({ type: "running", plantTimeMs });
			},
			onFailed: (error) => log.error({ err: error }, "server did not restart"),
			onCaughtUp: () => {
				log.info("plant time met the clock");
				parent.tell({ type: "caught-up" });
			},
		},
	});
	const lifecycle = new Lifecycle({ clock, parts: [simulator], stopWithinMs });
	let cancelProgress = () => {};
	try {
		await lifecycle.start();
		const { endpoints } = simulator;
		log.info({ endpoints }, "simulated servers listening");
		parent.open({
			onMessage: (message) => {
				if (message.type === "exit") ended.resolve("exit message");
				else
					halt(simulator, parent, log).catch((error: unknown) => log.error({ err: error }, "could not halt"));
			},
			onGone: () => ended.resolve("parent gone"),
		});
		parent.tell({ type: "listening", endpoints });
		cancelProgress = reportProgress(simulator, parent, clock);
		log.info({ reason: await ended.promise }, "stopping");
		const report = await lifecycle.stop();
		for (const failed of report.failed) log.error({ failed }, "did not stop cleanly");
		if (report.late.length > 0)
			log.error({ parts: report.late, withinMs: stopWithinMs }, "did not stop in time");
		return report.failed.length + report.late.length === 0 ? 0 : 1;
	} finally {
		cancelProgress();
		parent.close();
		process.off("SIGINT", onSignal);
		process.off("SIGTERM", onSignal);
	}
}

/**
 * Draws what one should see of each scenario: a chart per scenario as `NAME.svg` in `directory`, made when missing.
 * `only` picks scenarios; a name that there is not throws a CodedError.
 */
export function previewScenarios(options: {
	readonly directory: string;
	readonly seed: number;
	readonly only?: readonly string[];
	readonly onDrawn: (drawn: { scenario: string; file: string; effect: string }) => void;
}): void {
	const parameters = modelSchema.parse({ special_causes: 0 });
	const chosen = options.only?.map(scenarioName) ?? scenarioNames;
	mkdirSync(options.directory, { recursive: true });
	for (const scenario of chosen) {
		const { svg, effect } = previewOf(scenario, parameters, options.seed);
		const file = join(options.directory, `${scenario}.svg`);
		writeFileSync(file, svg);
		options.onDrawn({ scenario, file, effect });
	}
}

function configured(options: SimulatorOptions): SimulatorConfig {
	const { value } = loadConfigFile(options.config, simulatorConfigKind, options.env);
	const line = {
		...value.line,
		...(options.speed === undefined ? {} : { speed: options.speed }),
		...(options.startsHoursAgo === undefined ? {} : { starts_hours_ago: options.startsHoursAgo }),
	};
	const scenarios =
		options.scenarios?.map((name) => ({
			name: scenarioName(name),
			lot: 1,
			train: 1,
			severity: "stated" as const,
		})) ?? value.scenarios;
	return { ...value, line, scenarios };
}

function scenarioName(name: string): ScenarioName {
	const known = scenarioNames.find((candidate) => candidate === name);
	if (known !== undefined) return known;
	throw new CodedError("USAGE", `expected a scenario (${scenarioNames.join(", ")}), found "${name}"`);
}

async function halt(simulator: Simulator, parent: ParentLink, log: Logger): Promise<void> {
	const { line } = simulator;
	await line.halt();
	const { plantTimeMs, produced } = line;
	log.info({ plantTime: new Date(plantTimeMs).toISOString(), produced }, "line halted");
	parent.tell({ type: "halted", plantTimeMs, produced, producedByTag: line.producedByTag() });
}

function reportProgress(simulator: Simulator, parent: ParentLink, clock: Clock): () => void {
	const { line } = simulator;
	let last = { plantTimeMs: line.plantTimeMs, monotonicMs: clock.monotonicMs() };
	return every(clock, progressMs, () => {
		const { plantTimeMs, produced, waitingForClients } = line;
		const monotonicMs = clock.monotonicMs();
		const elapsedMs = Math.max(1, monotonicMs - last.monotonicMs);
		parent.tell({
			type: "progress",
			plantTimeMs,
			wallMs: clock.wallMs(),
			speed: (plantTimeMs - last.plantTimeMs) / elapsedMs,
			produced,
			waitingForClients,
		});
		last = { plantTimeMs, monotonicMs };
	});
}
