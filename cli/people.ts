import { hostname } from "node:os";
import { collectorConfig } from "../collector/config.ts";
import { hashPassword, passwordFault } from "../collector/people/password.ts";
import {
	addPerson,
	addToken,
	changePerson,
	editPeople,
	type PeopleEdit,
	readPeople,
	removePerson,
	removeToken,
} from "../collector/people/people-edit.ts";
import { toldPeople } from "../collector/people/people-file.ts";
import { makeToken } from "../collector/people/token.ts";
import type { Role } from "../collector/people-port.ts";
import { systemClock } from "../common/runtime/clock.ts";
import { CodedError } from "../common/runtime/coded-error.ts";
import { loadConfigFile } from "../common/runtime/config-file.ts";
import { pathFrom } from "../common/runtime/config-values.ts";
import { hostUser } from "../common/runtime/host-user.ts";
import { newPassword } from "./new-password.ts";
import { table } from "./table.ts";

export interface PeopleOptions {
	readonly config: string;
	readonly json: boolean;
	readonly env: NodeJS.ProcessEnv;
}

/** The people file that the collector's configuration names. */
function fileOf({ config, env }: PeopleOptions): string {
	const { value, directory } = loadConfigFile(config, collectorConfig, env);
	if (value.people.file !== undefined) return pathFrom(directory, value.people.file);
	throw new CodedError(
		"USAGE",
		`${config}: expected people.file, found none; add\n\npeople:\n  file: people.yaml\n`,
	);
}

async function change(options: PeopleOptions, edit: PeopleEdit, done: string): Promise<number> {
	const file = fileOf(options);
	const atTime = new Date(systemClock.wallMs()).toISOString();
	await editPeople(file, edit, { by: hostUser(), atTime });
	const text = `${done} A running collector takes it within two seconds.`;
	process.stdout.write(`${options.json ? JSON.stringify({ file, done }) : text}\n`);
	return 0;
}

async function hashOf(name: string, passwordFile: string | undefined): Promise<string> {
	const password = await newPassword(passwordFile);
	const fault = passwordFault(password, name);
	if (fault !== undefined) throw new CodedError("USAGE", fault);
	return await hashPassword(password);
}

export async function addPeople(
	name: string,
	options: PeopleOptions & { role: readonly Role[]; passwordFile?: string; password: boolean },
): Promise<number> {
	// Before a password is asked for, in vain.
	fileOf(options);
	const hash = options.password ? await hashOf(name, options.passwordFile) : undefined;
	return await change(
		options,
		addPerson(name, options.role, hash),
		`Added ${name}: ${options.role.join(", ")}.`,
	);
}

export async function setPassword(
	name: string,
	options: PeopleOptions & { passwordFile?: string },
): Promise<number> {
	const { people } = await readPeople(fileOf(options));
	// A name that is not there shows before a password is asked for.
	changePerson(name, (entry) => entry)(people, "");
	const password = await hashOf(name, options.passwordFile);
	const edit = changePerson(name, (entry, atTime) => ({ ...entry, password, password_set: atTime }));
	return await change(options, edit, `Set the password of ${name}; open sessions end.`);
}

export async function setRoles(
	name: string,
	options: PeopleOptions & { role: readonly Role[] },
): Promise<number> {
	const edit = changePerson(name, (entry) => ({ ...entry, roles: [...options.role] }));
	return await change(options, edit, `${name} is now ${options.role.join(", ")}.`);
}

export async function removePeople(name: string, options: PeopleOptions): Promise<number> {
	return await change(options, removePerson(name), `Removed ${name} with all tokens; open sessions end.`);
}

/** Makes a token, which is shown this once. */
export async function makePersonsToken(name: string, label: string, options: PeopleOptions): Promise<number> {
	const { text, ...kept } = makeToken();
	const file = fileOf(options);
	const atTime = new Date(systemClock.wallMs()).toISOString();
	await editPeople(file, addToken(name, label, kept), { by: hostUser(), atTime });
	if (options.json) process.stdout.write(`${JSON.stringify({ file, name, label, token: text })}\n`);
	else {
		// Alone on standard output, so that it can go straight into a file.
		process.stdout.write(`${text}\n`);
		process.stderr.write(
			`pilotline: the token ${label} of ${name} on ${hostname()}; it is not shown again. Keep it in a file that only its program reads.\n`,
		);
	}
	return 0;
}

export async function revokeToken(name: string, label: string, options: PeopleOptions): Promise<number> {
	return await change(options, removeToken(name, label), `Revoked the token ${label} of ${name}.`);
}

export async function listPeople(options: PeopleOptions): Promise<number> {
	const file = fileOf(options);
	const people = toldPeople(await readPeople(file));
	if (options.json) {
		process.stdout.write(`${JSON.stringify({ file, people })}\n`);
		return 0;
	}
	const rows = people.map(({ name, roles, passwordSet, tokens }) => [
		...[name, roles.join(", "), passwordSet === null ? "none" : passwordSet.slice(0, 10)],
		tokens.map((token) => `${token.name} (${token.made.slice(0, 10)})`).join(", "),
	]);
	const empty = `${file}: nobody yet; pilotline people add NAME --role ROLE --config ${options.config}`;
	process.stdout.write(
		`${rows.length === 0 ? empty : table(["name", "roles", "password of", "tokens"], rows)}\n`,
	);
	return 0;
}
