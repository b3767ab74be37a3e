import type { Part } from "../../common/runtime/lifecycle.ts";
import type { DuckLimits } from "./parts/duck.ts";
import { StoreReader } from "./reader.ts";

/** The store's readers, each on a thread of its own: whoever takes much out holds up nobody who asks a short question. */
export class StoreReaders implements Part {
	readonly name = "store readers";
	readonly questions = new StoreReader();
	readonly exports = new StoreReader("exporter");
	/** What final verdicts are made from. */
	readonly evidence = new StoreReader("evidence");
	/** A follower that is back-filled reads for hours. */
	readonly followed = new StoreReader("followers");

	get all(): readonly StoreReader[] {
		return [this.questions, this.exports, this.evidence, this.followed];
	}

	/** `limits` are for those whom people wait for; the others get one thread. */
	async open(path: string, limits: DuckLimits): Promise<void> {
		const single = { ...limits, threads: 1 };
		await Promise.all([
			this.questions.open(path, limits),
			this.exports.open(path, limits),
			this.evidence.open(path, single),
			this.followed.open(path, single),
		]);
	}

	start(): void {}

	async stop(): Promise<void> {
		await Promise.all(this.all.map((reader) => reader.close()));
	}
}
