// The thread that reads a configuration again: a long tag list takes seconds and hundreds of megabytes to parse, and neither
// is the running agent's to spend.

import { parentPort, workerData } from "node:worker_threads";
import { CodedError, errorText } from "../common/runtime/coded-error.ts";
import { readConfigFile } from "../common/runtime/config-file.ts";
import { agentConfig } from "./config.ts";
import type { ConfigurationFile, ThreadAnswer } from "./config-reading.ts";

function answer({ path, env }: ConfigurationFile): ThreadAnswer {
	try {
		return { result: readConfigFile(path, agentConfig, env) };
	} catch (error) {
		const isCoded = error instanceof CodedError;
		return { failure: isCoded ? error.message : errorText(error) };
	}
}

parentPort?.postMessage(answer(workerData as ConfigurationFile));
