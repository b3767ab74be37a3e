import { SampleColumns } from "../../common/contract/samples.ts";
import { foreignSpanMs } from "../foreign.ts";
import { samplesPerSeq } from "../pipeline.ts";
import { storedValue } from "./sample-insert.ts";
import type { StoreFile } from "./store-file.ts";

/** Records of a foreign edge node span less than `foreignSpanMs`, so few of them can hold a source time. */
const sql = `
SELECT 1 AS found FROM record r JOIN sample s ON s.pos >= r.seq * ${samplesPerSeq} AND s.pos < (r.seq + 1) * ${samplesPerSeq}
WHERE r.device = ? AND r.source_max_ms BETWEEN ? AND ? AND r.source_min_ms <= ? AND r.edge_node = ?
	AND s.series = ? AND s.source_ms = ? AND s.status = ? AND s.value IS ? LIMIT 1`;

/** For each sample whether an equal one of its series is stored. */
export function readKnownSamples(
	file: StoreFile,
	question: { edgeNode: number; device: string; samples: SampleColumns },
): boolean[] {
	const { edgeNode, device } = question;
	// A SampleColumns loses its class on the way between threads.
	const samples = Object.setPrototypeOf(question.samples, SampleColumns.prototype) as SampleColumns;
	const statement = file.statement(sql);
	const known: boolean[] = [];
	for (let index = 0; index < samples.count; index++) {
		const sourceMs = samples.sourceMs[index] as number;
		const row = statement.get(
			...[device, sourceMs, sourceMs + foreignSpanMs, sourceMs, edgeNode],
			...[samples.tagId[index] as number, sourceMs, samples.status[index] as number],
			storedValue(samples, index),
		);
		known.push(row !== undefined);
	}
	return known;
}
