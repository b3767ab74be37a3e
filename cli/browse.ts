import { existsSync, writeFileSync } from "node:fs";
import type { ClientSession } from "node-opcua";
import { inSession } from "../agent/source/browsing/connect.ts";
import { SpaceReader } from "../agent/source/browsing/space-reader.ts";
import { type Survey, type SurveyStep, survey } from "../agent/source/browsing/survey.ts";
import { systemClock } from "../common/runtime/clock.ts";
import { CodedError, errorText } from "../common/runtime/coded-error.ts";
import { draftConfig } from "./browse-config.ts";
import { browsedServer } from "./browse-server.ts";
import { treeRows, treeText } from "./browse-tree.ts";

export interface BrowseOptions {
	readonly insecure: boolean;
	/** The agent's configuration that says how this server is reached. */
	readonly config?: string;
	readonly from?: string;
	readonly include: readonly string[];
	readonly exclude: readonly string[];
	readonly depth?: number;
	readonly maxNodes: number;
	readonly properties: boolean;
	readonly write?: string;
	readonly force: boolean;
	readonly json: boolean;
	readonly env: NodeJS.ProcessEnv;
}

const depthMax = 64;
const progressEveryMs = 2_000;

/** Prints a server's objects and variables as a tree, or writes a configuration for them. Resolves with the exit code. */
export async function browse(endpoint: string, options: BrowseOptions): Promise<number> {
	const { server, security } = browsedServer(endpoint, options, options.env);
	if (options.write !== undefined && !options.force && existsSync(options.write))
		throw new CodedError("USAGE", `${options.write} is there already; --force overwrites it`);
	await silenceLibrary();
	const startedMs = performance.now();
	const look = async (session: ClientSession) => {
		const space = await SpaceReader.open(session, new AbortController().signal);
		const seen = await survey(space, requestOf(options), progress(startedMs));
		return { found: seen, requests: space.requests };
	};
	const { found, requests } = await inSession(server, systemClock, look, security);
	if ("error" in found) throw new CodedError("USAGE", `--from ${options.from ?? ""}: ${found.error}`);
	const seconds = (performance.now() - startedMs) / 1_000;
	const stopped = stoppedText(found, options);
	if (stopped !== undefined) process.stderr.write(`pilotline: ${stopped}\n`);
	const isWhole =
		found.walk.stoppedBy === undefined || (found.walk.stoppedBy === "depth" && options.depth !== undefined);
	if (options.write !== undefined) {
		if (!isWhole) {
			process.stderr.write(
				`pilotline: ${options.write} was not written, because tags would be missing in it\n`,
			);
			return 1;
		}
		return writeDraft(endpoint, found, options.write, options, server.insecure === true);
	}
	const rows = treeRows(found, {
		prefix: options.from?.includes("=") ? "" : (options.from ?? "").replace(/^\/(?:0:)?Objects\/?/, ""),
		isFiltered: options.include.length + options.exclude.length > 0,
	});
	const { walk, variables, properties, namespaces } = found;
	if (options.json) {
		process.stdout.write(
			`${JSON.stringify({ endpoint, namespaces, whole: isWhole, nodes: walk.nodes, variables: variables.length, repeated: walk.repeated, failed: walk.failed, leftOut: walk.leftOut, propertiesLeftOut: properties, requests, seconds, rows })}\n`,
		);
	} else {
		process.stdout.write(`${treeText(rows)}\n${summary(found, requests, seconds)}\n`);
	}
	return isWhole ? 0 : 1;
}

function requestOf({ from, include, exclude, depth, maxNodes, properties, write }: BrowseOptions) {
	return {
		from:
			from === undefined
				? undefined
				: { text: from, isPath: !/^(?:ns=|nsu=[^/]*;)?[isgb]=/.test(from), namespace: undefined },
		include,
		exclude,
		withProperties: properties,
		withValues: write === undefined,
		bounds: { nodesMax: maxNodes, depthMax: depth ?? depthMax },
	};
}

/** Warnings of the library speak of its own requests, and standard output belongs to what was asked for. */
export async function silenceLibrary(): Promise<void> {
	const { setErrorLogger, setWarningLogger } = await import("node-opcua");
	setWarningLogger(() => undefined);
	setErrorLogger(() => undefined);
}

function progress(startedMs: number): (step: SurveyStep, nodes: number) => void {
	let toldMs = startedMs;
	return (step, nodes) => {
		const nowMs = performance.now();
		if (nowMs - toldMs < progressEveryMs) return;
		toldMs = nowMs;
		const seconds = Math.round((nowMs - startedMs) / 1_000);
		process.stderr.write(`${seconds} s: ${nodes} ${step === "found" ? "nodes found" : "variables read"}\n`);
	};
}

function stoppedText({ walk }: Survey, { maxNodes, depth }: BrowseOptions): string | undefined {
	if (walk.stoppedBy === "nodes")
		return `stopped at ${maxNodes} nodes, and there are more; start lower with --from, or raise --max-nodes`;
	if (walk.stoppedBy === "depth" && depth === undefined)
		return `stopped ${depthMax} levels down, and there are more; start lower with --from`;
	return undefined;
}

function summary({ walk, variables, properties }: Survey, requests: number, seconds: number): string {
	const notes = [
		`${variables.length} variables among ${walk.nodes} nodes, ${requests} requests in ${seconds.toFixed(1)} s`,
	];
	if (walk.stoppedBy === "depth") notes.push("there are deeper levels");
	if (walk.leftOut.length > 0) notes.push(`not looked into: ${walk.leftOut.join(", ")}`);
	if (properties > 0) notes.push(`${properties} properties not shown (--properties shows them)`);
	if (walk.repeated > 0) notes.push(`${walk.repeated} references to nodes already seen`);
	if (walk.failed > 0) notes.push(`${walk.failed} nodes whose references the server did not give`);
	return notes.join("; ");
}

function writeDraft(
	endpoint: string,
	found: Survey,
	file: string,
	{ force, json }: BrowseOptions,
	insecure: boolean,
): number {
	const draft = draftConfig({ endpoint, insecure }, found, new Date().toISOString().slice(0, 10));
	if (draft.tags === 0)
		throw new CodedError(
			"USAGE",
			"expected variables that can be tags, found none; widen --from or --include",
		);
	try {
		writeFileSync(file, draft.text, { flag: force ? "w" : "wx" });
	} catch (error) {
		throw new CodedError("USAGE", `cannot write ${file}: ${errorText(error)}`, { cause: error });
	}
	const { devices, tags, leftOut } = draft;
	process.stdout.write(
		json
			? `${JSON.stringify({ file, devices, tags, leftOut })}\n`
			: `${file}: ${tags} tags of ${devices} devices${leftOut.length === 0 ? "" : `; ${leftOut.length} variables left out, named at its end`}\n`,
	);
	return 0;
}
