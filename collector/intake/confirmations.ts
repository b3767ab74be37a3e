import type { CommandPort } from "../pipeline.ts";
import type { EdgeNodeWatches } from "./edge-node-watches.ts";

/** Tells agents what is stored of what they still hold. Cumulative, and may be lost: whoever asks repeats it. */
export class Confirmations {
	readonly #watches: EdgeNodeWatches;
	readonly #commands: CommandPort;

	constructor(watches: EdgeNodeWatches, commands: CommandPort) {
		this.#watches = watches;
		this.#commands = commands;
	}

	/** `evenNothing`: also that an epoch is not here at all. */
	confirm(edgeNode: number, evenNothing = false): void {
		const { ledger, rivals } = this.#watches.get(edgeNode);
		if (rivals.length > 0) return;
		for (const { epoch, prefix, held } of ledger.epochs()) {
			if (held !== undefined && (evenNothing || prefix >= held.first))
				this.#commands.confirm(edgeNode, epoch, prefix);
		}
	}

	confirmAll(): void {
		for (const edgeNode of this.#watches.edgeNodes) this.confirm(edgeNode);
	}
}
