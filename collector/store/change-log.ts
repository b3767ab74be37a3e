import type { StoreEvent } from "../follow-port.ts";
import type { StoreFile } from "./store-file.ts";

/** Numbers what was found out or has changed, in the transaction that changes it, so that followers read it in order. */
export class ChangeLog {
	readonly #file: StoreFile;

	constructor(file: StoreFile) {
		this.#file = file;
	}

	/** `id` is the key of the row; of a visit, JSON of its unit and begin; of limits, of their run and the time told of. */
	add(kind: StoreEvent["kind"], id: string): void {
		this.#file.run("INSERT INTO change(kind, id) VALUES (?, ?)", kind, id);
	}
}
