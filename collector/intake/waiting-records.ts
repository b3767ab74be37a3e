import type { IncomingRecord } from "../pipeline.ts";

/** Decoded records that wait for a transaction. Above its bound whoever brings more is asked to wait. */
export class WaitingRecords {
	readonly #samplesMax: number;
	readonly #records: IncomingRecord[] = [];
	#taken: readonly IncomingRecord[] = [];
	#samples = 0;
	#room: PromiseWithResolvers<void> | undefined;

	constructor(samplesMax: number) {
		this.#samplesMax = samplesMax;
	}

	get samples(): number {
		return this.#samples;
	}

	get isEmpty(): boolean {
		return this.#records.length === 0;
	}

	/** Takes a record in any case; the promise resolves when there is room for another one. */
	push(record: IncomingRecord): Promise<void> | undefined {
		this.#records.push(record);
		this.#samples += record.samples.count;
		if (this.#samples < this.#samplesMax) return undefined;
		this.#room ??= Promise.withResolvers<void>();
		return this.#room.promise;
	}

	/** Whether records of an epoch wait, or are taken and not settled. */
	hasEpoch(edgeNode: number, epoch: number): boolean {
		const isOfIt = (record: IncomingRecord) => record.edgeNode === edgeNode && record.epoch === epoch;
		return this.#records.some(isOfIt) || this.#taken.some(isOfIt);
	}

	/** What was taken last is stored, or will come again. */
	settled(): void {
		this.#taken = [];
	}

	/** The oldest records, all of one edge node, with about `samplesMax` samples. */
	take(samplesMax: number): IncomingRecord[] {
		const edgeNode = this.#records[0]?.edgeNode;
		let count = 0;
		let samples = 0;
		while (count < this.#records.length && samples < samplesMax) {
			const record = this.#records[count] as IncomingRecord;
			if (record.edgeNode !== edgeNode) break;
			samples += record.samples.count;
			count++;
		}
		const taken = this.#records.splice(0, count);
		this.#taken = taken;
		this.#samples -= samples;
		if (this.#samples < this.#samplesMax / 2) {
			this.#room?.resolve();
			this.#room = undefined;
		}
		return taken;
	}
}
