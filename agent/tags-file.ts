import { relative } from "node:path";
import type { z } from "zod";
import { CodedError } from "../common/runtime/coded-error.ts";
import { type ConfigProblem, readText } from "../common/runtime/config-file.ts";
import { pathFrom } from "../common/runtime/config-values.ts";
import { type CsvCell, type CsvTable, readCsv } from "../common/runtime/csv.ts";
import type { AgentConfig, DeviceConfig, ServerConfig, TagConfig } from "./config.ts";

/** How the configuration looks at a tag. */
interface TagRules {
	readonly tag: z.ZodType<TagConfig>;
	readonly tagProblems: (
		tag: TagConfig,
		device: string,
		names: Set<string>,
	) => { key: keyof TagConfig; message: string }[];
	/** What speaks against the tags of a device together. */
	readonly mixedPolling: (device: DeviceConfig, server: ServerConfig | undefined) => string | undefined;
}

const numbers: ReadonlySet<string> = new Set([
	...["low", "high", "sampling_interval_ms", "queue_size", "deadband", "longest_silence_s"],
	"polling_interval_ms",
]);
const columns = [
	...["device", "name", "node", "path", "type", "eu", "low", "high"],
	...["sampling_interval_ms", "queue_size", "discard", "deadband", "longest_silence_s", "trigger"],
	"polling_interval_ms",
];
const rowsMax = 200_000;

/**
 * Adds the tags of every `tags_file`. A row with a device belongs to that device alone, so that one file may serve several;
 * a row without one belongs to each device that names the file.
 */
export function includeTagFiles(
	config: AgentConfig,
	directory: string,
	rules: TagRules,
): { value: AgentConfig; problems: readonly ConfigProblem[] } {
	const problems: ConfigProblem[] = [];
	const tables = new Map<string, CsvTable | undefined>();
	const devices = config.devices.map((device): DeviceConfig => {
		if (device.tags_file === undefined) return device;
		const path = pathFrom(directory, device.tags_file);
		const file = relative(process.cwd(), path);
		if (!tables.has(path)) tables.set(path, tableOf(path, file, problems));
		const table = tables.get(path);
		if (table === undefined) return device;
		const sharing = config.devices.filter((other) => other.tags_file === device.tags_file);
		const whole = withRows(device, table, file, { rules, problems, sharing });
		const server = config.servers.find(({ name }) => name === device.server);
		const mixed = rules.mixedPolling(whole, server);
		if (mixed !== undefined) problems.push({ file, line: 1, column: 1, path: "", message: mixed });
		return whole;
	});
	return { value: { ...config, devices }, problems };
}

function tableOf(path: string, file: string, problems: ConfigProblem[]): CsvTable | undefined {
	const problem = (line: number, column: number, message: string) =>
		problems.push({ file, line, column, path: "", message });
	try {
		const table = readCsv(readText(path), { columns, required: ["name"], rowsMax });
		for (const found of table.problems) problem(found.line, found.column, found.message);
		return table.problems.length > 0 ? undefined : table;
	} catch (error) {
		if (!(error instanceof CodedError)) throw error;
		problem(1, 1, error.message);
		return undefined;
	}
}

function withRows(
	device: DeviceConfig,
	table: CsvTable,
	file: string,
	{
		rules,
		problems,
		sharing,
	}: { rules: TagRules; problems: ConfigProblem[]; sharing: readonly DeviceConfig[] },
): DeviceConfig {
	const tags: TagConfig[] = [];
	const names = new Set(device.tags.map(({ name }) => name.toLowerCase()));
	const isFirst = sharing[0]?.name === device.name;
	for (const row of table.rows) {
		const at = (key: string): CsvCell => row.get(key) ?? (row.get("name") as CsvCell);
		const problem = (key: string, message: string) => {
			const { line, column } = at(key);
			problems.push({ file, line, column, path: key, message });
		};
		const owner = row.get("device")?.text ?? "";
		if (owner !== "" && owner !== device.name) {
			if (isFirst && !sharing.some(({ name }) => name === owner)) {
				const known = sharing.map(({ name }) => name).join(", ");
				problem("device", `expected a device that names this file (${known}), found "${owner}"`);
			}
			continue;
		}
		const parsed = rules.tag.safeParse(tagOf(row, table.separator));
		if (!parsed.success) {
			for (const { path, message } of parsed.error.issues) {
				const key = path[0] === "polling" ? "polling_interval_ms" : String(path[0] ?? "name");
				problem(key, `${message}, found "${at(key).text}"`);
			}
			continue;
		}
		for (const { key, message } of rules.tagProblems(parsed.data, device.name, names)) problem(key, message);
		tags.push(parsed.data);
	}
	const all = [...device.tags, ...tags];
	const base = device.time_base;
	if (base !== "publish" && !all.some(({ name }) => name === base.tag)) {
		problems.push({
			...{ file, line: 1, column: 1, path: "" },
			message: `expected a row with the name ${base.tag}, which is the time base of ${device.name}`,
		});
	}
	return { ...device, tags: all };
}

function tagOf(row: ReadonlyMap<string, CsvCell>, separator: string): Record<string, unknown> {
	const tag: Record<string, unknown> = {};
	for (const [key, { text }] of row) {
		if (text === "" || key === "device") continue;
		const value = numbers.has(key) ? numberOf(text, separator) : text;
		if (key === "polling_interval_ms") tag.polling = { interval_ms: value };
		else tag[key] = value;
	}
	return tag;
}

/** Where columns are parted by `;` the decimal sign may be a comma, as spreadsheets of many countries write it. */
function numberOf(text: string, separator: string): number | string {
	const plain = separator === ";" ? text.replace(/^([-+]?\d+),(\d+)$/, "$1.$2") : text;
	return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(plain) ? Number(plain) : text;
}
