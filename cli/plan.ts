import { dirname, resolve } from "node:path";
import type { AgentConfig } from "../agent/config.ts";
import { planReload } from "../agent/reload/plan.ts";
import type { CollectorConfig } from "../collector/config.ts";
import { readSpecificationFiles } from "../collector/specification-files.ts";
import { CodedError } from "../common/runtime/coded-error.ts";
import { type ConfigChange, configDiff } from "../common/runtime/config-diff.ts";
import { formatProblems, peekKey, readConfigFile } from "../common/runtime/config-file.ts";
import { redacted } from "../common/runtime/config-redaction.ts";
import { pathFrom } from "../common/runtime/config-values.ts";
import { ApiClient } from "./api-client.ts";
import { configKinds, unknownKind } from "./config-kinds.ts";
import { table } from "./table.ts";

interface PlanOptions {
	readonly agent?: string;
	readonly against?: string;
	readonly json: boolean;
	readonly env: NodeJS.ProcessEnv;
}

interface Told {
	readonly kind: string;
	/** What it was compared with: an address or a file. */
	readonly against: string;
	/** `reload`: a running agent takes it. `restart`: only a restart does. */
	readonly result: "unchanged" | "reload" | "restart";
	readonly changes: readonly (ConfigChange & { readonly touches: string })[];
	readonly costs: readonly string[];
	readonly needsRestart: readonly string[];
}

const rowsMax = 200;
const cellMax = 44;

/** Compares a file with what runs, or with another file, and prints what would change. Resolves with the exit code. */
export async function plan(file: string, options: PlanOptions): Promise<number> {
	const read = readWhole(file, options.env);
	if (read.problems !== undefined) return invalid(file, read.problems, options.json);
	const { kind, config } = read;
	let before: unknown;
	let against: string;
	if (options.against !== undefined) {
		against = options.against;
		const old = readWhole(against, options.env);
		if (old.problems !== undefined) return invalid(against, old.problems, options.json);
		if (old.kind !== kind)
			throw new CodedError("USAGE", `expected two files of one kind, found ${kind} and ${old.kind}`);
		before = old.config;
	} else {
		against = addressOf(kind, config, options.agent);
		before = await new ApiClient(against).get<{ kind?: unknown }>("/config");
	}
	const told = { kind, against, ...differences(kind, redacted(before), redacted(config)) };
	process.stdout.write(`${options.json ? JSON.stringify({ file, ...told }) : planText(file, told)}\n`);
	return told.result === "restart" ? 1 : 0;
}

function invalid(file: string, problems: Parameters<typeof formatProblems>[0], json: boolean): number {
	const text = json ? JSON.stringify({ file, result: "invalid", problems }) : formatProblems(problems);
	process.stdout.write(`${text}\n`);
	return 2;
}

/** A file with everything that it names: what a CSV file adds to an agent's, and the specification of a collector's. */
function readWhole(file: string, env: NodeJS.ProcessEnv) {
	const kind = String(peekKey(file, "kind"));
	const result = readConfigFile(file, configKinds[kind] ?? unknownKind, env);
	if (!result.ok) return { problems: result.problems };
	if (kind !== "collector") return { kind, config: result.value };
	const { specification } = result.value as CollectorConfig;
	const paths = specification.map((path) => pathFrom(dirname(resolve(file)), path));
	const named = readSpecificationFiles(paths, env);
	if (named.problems.length > 0) return { problems: named.problems };
	// Of one file, keys are named as they stand in it.
	const [only, ...more] = named.specifications;
	return {
		kind,
		config: {
			...(result.value as CollectorConfig),
			specification: more.length === 0 ? only : named.specifications,
		},
	};
}

function addressOf(kind: string, config: unknown, given: string | undefined): string {
	if (kind !== "agent")
		throw new CodedError(
			"USAGE",
			`expected --against OLD_FILE, because a running ${kind} does not tell its configuration`,
		);
	if (given !== undefined) return given.replace(/\/$/, "");
	const { host, port } = (config as AgentConfig).status;
	if (port === 0)
		throw new CodedError(
			"USAGE",
			"expected --agent URL or --against FILE, because the file has status.port 0",
		);
	return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function differences(kind: string, before: unknown, after: unknown): Omit<Told, "kind" | "against"> {
	if (kind === "agent") {
		const { changes, costs, needsRestart } = planReload(before as AgentConfig, after as AgentConfig);
		const result = changes.length === 0 ? "unchanged" : needsRestart.length > 0 ? "restart" : "reload";
		// What a file that is refused would cost is nothing.
		return { result, changes, costs: result === "restart" ? [] : costs, needsRestart };
	}
	const changes = configDiff(before, after).map((change) => ({ ...change, touches: "restart" }));
	const needsRestart = changes.map(({ where }) => where);
	return { result: changes.length === 0 ? "unchanged" : "restart", changes, costs: [], needsRestart };
}

function planText(file: string, { kind, against, result, changes, costs, needsRestart }: Told): string {
	if (result === "unchanged") return `${file}: nothing would change against ${against}`;
	const rows = changes
		.slice(0, rowsMax)
		.map(({ kind, where, before, after, touches }) => [kind, where, cell(before), cell(after), touches]);
	const more = changes.length - rows.length;
	const tail =
		kind !== "agent"
			? `A running ${kind} does not read its files again: all of this needs a restart.`
			: result === "restart"
				? `A reload refuses this file as a whole, because these keys need a restart: ${needsRestart.join(", ")}`
				: ["What it costs:", ...(costs.length === 0 ? ["nothing"] : costs).map((cost) => `  ${cost}`)].join(
						"\n",
					);
	return [
		`${file} against ${against}:`,
		"",
		table(["change", "what", "from", "to", "touches"], rows),
		...(more > 0 ? [`${more} more; --json has them all`] : []),
		"",
		tail,
	].join("\n");
}

function cell(value: unknown): string {
	if (value === undefined) return "";
	const text = typeof value === "string" ? value : JSON.stringify(value);
	return text.length > cellMax ? `${text.slice(0, cellMax - 1)}…` : text;
}
