import { Worker } from "node:worker_threads";
import type { Clock } from "../common/runtime/clock.ts";
import { CodedError, errorText } from "../common/runtime/coded-error.ts";
import type { ConfigResult } from "../common/runtime/config-file.ts";
import type { AgentConfig } from "./config.ts";

/** Where a configuration comes from, so that it can be read again. */
export interface ConfigurationFile {
	readonly path: string;
	readonly env: Readonly<Record<string, string | undefined>>;
}

/** What the thread says. */
export type ThreadAnswer = { readonly result: ConfigResult<AgentConfig> } | { readonly failure: string };

const readWithinMs = 120_000;
const memoryMaxMb = 2_048;

/**
 * Reads and checks a configuration on a thread of its own, which ends with it: while it is parsed the agent goes on.
 * @throws CodedError CONFIG_UNREADABLE, also when it takes longer than two minutes or more than 2 GiB, and when `stopping` is aborted
 */
export async function readApart(
	{ path, env }: ConfigurationFile,
	clock: Clock,
	stopping: AbortSignal,
): Promise<ConfigResult<AgentConfig>> {
	// `.ts` in the tree, `.js` when packed, as this file.
	const ending = import.meta.url.slice(import.meta.url.lastIndexOf("."));
	const worker = new Worker(new URL(`./config-thread${ending}`, import.meta.url), {
		execArgv: ["--disable-warning=ExperimentalWarning"],
		workerData: { path, env: { ...env } },
		resourceLimits: { maxOldGenerationSizeMb: memoryMaxMb },
	});
	const { promise, resolve, reject } = Promise.withResolvers<ThreadAnswer>();
	const cancel = clock.after(readWithinMs, () => reject(new Error(`it took longer than ${readWithinMs} ms`)));
	const stop = () => reject(new Error("the agent is stopping"));
	stopping.addEventListener("abort", stop, { once: true });
	worker.once("message", resolve);
	worker.once("error", reject);
	worker.once("exit", (code) => reject(new Error(`the thread that reads it ended with code ${code}`)));
	let answer: ThreadAnswer;
	try {
		answer = await promise;
	} catch (error) {
		throw new CodedError("CONFIG_UNREADABLE", `cannot read ${path}: ${errorText(error)}`, { cause: error });
	} finally {
		cancel();
		stopping.removeEventListener("abort", stop);
		await worker.terminate();
	}
	if ("failure" in answer) throw new CodedError("CONFIG_UNREADABLE", answer.failure);
	return answer.result;
}
