// pipeline.ts's part about people: who they are, what they may do, what they entered, and the record of it.

import type { z } from "zod";
import type { AuditEntry, AuditHead } from "../common/runtime/audit-chain.ts";

/**
 * A person has one or several. None contains another: which role may do what is one table, people/permissions.ts.
 * `viewer` reads, `operator` enters what happened, `quality` decides about product, `administrator` manages people and
 * never decides about product.
 */
export const roles = ["viewer", "operator", "quality", "administrator"] as const;
export type Role = (typeof roles)[number];

/** What a route of the API does, as far as permission goes. `open` needs nobody: probes, the page's own files, logging in. */
export const actions = [
	...(["open", "read", "comment.enter", "laboratory.enter", "lot.decide", "audit.read"] as const),
] as const;
export type Action = (typeof actions)[number];

export interface Person {
	readonly name: string;
	readonly roles: readonly Role[];
}

/** What people enter, in the order in which it was entered: the other input of judgement. */
export interface InputRow {
	readonly n: number;
	/** Such as `laboratory.result`, `lot.decided`, `specification.approved`; each kind has its entry in store/entry-tables.ts. */
	readonly kind: string;
	/** Wall clock. */
	readonly enteredMs: number;
	readonly enteredBy: string;
	/**
	 * RFC 8785 JSON. Kind and body are what the input is: the same once more, whoever sends it, is the same input and not
	 * entered twice. What may happen twice alike, such as a second hold of a lot, names in its body what it follows.
	 */
	readonly body: string;
}

/** Who wants to have something recorded. */
export interface Deed {
	/** A person's name, `collector`, or `os:USER` for who used a command on the host. */
	readonly by: string;
	readonly action: string;
	readonly subject: string;
	/** Everything that was changed, with what it was before, and the reason. Never a secret. */
	readonly detail: Readonly<Record<string, unknown>>;
}

/** Takes what people enter: the input, what follows from it and the audit entry in one transaction. */
export interface EntryPort {
	/**
	 * The audit entry's detail is the deed's, and `input`: number, kind and hash of the input.
	 * @returns the input's number; the one it already has when the same input was entered before.
	 * @throws CodedError ENTRY_REFUSED when it does not fit what is stored; STORE_FAILED.
	 */
	enter(input: Omit<InputRow, "n">, deed: Deed): Promise<number>;
	/** Something that is recorded but is no input of judgement, such as a refused login. */
	record(deed: Deed): Promise<void>;
}

/** Takes one kind of thing that people send to the API; the stage that knows what it is hands it to the composition. */
export interface EnteringPort {
	/** What a request may say. */
	readonly body: z.ZodType;
	/** `sent` is what `body` gave. @returns the answer. @throws CodedError ENTRY_REFUSED, STORE_FAILED */
	enter(sent: never, person: Person): Promise<object>;
}

/** What a person wrote about a lot or a violation. */
export interface CommentEntry {
	readonly n: number;
	readonly enteredMs: number;
	readonly enteredBy: string;
	/** One of both. */
	readonly lot?: string;
	readonly occurrence?: string;
	readonly text: string;
}

export interface CommentQuery {
	readonly lot?: string | undefined;
	readonly occurrence?: string | undefined;
	readonly limit: number;
}

/** The reading side of what people entered. */
export interface EntriesPort {
	/** Newest first; of a lot also those on its violations. */
	comments(query: CommentQuery): Promise<CommentEntry[]>;
	/** In order, from number `from` on, with the newest entry there is. */
	audit(query: { from: number; limit: number }): Promise<AuditSlice>;
}

export interface AuditSlice {
	readonly entries: readonly AuditEntry[];
	readonly head: AuditHead | undefined;
}

/** Who is asking, and how that is known. */
export interface Caller {
	readonly person: Person;
	readonly by: "session" | "token";
}

export type LoginAnswer =
	| { readonly person: Person; readonly session: string; readonly lifetimeMs: number }
	/** `nobody`: there are no people here. */
	| { readonly refused: "wrong" | "nobody" }
	/** `wait`: too many wrong ones before; `busy`: too many at once. The password was not looked at. */
	| { readonly refused: "wait" | "busy"; readonly waitMs: number };

/** People, as the API sees them. */
export interface AccessPort {
	/** `required`: reading needs a person, too. */
	readonly login: "writing" | "required";
	/** Whether there is anybody who could log in. */
	readonly canLogIn: boolean;
	/** Checks a password, and begins a session. `address` is where the request comes from. */
	logIn(name: string, password: string, address: string): Promise<LoginAnswer>;
	logOut(session: string): Promise<void>;
	/** Whoever has begun the session. `isUse`: somebody is there, so that it does not end for being idle. */
	bySession(session: string, isUse: boolean): Caller | undefined;
	byToken(token: string): Caller | undefined;
	/** Whether the person, or somebody unknown, may do it. */
	may(person: Person | undefined, action: Action): boolean;
	/** Who may, for messages. */
	whoMay(action: Action): readonly Role[];
}
