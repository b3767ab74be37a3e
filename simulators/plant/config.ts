// The simulator's configuration. YAML keys are snake_case; the key's comment here is its documentation.

import { z } from "zod";
import type { ConfigKind } from "../../common/runtime/config-file.ts";
import { logLevels } from "../../common/runtime/logger.ts";
import { lineSize, modelSchema } from "./parameters.ts";
import {
	measuringFaults,
	plantSecurities,
	scenarioNames,
	serverFaults,
	serverNames,
	severities,
} from "./pipeline.ts";

const server = z.strictObject({
	port: z
		.int("expected a port number, 0 to 65535 (0 takes a free one)")
		.min(0, "expected a port number, 0 to 65535 (0 takes a free one)")
		.max(65_535, "expected a port number, 0 to 65535 (0 takes a free one)")
		.describe("TCP port; 0 takes a free one"),
});

const scenario = z.strictObject({
	name: z
		.enum(scenarioNames, `expected a scenario (${scenarioNames.join(", ")})`)
		.describe("Name of the scenario"),
	lot: z
		.int()
		.min(1)
		.default(1)
		.describe("Which lot it hits, counted from the first that begins after the line"),
	severity: z
		.enum(severities, `expected ${severities.join(" or ")}`)
		.default("stated")
		.describe("The size whose effect just passes or just fails, or a worse one"),
	train: z
		.int()
		.min(1)
		.max(8)
		.default(1)
		.describe("Which train it hits, on a line of several; the lots are counted there"),
	batches: z.int().min(1).max(1000).optional().describe("Batches it lasts for; default: those of the lot"),
});

const fault = z.strictObject({
	kind: z
		.enum(measuringFaults, `expected a fault of measuring (${measuringFaults.join(", ")})`)
		.describe("What is wrong with the instrument"),
	tag: z.string().min(1).describe("The instrument, such as F500.TT01"),
	from_hours: z.number().min(0).describe("When it begins, in plant hours from the line's beginning"),
	for_hours: z.number().positive().optional().describe("How long it lasts; without it for ever"),
	size: z
		.number()
		.default(1)
		.describe("drift: units a day; spike: units added; noise and scale: times; frozen and dead: nothing"),
});

const serverFault = z.strictObject({
	kind: z
		.enum(serverFaults, `expected a fault of a server (${serverFaults.join(", ")})`)
		.describe("What is wrong with the server"),
	server: z.enum(serverNames, `expected a server (${serverNames.join(", ")})`).describe("Which one"),
	from_hours: z.number().min(0).describe("When it begins, in plant hours from the line's beginning"),
	for_hours: z.number().positive().default(1).describe("How long a clock-skew lasts"),
	size: z
		.number()
		.default(6000)
		.describe("clock-skew: seconds ahead; overflow: values written at once; the others: nothing"),
});

const line = z.strictObject({
	seed: z.int().min(0).max(2_147_483_647).default(1).describe("Seed of everything that is random"),
	starts_hours_ago: z
		.number()
		.min(0)
		.max(24 * 366)
		.default(96)
		.describe("How far in the past plant time begins, in hours"),
	speed: z
		.number()
		.min(1)
		.max(100_000)
		.default(1850)
		.describe("Times faster than the clock, until plant time meets it"),
	step_s: z.int().min(1).max(60).default(10).describe("Plant seconds between two readings of a tag"),
	wait_for_subscribers: z
		.boolean()
		.default(true)
		.describe("Begin only when every variable is subscribed, so that nothing produced goes unseen"),
});

const simulatorKeys = z.strictObject({
	kind: z.literal("simulator"),
	schema: z.literal(1),
	data_dir: z.string().min(1).describe("Folder for the servers' certificates, made when missing"),
	log_level: z.enum(logLevels).default("info").describe("Least severe log line that is written"),
	host: z
		.string()
		.min(1)
		.default("127.0.0.1")
		.describe("Address that the servers listen on; 0.0.0.0 for every address of this machine"),
	host_name: z
		.string()
		.min(1)
		.optional()
		.describe("Name by which clients reach them, in endpoints and certificates; default: host"),
	servers: z.strictObject({
		charge_and_mill: server.describe("U200, U300, U310"),
		dry_and_fire: server.describe("U400, U500"),
		size_and_pack: server.describe("U600, U650, U700, U800, U900"),
		laboratory: server.describe("L900"),
	}),
	security: z
		.enum(plantSecurities, `expected ${plantSecurities.join(", ")}`)
		.default("none")
		.describe("Endpoints: without security, with it only, or both"),
	trust_any_client: z
		.boolean()
		.default(false)
		.describe(
			"Secured endpoints take any client; otherwise its certificate must be in data_dir/pki/trusted/certs",
		),
	history_values: z
		.int()
		.min(0)
		.max(100_000)
		.default(0)
		.describe("Values of each instrument that its server keeps for HistoryRead; 0 keeps none"),
	line: line.prefault({}),
	batches_per_lot: z.int().min(1).max(4).default(1).describe("Batches that are blended into one lot"),
	scenarios: z.array(scenario).max(100).default([]).describe("What goes wrong"),
	faults: z.array(fault).max(100).default([]).describe("What is wrong with instruments"),
	server_faults: z.array(serverFault).max(100).default([]).describe("What is wrong with servers"),
	model: modelSchema.prefault({}).describe("Constants of the process model; every one has a default"),
});

export const simulatorSchema = simulatorKeys.superRefine(({ scenarios, model }, context) => {
	const { trains } = lineSize(model);
	for (const [index, { train }] of scenarios.entries()) {
		if (train <= trains) continue;
		const message = `expected a train of the line, 1 to ${trains}`;
		context.addIssue({ code: "custom", path: ["scenarios", index, "train"], message });
	}
});

export type SimulatorConfig = z.output<typeof simulatorSchema>;

export const simulatorConfigKind: ConfigKind<typeof simulatorSchema> = { schema: simulatorSchema };
