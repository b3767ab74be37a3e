// How records of another store, or of an older one, are taken over: from files that lie in the adopt folder, by the way
// that records of agents take.

import type { SampleColumns } from "../common/contract/samples.ts";
import type { EdgeNodeRow, Series } from "./pipeline.ts";

/** A record's place in an agent's journal, by the ids of whoever asks. */
export interface RecordPlace {
	readonly edgeNode: number;
	readonly epoch: number;
	readonly offset: number;
}

/** A file of records in the adopt folder, and what its ids mean. */
export interface AdoptableFile {
	readonly file: string;
	/** Undefined when the file cannot be read, with the reason. */
	readonly names:
		| { readonly edgeNodes: readonly EdgeNodeRow[]; readonly series: readonly Series[] }
		| undefined;
	readonly reason: string | undefined;
}

/** A record out of such a file; ids are the file's. */
export interface AdoptableRecord extends RecordPlace {
	readonly seq: number;
	readonly last: number;
	readonly device: string;
	/** As many as it had when it was stored; fewer stand in `samples` when a part is missing. */
	readonly count: number;
	readonly samples: SampleColumns;
	readonly throughMs: number | undefined;
	readonly hash: Uint8Array;
	readonly receivedMs: number;
}

export interface AdoptPort {
	adoptable(): Promise<readonly AdoptableFile[]>;
	/** Records of a file after a position, in order; empty at the end. */
	adoptableRecords(file: string, afterSeq: number): Promise<readonly AdoptableRecord[]>;
	/** Of each place whether a record stands there. */
	placesKnown(places: readonly RecordPlace[]): Promise<readonly boolean[]>;
	/** Everything in these files is stored; they and parts that no other file speaks of go. */
	adopted(files: readonly string[]): Promise<void>;
}
