import { existsSync, readFileSync } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { availableParallelism, freemem, totalmem } from "node:os";
import { ownCertificateFiles } from "../../agent/source/own-certificate.ts";
import { pkiFolder } from "../../agent/source/own-identity.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import { pathFrom } from "../../common/runtime/config-values.ts";
import { ApiClient } from "../api-client.ts";
import type { Patient } from "./doctor.ts";
import type { Report, Subject } from "./finding.ts";

const MiB = 1024 ** 2;
/** What an agent takes beside its journal's memory. */
const agentBytes = 300 * MiB;
const filesMin = 1_024;

/** Memory, processors, open files, and who may read what should be secret. */
export function hostSubject(patient: Patient): Subject {
	return {
		about: "host",
		look: async (report) => {
			memory(patient, report);
			report("processors", "ok", String(availableParallelism()));
			openFiles(report);
			await dataDirectory(patient, report);
			for (const [key, path] of secretFiles(patient)) await secret(key, path, report);
			await runningAgent(patient, report);
		},
	};
}

function memory({ config, isRunning }: Patient, report: Report): void {
	const needed = config.journal.memory_bytes + agentBytes;
	const free = availableBytes();
	const text = `${Math.round(free / MiB)} MiB of ${Math.round(totalmem() / MiB)} MiB available`;
	if (isRunning || free >= needed) report("memory", "ok", text);
	else report("memory", "warn", text, `the agent may take ${Math.round(needed / MiB)} MiB`);
}

/** Linux counts what it can take back from its caches; elsewhere what is free must do. */
function availableBytes(): number {
	try {
		const match = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"));
		return match === null ? freemem() : Number(match[1]) * 1024;
	} catch {
		return freemem();
	}
}

function openFiles(report: Report): void {
	let text: string | undefined;
	try {
		text = /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
	} catch {
		// Another system than Linux.
	}
	if (text === undefined) report("open files", "unknown", "this system does not say its limit");
	else if (text === "unlimited" || Number(text) >= filesMin) report("open files", "ok", `up to ${text}`);
	else report("open files", "warn", `up to ${text}`, `allow ${filesMin} (LimitNOFILE=)`);
}

async function dataDirectory({ dataDirectory: path }: Patient, report: Report): Promise<void> {
	if (!existsSync(path)) return;
	try {
		await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
	} catch (error) {
		report(
			"data_dir",
			"fail",
			errorText(error),
			"run doctor as the agent's user; give that user the directory",
		);
		return;
	}
	const { mode } = await stat(path);
	const text = `${path}, mode ${(mode & 0o777).toString(8)}`;
	if ((mode & 0o002) === 0) report("data_dir", "ok", text);
	else report("data_dir", "warn", text, "everybody may change it: chmod o-w");
}

/** Every file of the configuration that holds a secret, by key. */
function secretFiles({ config, directory, dataDirectory: data }: Patient): [string, string][] {
	const { broker, servers } = config;
	const files: [string, string | undefined][] = [
		["broker.password_file", broker.password_file],
		["broker.tls.key_file", broker.tls.key_file],
		...servers.map(({ name, identity }): [string, string | undefined] => [
			`identity of ${name}`,
			typeof identity !== "object"
				? undefined
				: "username" in identity
					? identity.password_file
					: identity.key_file,
		]),
	];
	const own = ownCertificateFiles(pkiFolder(data)).key;
	return [
		...files.flatMap(([key, path]): [string, string][] =>
			path === undefined ? [] : [[key, pathFrom(directory, path)]],
		),
		...(existsSync(own) ? ([["own key", own]] as [string, string][]) : []),
	];
}

async function secret(key: string, path: string, report: Report): Promise<void> {
	try {
		await access(path, constants.R_OK);
		const { mode } = await stat(path);
		const text = `${path}, mode ${(mode & 0o777).toString(8)}`;
		if ((mode & 0o077) === 0) report(key, "ok", text);
		else if ((mode & 0o007) === 0) report(key, "ok", `${text}, for its group, too`);
		else report(key, "warn", text, `everybody on this host may read it: chmod 600 ${path}`);
	} catch (error) {
		report(key, "fail", errorText(error), "the agent's user must be able to read it");
	}
}

/** What the agent says itself, when one runs. */
async function runningAgent({ config, isRunning }: Patient, report: Report): Promise<void> {
	const { host, port } = config.status;
	if (port === 0) return;
	try {
		const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
		const { group, edgeNode } = await new ApiClient(url).get<{ group: string; edgeNode: string }>("/status");
		const isMine = group === config.group && edgeNode === config.edge_node;
		if (isMine) report("agent", "ok", `${url} is ${group}/${edgeNode}`);
		else
			report(
				"agent",
				"fail",
				`${url} is ${group}/${edgeNode}, another agent`,
				"give one of them another status.port",
			);
	} catch (error) {
		if (isRunning) report("agent", "fail", errorText(error), "it runs and does not answer: see its log");
	}
}
