/** What is tested, released and shipped: one to four batches, blended and packed together. */
export interface Lot {
	readonly id: string;
	/** Batches that make it. */
	readonly size: number;
	readonly batches: Batch[];
	/** Counted from 1 for lots that begin after the line did; 0 for those already under way. */
	readonly startedAs: number;
	/** Moisture taken up while packing, beyond the normal, in ppmv hours. */
	moistureDose: number;
}

export interface Batch {
	readonly id: string;
	readonly lot: Lot;
}

export function batchId(number: number): string {
	return `B${String(number).padStart(6, "0")}`;
}

export function lotId(number: number): string {
	return `L${String(number).padStart(5, "0")}`;
}
