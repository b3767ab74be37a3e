import type { WriteAnswer } from "./write-answer.ts";

/** The way to one database: one request per call, nothing kept, nothing tried again. */
export interface Transport {
	/** Writes lines that end without a line end. Never rejects. */
	write(lines: readonly string[]): Promise<WriteAnswer>;
	/** Breaks off what is on its way. */
	close(): void;
}

/** Where a follower writes to, with its secrets read from their files. */
export interface TransportTarget {
	readonly url: URL;
	/** Database (1, 3) or bucket (2). */
	readonly database: string;
	readonly retentionPolicy: string | undefined;
	readonly org: string | undefined;
	readonly username: string | undefined;
	readonly password: string | undefined;
	readonly token: string | undefined;
	/** PEM of the authorities that may vouch for an https:// address; undefined for those that Node.js knows. */
	readonly ca: string | undefined;
	readonly timeoutMs: number;
}
