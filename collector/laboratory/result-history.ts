import type { LabResult } from "../laboratory-port.ts";

/** What a lot's results come to, and those that count no more. */
export interface CurrentResults {
	/** The highest version of each sample and test. */
	readonly results: readonly LabResult[];
	/** Samples of which two different results have the same highest version. */
	readonly conflicts: readonly {
		readonly sample: string;
		readonly test: string;
		readonly versions: number;
	}[];
}

/** Which of the results count: of each sample and test the highest version, alone. Whatever order they come in. Pure. */
export function currentResults(results: readonly LabResult[]): CurrentResults {
	const counted: LabResult[] = [];
	const conflicts: { sample: string; test: string; versions: number }[] = [];
	for (const one of histories(results)) {
		const [newest, second] = one;
		if (newest === undefined) continue;
		const versions = one.filter(({ version }) => version === newest.version).length;
		if (second?.version === newest.version)
			conflicts.push({ sample: newest.sample, test: newest.test, versions });
		else counted.push(newest);
	}
	return { results: counted, conflicts };
}

/** The results of each sample and test, the highest version first; equal ones in order of their ids. */
function histories(results: readonly LabResult[]): LabResult[][] {
	const bySample = new Map<string, LabResult[]>();
	for (const result of results) {
		const key = JSON.stringify([result.lot, result.material, result.test, result.sample]);
		const known = bySample.get(key);
		if (known === undefined) bySample.set(key, [result]);
		else known.push(result);
	}
	return [...bySample]
		.toSorted(([a], [b]) => (a < b ? -1 : 1))
		.map(([, known]) => known.toSorted((a, b) => b.version - a.version || (a.id < b.id ? -1 : 1)));
}
