import type { SampleColumns } from "../common/contract/samples.ts";

/**
 * The epoch under which records of foreign edge nodes stand, which bring no positions; an agent's epochs are random
 * numbers of 53 bits.
 */
export const foreignEpoch = 1;
/** A record of a foreign edge node spans less than this in source time, so that a sample is found by its time. */
export const foreignSpanMs = 60_000;

/** Whether samples of foreign edge nodes are stored already. */
export interface KnownSamplesPort {
	/** For each sample whether one of the same series, source time, status and value is stored. */
	samplesKnown(edgeNode: number, device: string, samples: SampleColumns): Promise<readonly boolean[]>;
}
