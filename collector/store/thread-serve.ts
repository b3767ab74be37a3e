import { parentPort } from "node:worker_threads";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import type { ThreadReply, ThreadRequest } from "./thread-call.ts";

type Operations = Readonly<Record<string, (argument: never) => unknown>>;

/**
 * Serves operations on this thread until it is ended, one after the other, also when they wait. An operation that throws
 * answers with code and message. Those of `atOnce` do not wait for the ones before.
 */
export function serve(operations: Operations, atOnce: Operations = {}): void {
	let before: Promise<void> | undefined;
	parentPort?.on("message", (request: ThreadRequest) => {
		const urgent = atOnce[request.operation];
		if (urgent !== undefined) {
			void answer(request, urgent);
			return;
		}
		// Without anything that waits an operation is done in this turn, as before there was anything that waits.
		const done: Promise<void> =
			before === undefined
				? answer(request, operations[request.operation])
				: before.then(() => answer(request, operations[request.operation]));
		before = done;
		void done.then(() => {
			if (before === done) before = undefined;
		});
	});
}

async function answer(
	{ id, operation, argument }: ThreadRequest,
	work: Operations[string] | undefined,
): Promise<void> {
	let reply: ThreadReply;
	try {
		if (work === undefined) throw new Error(`the store has no operation ${operation}`);
		reply = { id, result: await work(argument as never) };
	} catch (error) {
		const code = error instanceof CodedError ? error.code : "STORE_FAILED";
		reply = {
			id,
			failure: { code, message: error instanceof CodedError ? error.message : errorText(error) },
		};
	}
	parentPort?.postMessage(reply);
}
