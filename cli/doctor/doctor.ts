import { type AgentConfig, agentConfig } from "../../agent/config.ts";
import { collectorConfig } from "../../collector/config.ts";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import { loadConfigFile } from "../../common/runtime/config-file.ts";
import { pathFrom } from "../../common/runtime/config-values.ts";
import { DataDirectory } from "../../common/runtime/data-directory.ts";
import { silenceLibrary } from "../browse.ts";
import { table } from "../table.ts";
import { brokerSubjects } from "./broker-checks.ts";
import { clockSubject } from "./clock-checks.ts";
import { diskSubject } from "./disk-checks.ts";
import { type Finding, oneLine, type Subject } from "./finding.ts";
import { hostSubject } from "./host-checks.ts";
import { serverSubject } from "./server-checks.ts";
import { collectorStatus, storeSubject } from "./store-checks.ts";

export const areas = ["servers", "broker", "store", "clock", "disk", "host"] as const;
type Area = (typeof areas)[number];

export interface DoctorOptions {
	readonly config: string;
	readonly collector?: string;
	/** Values a second. */
	readonly rate?: number;
	readonly sample: number;
	readonly only: readonly string[];
	/** Seconds. */
	readonly timeout: number;
	readonly json: boolean;
	readonly env: NodeJS.ProcessEnv;
}

/** What all checks know. */
export interface Patient {
	readonly config: AgentConfig;
	/** Where the configuration lies. */
	readonly directory: string;
	readonly dataDirectory: string;
	/** An agent has the data directory. */
	readonly isRunning: boolean;
	readonly collectorUrl: string | undefined;
	readonly rate: number | undefined;
	readonly sample: number;
}

const progressAfterMs = 2_000;
const mark: Readonly<Record<Finding["level"], string>> = {
	...{ ok: "ok", warn: "WARN", fail: "FAIL", unknown: "?" },
};

/**
 * Looks at everything that an agent needs on this host and prints what it found and what to do. Resolves with the exit code.
 * @throws CodedError USAGE, CONFIG_INVALID, CONFIG_UNREADABLE
 */
export async function doctor(options: DoctorOptions): Promise<number> {
	const report = await examine(options);
	process.stdout.write(`${options.json ? JSON.stringify(report) : text(report)}\n`);
	return report.ok ? 0 : 1;
}

/** What `doctor` prints. */
interface DoctorReport {
	/** Nothing fails. */
	readonly ok: boolean;
	readonly group: string;
	readonly edgeNode: string;
	readonly agentRunning: boolean;
	readonly findings: readonly Finding[];
}

/** Every check in turn. @throws CodedError as `doctor` */
export async function examine(options: DoctorOptions): Promise<DoctorReport> {
	const wrong = options.only.find((area) => !areas.includes(area as Area));
	if (wrong !== undefined)
		throw new CodedError("USAGE", `--only: expected one of ${areas.join(", ")}, found ${wrong}`);
	const { value: config, directory } = loadConfigFile(options.config, agentConfig, options.env);
	const dataDirectory = pathFrom(directory, config.data_dir);
	const patient: Patient = {
		...{ config, directory, dataDirectory, isRunning: isOwned(dataDirectory) },
		...{ collectorUrl: collectorUrl(options), rate: options.rate, sample: options.sample },
	};
	await silenceLibrary();
	const signal = AbortSignal.timeout(options.timeout * 1_000);
	const chosen = (area: Area) => options.only.length === 0 || options.only.includes(area);
	const isNodeOnline = async () => (await collectorStatus(patient)).isNodeOnline;
	const subjects: Subject[] = [
		...(chosen("servers") ? config.servers.map((server) => serverSubject(patient, server)) : []),
		...(chosen("broker") ? brokerSubjects(patient, isNodeOnline) : []),
		...(chosen("store") ? [storeSubject(patient)] : []),
		...(chosen("clock") ? [clockSubject()] : []),
		...(chosen("disk") ? [diskSubject(patient)] : []),
		...(chosen("host") ? [hostSubject(patient)] : []),
	];
	const findings: Finding[] = [];
	// One after the other: the disk is not measured while certificates are computed, nor a server's answer beside it.
	for (const subject of subjects) findings.push(...(await examined(subject, signal, options.timeout)));
	return {
		ok: findings.every(({ level }) => level !== "fail"),
		...{ group: config.group, edgeNode: config.edge_node, agentRunning: patient.isRunning },
		findings,
	};
}

/** A lock that cannot be looked at may be held; why it cannot shows with the host's checks. */
function isOwned(dataDirectory: string): boolean {
	try {
		return DataDirectory.isOwned(dataDirectory);
	} catch {
		return true;
	}
}

/** What a subject's checks have found until they ended, failed, or the time was over. */
async function examined(
	{ about, look }: Subject,
	signal: AbortSignal,
	timeoutS: number,
): Promise<readonly Finding[]> {
	const findings: Finding[] = [];
	let isOver = false;
	const report = (check: string, level: Finding["level"], found: string, advice = "") => {
		if (!isOver) findings.push({ about, check, level, found: oneLine(found), advice: oneLine(advice) });
	};
	const progress = setTimeout(() => process.stderr.write(`looking at ${about} …\n`), progressAfterMs);
	const late = Promise.withResolvers<never>();
	late.promise.catch(() => undefined);
	const expire = () => late.reject(new Error("late"));
	if (signal.aborted) expire();
	signal.addEventListener("abort", expire, { once: true });
	try {
		await Promise.race([late.promise, look(report, signal)]);
	} catch (error) {
		if (signal.aborted)
			report(
				"time",
				"fail",
				`not done within ${timeoutS} s`,
				"look at it alone with --only, or give it more --timeout",
			);
		else report("check", "fail", errorText(error));
	} finally {
		isOver = true;
		clearTimeout(progress);
		signal.removeEventListener("abort", expire);
	}
	return findings;
}

/** An address as it is, or that of a collector on this host by its configuration. */
function collectorUrl({ collector, env }: DoctorOptions): string | undefined {
	if (collector === undefined || /^https?:\/\//.test(collector)) return collector?.replace(/\/$/, "");
	const { api } = loadConfigFile(collector, collectorConfig, env).value;
	return `http://${api.host.includes(":") ? `[${api.host}]` : api.host}:${api.port}`;
}

function text({ findings, group, edgeNode, agentRunning }: DoctorReport): string {
	const rows = findings.map(({ about, check, level, found }) => [about, check, mark[level], found]);
	const advice = findings
		.filter((finding) => finding.advice !== "")
		.map(({ about, check, level, advice }) => `  ${mark[level]} ${about}, ${check}: ${advice}`);
	const count = (level: Finding["level"]) => findings.filter((finding) => finding.level === level).length;
	const isWhole = count("unknown") === 0 ? "" : `, ${count("unknown")} could not be found out`;
	return [
		`agent ${group}/${edgeNode}, ${agentRunning ? "running: it has the data directory" : "not running"}`,
		table(["about", "check", "", "found"], rows),
		...(advice.length === 0 ? [] : [`To do:\n${advice.join("\n")}`]),
		`${count("ok")} ok, ${count("warn")} warnings, ${count("fail")} failed${isWhole}.`,
	].join("\n\n");
}
