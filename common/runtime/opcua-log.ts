import { setErrorLogger, setWarningLogger } from "node-opcua";
import type { Logger } from "./logger.ts";

const textMax = 500;

/**
 * Sends what the OPC UA library would print to the log of this process, at a level below ours: it speaks of requests,
 * not of what they mean here, and prints whole requests.
 */
export function routeOpcuaLog(log: Logger): void {
	const text = (data: unknown[]) =>
		data
			.filter((part) => typeof part === "string")
			.join(" ")
			.slice(0, textMax);
	setWarningLogger((...data: unknown[]) => log.debug({ opcua: text(data) }, "OPC UA library warning"));
	setErrorLogger((...data: unknown[]) => log.debug({ opcua: text(data) }, "OPC UA library error"));
}
