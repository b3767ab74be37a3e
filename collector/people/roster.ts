import type { Person } from "../people-port.ts";
import { isPassword } from "./password.ts";
import type { PeopleFile, PersonEntry } from "./people-file.ts";
import { isToken, tokenId } from "./token.ts";

/** The people of one reading of the file, and the ways to recognize them. */
export class Roster {
	readonly #people: ReadonlyMap<string, PersonEntry>;
	readonly #tokens: ReadonlyMap<string, { owner: PersonEntry; sha256: string }>;
	readonly #nobody: string;

	/** `nobody` is a hash that no password fits, for names that are not there; see `hashOfNobody`. */
	constructor(file: PeopleFile, nobody: string) {
		this.#nobody = nobody;
		this.#people = new Map(file.people.map((entry) => [entry.name, entry]));
		this.#tokens = new Map(
			file.people.flatMap((owner) => owner.tokens.map(({ id, sha256 }) => [id, { owner, sha256 }] as const)),
		);
	}

	get names(): readonly string[] {
		return [...this.#people.keys()];
	}

	person(name: string): Person | undefined {
		const entry = this.#people.get(name);
		return entry === undefined ? undefined : personOf(entry);
	}

	/** What a session was begun with; another password ends it. */
	passwordOf(name: string): string | undefined {
		return this.#people.get(name)?.password;
	}

	/** Takes as long for a name that is not there as for a wrong password. */
	async byPassword(name: string, password: string): Promise<Person | undefined> {
		const entry = this.#people.get(name);
		const hash = entry?.password;
		const isRight = await isPassword(password, hash ?? this.#nobody);
		return entry !== undefined && hash !== undefined && isRight ? personOf(entry) : undefined;
	}

	byToken(text: string): Person | undefined {
		const found = this.#tokens.get(tokenId(text) ?? "");
		return found !== undefined && isToken(text, found.sha256) ? personOf(found.owner) : undefined;
	}
}

function personOf({ name, roles }: PersonEntry): Person {
	return { name, roles };
}
