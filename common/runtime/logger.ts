import { pino } from "pino";
import { errorText } from "./coded-error.ts";
import { visibleText } from "./visible-text.ts";

export type Logger = pino.Logger;

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * JSON lines on standard error; standard output belongs to the command's own answer.
 * Errors are reduced to code and message, because OPC UA service errors carry the whole request.
 */
export function createLogger(options: { process: string; level: LogLevel }): Logger {
	return pino(
		{
			level: options.level,
			base: { process: options.process },
			timestamp: pino.stdTimeFunctions.isoTime,
			formatters: { level: (label) => ({ level: label }) },
			redact: {
				paths: ["password", "secret", "token", "*.password", "*.secret", "*.token", "url.password"],
				censor: "[hidden]",
			},
			// JSON escapes the control characters below U+0020; terminals obey some above.
			hooks: { streamWrite: (line) => `${visibleText(line.trimEnd())}\n` },
			serializers: {
				err: (error: unknown) => ({
					code: (error as { code?: unknown } | undefined)?.code,
					message: errorText(error),
				}),
			},
		},
		pino.destination({ dest: 2, sync: true }),
	);
}
