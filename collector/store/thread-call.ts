import { type TransferListItem, Worker } from "node:worker_threads";
import { CodedError, errorText } from "../../common/runtime/coded-error.ts";
import { type ErrorCode, errorCodes } from "../../common/runtime/error-codes.ts";

/** What goes to a thread and what comes back. */
export interface ThreadRequest {
	readonly id: number;
	readonly operation: string;
	readonly argument: unknown;
}
export type ThreadReply =
	| { readonly id: number; readonly result: unknown }
	| { readonly id: number; readonly failure: { readonly code: string; readonly message: string } };

const waitingMax = 1_000;

/** A thread's entry file beside this one, with the ending this file has: `.ts` in the tree, `.js` when packed. */
export function threadFile(name: string): URL {
	const ending = import.meta.url.slice(import.meta.url.lastIndexOf("."));
	return new URL(`./${name}${ending}`, import.meta.url);
}

/** Calls operations of a worker thread, one answer per call. A thread that ends fails every open call. */
export class ThreadCaller {
	readonly #file: URL;
	#worker: Worker | undefined;
	#nextId = 1;
	readonly #open = new Map<
		number,
		{ resolve: (result: unknown) => void; reject: (error: unknown) => void }
	>();

	constructor(file: URL) {
		this.#file = file;
	}

	start(): void {
		const worker = new Worker(this.#file, { execArgv: ["--disable-warning=ExperimentalWarning"] });
		this.#worker = worker;
		worker.on("message", (reply: ThreadReply) => {
			const call = this.#open.get(reply.id);
			this.#open.delete(reply.id);
			if (call === undefined) return;
			if ("failure" in reply) {
				const code = reply.failure.code in errorCodes ? (reply.failure.code as ErrorCode) : "STORE_FAILED";
				call.reject(new CodedError(code, reply.failure.message));
			} else call.resolve(reply.result);
		});
		worker.on("error", (error) => this.#failAll(error));
		worker.on("exit", (code) => {
			if (this.#worker === worker) this.#worker = undefined;
			this.#failAll(new Error(`the store thread ended with code ${code}`));
		});
	}

	/** @throws CodedError of the operation; STORE_FAILED when the thread is gone or has too much to do. */
	call<T>(operation: string, argument?: unknown, transfer: readonly TransferListItem[] = []): Promise<T> {
		const worker = this.#worker;
		if (worker === undefined) return Promise.reject(new CodedError("STORE_FAILED", "the store is not open"));
		if (this.#open.size >= waitingMax)
			return Promise.reject(
				new CodedError("STORE_FAILED", `more than ${waitingMax} calls wait for the store`),
			);
		const id = this.#nextId++;
		return new Promise<T>((resolve, reject) => {
			this.#open.set(id, { resolve: resolve as (result: unknown) => void, reject });
			worker.postMessage({ id, operation, argument } satisfies ThreadRequest, [...transfer]);
		});
	}

	async stop(): Promise<void> {
		const worker = this.#worker;
		this.#worker = undefined;
		await worker?.terminate();
	}

	#failAll(error: Error): void {
		for (const { reject } of this.#open.values()) reject(new CodedError("STORE_FAILED", errorText(error)));
		this.#open.clear();
	}
}
