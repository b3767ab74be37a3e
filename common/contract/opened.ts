/** The tag, of the edge node itself, whose one sample is the first record of every epoch. */
export const openedMetric = "Data/Opened";

/** An opening of a journal: which epoch begins, and the one before with its last offset (zeros: none). */
export interface Opened {
	readonly epoch: number;
	readonly previousEpoch: number;
	readonly previousLast: number;
}

export function encodeOpened(opened: Opened): string {
	return JSON.stringify(opened);
}

/** The opening in a `Data/Opened` sample, or undefined when the text is something else. */
export function decodeOpened(text: string): Opened | undefined {
	try {
		const raw = JSON.parse(text) as Partial<Record<keyof Opened, unknown>> | null;
		const { epoch, previousEpoch, previousLast } = raw ?? {};
		if (
			!Number.isSafeInteger(epoch) ||
			!Number.isSafeInteger(previousEpoch) ||
			!Number.isSafeInteger(previousLast)
		) {
			return undefined;
		}
		return {
			epoch: epoch as number,
			previousEpoch: previousEpoch as number,
			previousLast: previousLast as number,
		};
	} catch {
		return undefined;
	}
}
