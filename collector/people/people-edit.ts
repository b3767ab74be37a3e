import { chmod, chown, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import { formatProblems, parseConfig } from "../../common/runtime/config-file.ts";
import type { Role } from "../people-port.ts";
import {
	emptyPeopleFile,
	nameFault,
	type PeopleFile,
	type PersonEntry,
	peopleConfig,
	peopleMax,
	peopleText,
	tokensPerPersonMax,
} from "./people-file.ts";

/** A change of the people file: what it shall be. @throws CodedError USAGE when it cannot be done */
export type PeopleEdit = (people: PersonEntry[], atTime: string) => PersonEntry[];

export function addPerson(name: string, roles: readonly Role[], password: string | undefined): PeopleEdit {
	return (people, atTime) => {
		const fault = nameFault(name);
		if (fault !== undefined) throw new CodedError("USAGE", `${fault}; found ${JSON.stringify(name)}`);
		if (people.some((entry) => entry.name.toLowerCase() === name.toLowerCase()))
			throw new CodedError("USAGE", `expected a name that nobody has, found ${name}`);
		if (people.length >= peopleMax)
			throw new CodedError("USAGE", `expected at most ${peopleMax} people, found one more`);
		const secret = password === undefined ? {} : { password, password_set: atTime };
		return [...people, { name, roles: [...roles], ...secret, tokens: [] }];
	};
}

export function removePerson(name: string): PeopleEdit {
	return (people) => {
		entryOf(people, name);
		return people.filter((entry) => entry.name !== name);
	};
}

export function changePerson(
	name: string,
	change: (entry: PersonEntry, atTime: string) => PersonEntry,
): PeopleEdit {
	return (people, atTime) => {
		const before = entryOf(people, name);
		return people.map((entry) => (entry === before ? change(entry, atTime) : entry));
	};
}

/** `made`: what is kept of the token. */
export function addToken(owner: string, label: string, made: { id: string; sha256: string }): PeopleEdit {
	return changePerson(owner, (entry, atTime) => {
		const fault = nameFault(label);
		if (fault !== undefined) throw new CodedError("USAGE", `${fault}; found ${JSON.stringify(label)}`);
		if (entry.tokens.some(({ name }) => name === label))
			throw new CodedError("USAGE", `expected a label that ${owner} has no token of, found ${label}`);
		if (entry.tokens.length >= tokensPerPersonMax)
			throw new CodedError(
				"USAGE",
				`expected at most ${tokensPerPersonMax} tokens of ${owner}, found one more`,
			);
		return { ...entry, tokens: [...entry.tokens, { name: label, ...made, made: atTime }] };
	});
}

export function removeToken(owner: string, label: string): PeopleEdit {
	return changePerson(owner, (entry) => {
		const tokens = entry.tokens.filter(({ name }) => name !== label);
		if (tokens.length === entry.tokens.length)
			throw new CodedError("USAGE", `expected the label of a token of ${owner}, found ${label}`);
		return { ...entry, tokens };
	});
}

function entryOf(people: readonly PersonEntry[], name: string): PersonEntry {
	const entry = people.find((candidate) => candidate.name === name);
	if (entry !== undefined) return entry;
	const known = people.map((candidate) => candidate.name).slice(0, 20);
	const message = `expected the name of a person${known.length === 0 ? ", there is none" : ` out of ${known.join(", ")}`}; found ${name}`;
	throw new CodedError("USAGE", message);
}

/** The file as it is; an empty one when there is none yet. @throws CodedError CONFIG_INVALID, CONFIG_UNREADABLE */
export async function readPeople(file: string): Promise<PeopleFile> {
	let text: string;
	try {
		text = await readFile(file, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return emptyPeopleFile;
		throw new CodedError("CONFIG_UNREADABLE", `cannot read ${file}: ${errorText(error)}`, { cause: error });
	}
	const result = parseConfig(text, file, peopleConfig, {});
	if (!result.ok) throw new CodedError("CONFIG_INVALID", formatProblems(result.problems));
	return result.value;
}

/**
 * Changes the people file: whole or not at all, one change after the other, and for nobody else's eyes. It stays its owner's.
 * @throws CodedError USAGE, CONFIG_INVALID, CONFIG_UNREADABLE
 */
export async function editPeople(
	file: string,
	edit: PeopleEdit,
	{ by, atTime }: { by: string; atTime: string },
): Promise<void> {
	const partial = `${file}.new`;
	const handle = await open(partial, "wx", 0o600).catch((error: unknown) => {
		const exists = (error as NodeJS.ErrnoException).code === "EEXIST";
		const message = exists
			? `${partial}: another command is changing the people; remove the file if there is none`
			: `cannot write ${partial}: ${errorText(error)}`;
		throw new CodedError("CONFIG_UNREADABLE", message, { cause: error });
	});
	try {
		const before = await readPeople(file);
		const people = edit(before.people, atTime);
		await handle.writeFile(peopleText({ ...before, changed: { by, at: atTime }, people }));
		await handle.sync();
		await handle.close();
		await keepOwner(file, partial);
		await rename(partial, file);
		const folder = await open(dirname(file), "r");
		await folder.sync();
		await folder.close();
	} catch (error) {
		await handle.close();
		await rm(partial, { force: true });
		throw error;
	}
}

/** The administrator of the host may not be the user that the collector runs as. */
async function keepOwner(file: string, partial: string): Promise<void> {
	const before = await stat(file).catch(() => undefined);
	const { uid, gid } = before ?? (await stat(dirname(file)));
	if (process.getuid?.() === 0) await chown(partial, uid, gid);
	if (before !== undefined) await chmod(partial, before.mode & 0o640);
}
