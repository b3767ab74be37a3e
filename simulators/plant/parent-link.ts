import type { ServerName } from "./pipeline.ts";

/** What the simulator tells a parent process that started it with an IPC channel. */
export type ToParent =
	| { type: "listening"; endpoints: Partial<Record<ServerName, string>> }
	| { type: "running"; plantTimeMs: number }
	| {
			type: "progress";
			plantTimeMs: number;
			wallMs: number;
			/** Plant seconds per second since the last progress message. */
			speed: number;
			produced: number;
			waitingForClients: boolean;
	  }
	| { type: "caught-up" }
	| { type: "halted"; plantTimeMs: number; produced: number; producedByTag: Record<string, number> };

/** `halt` ends production and keeps the servers up, so that clients drain; `exit` stops everything. */
export type FromParent = { type: "halt" } | { type: "exit" };

/** The channel to the parent; silent when there is none. */
export class ParentLink {
	readonly #process: NodeJS.Process;
	#close = () => {};

	constructor(host: NodeJS.Process) {
		this.#process = host;
	}

	/** `onGone` is called when the parent has disconnected. */
	open(handlers: { onMessage: (message: FromParent) => void; onGone: () => void }): void {
		if (this.#process.send === undefined) return;
		const onMessage = (message: unknown) => {
			const type = (message as { type?: unknown } | null)?.type;
			if (type === "halt" || type === "exit") handlers.onMessage({ type });
		};
		this.#process.on("message", onMessage);
		this.#process.on("disconnect", handlers.onGone);
		this.#close = () => {
			this.#process.off("message", onMessage);
			this.#process.off("disconnect", handlers.onGone);
			// Otherwise the open channel keeps the process alive.
			if (this.#process.connected) this.#process.disconnect();
		};
	}

	tell(message: ToParent): void {
		if (this.#process.connected) this.#process.send?.(message);
	}

	close(): void {
		this.#close();
		this.#close = () => {};
	}
}
