import { parentPort } from "node:worker_threads";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import type { ThreadReply, ThreadRequest } from "./thread-call.ts";

/** Serves operations on this thread until it is ended. An operation that throws answers with code and message. */
export function serve(operations: Readonly<Record<string, (argument: never) => unknown>>): void {
	parentPort?.on("message", ({ id, operation, argument }: ThreadRequest) => {
		let reply: ThreadReply;
		try {
			const work = operations[operation];
			if (work === undefined) throw new Error(`the store has no operation ${operation}`);
			reply = { id, result: work(argument as never) };
		} catch (error) {
			const code = error instanceof CodedError ? error.code : "STORE_FAILED";
			reply = {
				id,
				failure: { code, message: error instanceof CodedError ? error.message : errorText(error) },
			};
		}
		parentPort?.postMessage(reply);
	});
}
