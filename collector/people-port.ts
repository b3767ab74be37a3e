// pipeline.ts's part about people: who they are, what they may do, what they entered, and the record of it.

/** Each may do what those before it may. `administrator` manages people and never decides about product. */
export const roles = ["viewer", "operator", "quality", "administrator"] as const;
export type Role = (typeof roles)[number];

export interface Person {
	readonly name: string;
	readonly roles: readonly Role[];
}

/** What people enter, in the order in which it was entered: the other input of judgement. */
export interface InputRow {
	readonly n: number;
	/** Such as `laboratory.result`, `lot.decided`, `specification.approved`. */
	readonly kind: string;
	/** Wall clock. */
	readonly enteredMs: number;
	readonly enteredBy: string;
	/** RFC 8785 JSON. */
	readonly body: string;
}

/** One line of the append-only record; each holds the hash of the one before it. */
export interface AuditEntry {
	/** Counts from 1 without a hole. */
	readonly n: number;
	readonly atMs: number;
	readonly by: string;
	/** What was done, such as `lot.decided`, and to what. */
	readonly action: string;
	readonly subject: string;
	/** RFC 8785 JSON: everything that was changed, with what it was before, and the reason. Never a secret. */
	readonly detail: string;
	readonly previousHash: string;
	readonly hash: string;
}

/** Who wants to have something recorded. */
export interface Deed {
	readonly by: string;
	readonly action: string;
	readonly subject: string;
	readonly detail: unknown;
}

/** Takes what people enter: the input, what follows from it and the audit entry in one transaction. */
export interface EntryPort {
	/** @returns the input's number; the one it already has when the same input was entered before. */
	enter(input: Omit<InputRow, "n">, deed: Deed): Promise<number>;
	/** Something that is recorded but is no input of judgement, such as a refused login. */
	record(deed: Deed): Promise<void>;
}
