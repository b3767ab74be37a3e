import type { ServerConfig } from "../config.ts";

type Tunable = Pick<ServerConfig, "lateness_ms" | "verify_after_s" | "return_after_s" | "backfill">;

/** The settings of a server that may change while it is connected: they count from their next use on. */
export class ServerTuning {
	#server: Tunable;

	constructor(server: Tunable) {
		this.#server = server;
	}

	change(server: Tunable): void {
		this.#server = server;
	}

	/** How late a value may come. */
	get latenessMs(): number {
		return this.#server.lateness_ms;
	}

	/** So long after its last value a silent tag is read. */
	get verifyAfterMs(): number {
		return this.#server.verify_after_s * 1_000;
	}

	/** So long a preferred endpoint must have been healthy. */
	get returnAfterMs(): number {
		return this.#server.return_after_s * 1_000;
	}

	/** Which gap is first read from the server's history. */
	get backfill(): ServerConfig["backfill"] {
		return this.#server.backfill;
	}
}
