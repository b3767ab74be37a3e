import { randomBytes } from "node:crypto";
import { CodedError } from "../../common/runtime/coded-error.ts";
import { readText } from "../../common/runtime/config-file.ts";
import { table } from "../table.ts";
import { type Issued, isGood, issue, newAuthority } from "./authority.ts";
import { passwordFile, usersOf } from "./mosquitto-users.ts";
import { type FileFate, SecretFolder } from "./secret-folder.ts";

export interface PrepareOptions {
	readonly acl: string;
	readonly brokerName: readonly string[];
	readonly json: boolean;
	/** Now, for tests. */
	readonly nowMs?: number;
}

const secretBytes = 32;
/** Names of the services in docker-compose.yml, which are their host names there. */
const brokerNames = ["mosquitto", "localhost", "127.0.0.1"];
const databaseNames = ["influxdb", "localhost", "127.0.0.1"];
const healthUser = "health";
const passwordOption = "-P ";
/** Whose users' passwords go into which folder. */
const userFolders = { "agent-": "agent", "collector-": "collector" } as const;

/**
 * Makes what is missing below `directory`, keeps the rest, and says what it did with each file. Resolves with the exit code.
 * @throws CodedError USAGE for an access control file without users of ours; CONFIG_UNREADABLE
 */
export async function prepare(directory: string, options: PrepareOptions): Promise<number> {
	const nowMs = options.nowMs ?? Date.now();
	const acl = readText(options.acl);
	const users = usersOf(acl);
	const homeOf = (user: string) =>
		Object.entries(userFolders).find(([prefix]) => user.startsWith(prefix))?.[1];
	const strangers = users.filter((user) => homeOf(user) === undefined || !/^[\w.-]{1,100}$/.test(user));
	if (users.length === 0 || strangers.length > 0) {
		const found = users.length === 0 ? "none" : strangers.join(", ");
		throw new CodedError("USAGE", `${options.acl}: expected users agent-… and collector-…, found ${found}`);
	}
	const fates = new Map<string, FileFate>();
	const folder = (name: string) => new SecretFolder(directory, name, fates);
	const [broker, database, dashboards] = [folder("broker"), folder("database"), folder("dashboards")];
	const homes = { agent: folder("agent"), collector: folder("collector") };

	const authority = await authorityIn(folder("authority"), nowMs);
	for (const reader of [broker, database, dashboards, homes.agent, homes.collector])
		await reader.write("authority.crt", authority.certificate);
	await serverIn(broker, authority, [...new Set([...brokerNames, ...options.brokerName])], nowMs);
	await serverIn(database, authority, databaseNames, nowMs);

	const passwords = new Map<string, string>();
	for (const user of users) {
		const text = await homes[homeOf(user) as keyof typeof homes].keep(`${user}.password`, newSecret);
		passwords.set(user, firstLine(text));
	}
	passwords.set(healthUser, passwordOf(await broker.keep("mosquitto_sub", newHealthOptions)));
	await broker.write("passwords", passwordFile(passwords, (await broker.read("passwords")) ?? ""));
	await broker.write("acl", acl);

	await database.keep("admin-password", newSecret);
	const token = await database.keep("admin-token", newSecret);
	await homes.collector.write("influxdb.token", token);
	await dashboards.write("influxdb.token", token);
	await dashboards.keep("admin-password", newSecret);

	const rows = [...fates].map(([file, fate]) => [file, fate]);
	if (options.json)
		process.stdout.write(`${JSON.stringify({ directory, files: Object.fromEntries(fates) })}\n`);
	else process.stdout.write(`${table(["file", "was"], rows)}\n`);
	return 0;
}

/** The authority of this installation. A key whose certificate is missing is worth nothing, and the other way round. */
async function authorityIn(folder: SecretFolder, nowMs: number): Promise<Issued> {
	const [certificate, key] = [await folder.read("authority.crt"), await folder.read("authority.key")];
	const authority =
		certificate === undefined || key === undefined
			? await newAuthority(`Pilotline ${randomBytes(4).toString("hex")}`, nowMs)
			: { certificate, key };
	await folder.write("authority.key", authority.key);
	await folder.write("authority.crt", authority.certificate);
	return authority;
}

async function serverIn(
	folder: SecretFolder,
	authority: Issued,
	names: readonly string[],
	nowMs: number,
): Promise<void> {
	const [certificate, key] = [await folder.read("server.crt"), await folder.read("server.key")];
	const isKept =
		certificate !== undefined && key !== undefined && (await isGood(certificate, authority, names, nowMs));
	const issued = isKept ? { certificate, key } : await issue(authority, names, nowMs, key);
	await folder.write("server.key", issued.key);
	await folder.write("server.crt", issued.certificate);
}

/**
 * Options of the broker's own health check, one a line, where mosquitto_sub looks for them. Its user has no block in the access
 * control: it may log in, and neither say nor hear anything.
 */
function newHealthOptions(): string {
	return [
		"-h localhost",
		"-p 8883",
		"--cafile /etc/mosquitto/pilotline/authority.crt",
		`-u ${healthUser}`,
		`${passwordOption}${newSecret()}`,
	].join("\n");
}

function passwordOf(options: string): string {
	return (
		options
			.split("\n")
			.find((line) => line.startsWith(passwordOption))
			?.slice(passwordOption.length) ?? ""
	);
}

function newSecret(): string {
	return `${randomBytes(secretBytes).toString("base64url")}\n`;
}

function firstLine(text: string): string {
	return text.split(/\r?\n/, 1)[0] ?? "";
}
