// The processes of the demonstration, with the configuration of examples/pilot-line.

import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../common/runtime/clock.ts";
import type { CodedError } from "../../common/runtime/coded-error.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import { type ReceivedMessage, WebhookReceiver } from "../../simulators/receiver/webhook-receiver.ts";
import { Child } from "../child.ts";
import { EmbeddedBroker } from "../embedded-broker.ts";
import { freePort } from "../free-port.ts";

export interface LineUpOptions {
	readonly directory: string;
	readonly env: NodeJS.ProcessEnv;
	readonly clock: Clock;
	readonly scenarios: readonly string[];
	readonly speed: number;
	readonly startsHoursAgo: number;
	readonly onMessage: (message: ReceivedMessage) => void;
	readonly onSimulator: (message: SimulatorMessage) => void;
	readonly onFailure: (error: CodedError) => void;
}

/** What the simulator process says over its channel. */
export type SimulatorMessage =
	| { readonly type: "listening"; readonly endpoints: Readonly<Record<string, string>> }
	| { readonly type: "running"; readonly plantTimeMs: number }
	| {
			readonly type: "progress";
			readonly plantTimeMs: number;
			readonly speed: number;
			readonly produced: number;
	  }
	| { readonly type: "caught-up" }
	| {
			readonly type: "halted";
			readonly produced: number;
			readonly producedByTag: Readonly<Record<string, number>>;
	  };

export interface LineUp {
	readonly broker: EmbeddedBroker;
	readonly receiver: WebhookReceiver;
	readonly collector: Child;
	readonly simulator: Child;
	readonly agent: Child;
	readonly apiUrl: string;
	readonly agentUrl: string;
}

/** The variable by which each simulated server's port is told to the configuration files. */
const portVariables = {
	"charge-and-mill": "PILOTLINE_OPCUA_CHARGE_PORT",
	"dry-and-fire": "PILOTLINE_OPCUA_DRY_PORT",
	"size-and-pack": "PILOTLINE_OPCUA_SIZE_PORT",
	laboratory: "PILOTLINE_OPCUA_LAB_PORT",
} as const;

/** Prepares every process on free ports; broker and receiver are started, because the others need their addresses. */
export async function lineUp(options: LineUpOptions): Promise<LineUp> {
	const { directory, clock, onFailure } = options;
	const logs = join(directory, "logs");
	await mkdir(logs, { recursive: true, mode: 0o750 });
	const secret = `whsec_${randomBytes(32).toString("base64")}`;
	const secretFile = join(directory, "webhook.secret");
	await writeFile(secretFile, `${secret}\n`, { mode: 0o600 });
	const broker = new EmbeddedBroker();
	const receiver = new WebhookReceiver({ port: 0, secret, onMessage: options.onMessage });
	await broker.start();
	await receiver.start();
	const [apiPort, agentPort] = [await freePort(), await freePort()];
	const opcuaPorts: Record<string, string> = {};
	for (const name of Object.values(portVariables)) opcuaPorts[name] = String(await freePort());
	const env: NodeJS.ProcessEnv = {
		...options.env,
		...opcuaPorts,
		PILOTLINE_BROKER_URL: broker.url,
		PILOTLINE_WEBHOOK_URL: receiver.url,
		PILOTLINE_WEBHOOK_SECRET_FILE: secretFile,
		PILOTLINE_AGENT_DATA: join(directory, "agent"),
		PILOTLINE_COLLECTOR_DATA: join(directory, "collector"),
		PILOTLINE_SIMULATOR_DATA: join(directory, "simulator"),
		PILOTLINE_API_PORT: String(apiPort),
		PILOTLINE_AGENT_STATUS_PORT: String(agentPort),
	};
	const child = (name: string, args: readonly string[], onMessage?: (message: unknown) => void) =>
		new Child({
			name,
			args,
			env,
			clock,
			logFile: join(logs, `${name}.log`),
			onUnexpectedEnd: onFailure,
			...(onMessage === undefined ? {} : { onMessage }),
		});
	const simulate = [
		"simulate",
		"--config",
		exampleFile("simulator.yaml"),
		"--speed",
		String(options.speed),
		"--starts-hours-ago",
		String(options.startsHoursAgo),
		...options.scenarios.flatMap((name) => ["--scenario", name]),
	];
	return {
		broker,
		receiver,
		collector: child("collector", ["collector", "--config", exampleFile("collector.yaml")]),
		simulator: child("simulator", simulate, (message) => options.onSimulator(message as SimulatorMessage)),
		agent: child("agent", ["agent", "--config", exampleFile("agent.yaml")]),
		apiUrl: `http://127.0.0.1:${apiPort}`,
		agentUrl: `http://127.0.0.1:${agentPort}`,
	};
}

/** Everything that `stop` has to end, in order of starting. */
export function partsOf({ broker, receiver, collector, simulator, agent }: LineUp): Part[] {
	return [broker, receiver, collector, simulator, agent];
}

function exampleFile(name: string): string {
	return fileURLToPath(new URL(`../../examples/pilot-line/${name}`, import.meta.url));
}
