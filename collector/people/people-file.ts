import { stringify } from "yaml";
import { z } from "zod";
import type { ConfigKind } from "../../common/runtime/config-file.ts";
import { fileHead, keys, list, oneOf } from "../../common/runtime/config-values.ts";
import { roles } from "../people-port.ts";
import { isPasswordHash } from "./password.ts";

export const peopleMax = 500;
export const tokensPerPersonMax = 10;

/** Names that the audit record uses for other than persons. */
const reserved = new Set(["collector", "restore"]);

const nameForm = /^[\p{L}\p{N}](?:[\p{L}\p{N}._@ -]{0,62}[\p{L}\p{N}])?$/u;

/** What is wrong with a name, or undefined. A person's and a token's. */
export function nameFault(name: string): string | undefined {
	if (!nameForm.test(name) || name !== name.normalize("NFC"))
		return "expected 1 to 64 letters, digits, blanks, . _ @ or -, with a letter or digit at both ends";
	return reserved.has(name.toLowerCase())
		? "expected another name, this one is the program's own"
		: undefined;
}

const name = z.string({ error: "expected a name" }).superRefine((text, context) => {
	const message = nameFault(text);
	if (message !== undefined) context.addIssue({ code: "custom", message });
});
const time = z.iso.datetime({ error: "expected a UTC time as 2026-11-30T06:00:00Z" });

const token = keys({
	name,
	id: z.string().regex(/^[0-9a-f]{12}$/, { error: "expected 12 hexadecimal digits" }),
	sha256: z.string().regex(/^[0-9a-f]{64}$/, { error: "expected 64 hexadecimal digits" }),
	made: time,
});

const person = keys({
	name,
	roles: list(oneOf(roles), 1, "roles"),
	/** A scrypt hash. Without it nobody logs in by that name, and only its tokens can be used. */
	password: z
		.string({ error: "expected a hash made by pilotline people" })
		.refine(isPasswordHash, { error: "expected a hash made by pilotline people" })
		.optional(),
	password_set: time.optional(),
	tokens: z
		.array(token)
		.max(tokensPerPersonMax, { error: `expected at most ${tokensPerPersonMax} tokens` })
		.default([]),
});

const schema = keys({
	...fileHead("people"),
	/** Who wrote the file last, and when. */
	changed: keys({ by: z.string(), at: time }).optional(),
	people: z
		.array(person)
		.max(peopleMax, { error: `expected at most ${peopleMax} people` })
		.default([]),
});

export type PeopleFile = z.output<typeof schema>;
export type PersonEntry = PeopleFile["people"][number];

export const emptyPeopleFile: PeopleFile = { kind: "people", schema: 1, people: [] };

export const peopleConfig: ConfigKind<typeof schema> = {
	schema,
	crossCheck({ people }) {
		const found: { path: (string | number)[]; message: string }[] = [];
		const names = new Set<string>();
		const ids = new Set<string>();
		for (const [index, { name, tokens }] of people.entries()) {
			const at = ["people", index];
			if (names.has(name.toLowerCase()))
				found.push({ path: [...at, "name"], message: `${name} is there twice` });
			names.add(name.toLowerCase());
			for (const [place, { id }] of tokens.entries()) {
				if (ids.has(id))
					found.push({ path: [...at, "tokens", place, "id"], message: `token ${id} is there twice` });
				ids.add(id);
			}
		}
		return found;
	},
};

const header = `# The people of a collector: who they are, what they may do. Written by \`pilotline people\`; comments are not kept.
# Passwords are hashes (scrypt), tokens are hashes (SHA-256). The file belongs to the collector's user alone.

`;

export function peopleText(file: PeopleFile): string {
	return `${header}${stringify(file, { lineWidth: 0 })}`;
}

/** A person as the audit record tells it: everything but the secrets. */
export interface ToldPerson {
	readonly name: string;
	readonly roles: readonly string[];
	readonly passwordSet: string | null;
	readonly tokens: readonly { readonly name: string; readonly id: string; readonly made: string }[];
}

export function toldPeople({ people }: PeopleFile): ToldPerson[] {
	return people
		.map(({ name, roles, password, password_set, tokens }) => ({
			name,
			roles: [...roles].sort(),
			passwordSet: password === undefined ? null : (password_set ?? ""),
			tokens: tokens.map(({ name, id, made }) => ({ name, id, made })),
		}))
		.sort((a, b) => (a.name < b.name ? -1 : 1));
}
