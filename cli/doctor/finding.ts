/** `unknown`: it could not be found out, which is no fault; `warn`: it works, and somebody should look at it. */
export type Level = "ok" | "warn" | "fail" | "unknown";

/** What one check has found, and what to do about it. */
export interface Finding {
	/** What was looked at: `server kiln`, `broker`, `disk`. */
	readonly about: string;
	readonly check: string;
	readonly level: Level;
	readonly found: string;
	/** Empty when there is nothing to do. */
	readonly advice: string;
}

export type Report = (check: string, level: Level, found: string, advice?: string) => void;

/** One subject with its checks, which may report while they go on; what it throws is a fault of its own. */
export interface Subject {
	readonly about: string;
	readonly look: (report: Report, signal: AbortSignal) => Promise<void>;
}

/** At most so much of a text from elsewhere. */
const textMax = 600;

/** One line of what somebody else has said. */
export function oneLine(text: string): string {
	const line = text.replace(/\s+/g, " ").trim();
	return line.length > textMax ? `${line.slice(0, textMax)}…` : line;
}
