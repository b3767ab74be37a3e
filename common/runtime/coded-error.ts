import { type ErrorCode, errorCodes } from "./error-codes.ts";

/**
 * An error a person will read: what was expected, what was found, where, and what to do.
 * The code is for machines and stays the same; the message may be improved at any time.
 */
export class CodedError extends Error {
	readonly code: ErrorCode;
	readonly retryable: boolean;

	constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
		super(message, options);
		this.name = "CodedError";
		this.code = code;
		this.retryable = errorCodes[code].retryable;
	}
}

/** One line for people from anything thrown, without stack, request or response. */
export function errorText(error: unknown): string {
	if (error instanceof CodedError) return `${error.code}: ${error.message}`;
	if (error instanceof AggregateError && error.errors.length > 0) {
		return error.errors.map((inner) => errorText(inner)).join("; ");
	}
	if (error instanceof Error) return error.message.split("\n", 1)[0] ?? error.name;
	return String(error);
}
