import { type LabServerConfig, laboratorySection } from "../../../collector/laboratory-config.ts";
import type { RecordRow, Series } from "../../../collector/pipeline.ts";
import { SampleColumns, type SampleValue } from "../../../common/contract/samples.ts";

export const [server] = laboratorySection.parse([{ device: "L900" }]) as [LabServerConfig];
const tags = server.fields.flatMap(({ name, is }) =>
	is === "repeats" ? [0, 1, 2].map((element) => `Result.${name}[${element}]`) : [`Result.${name}`],
);
export const series: readonly Series[] = ["Heartbeat", ...tags].map((tag, index) => ({
	...{ id: index + 1, edgeNode: 1, device: "L900", tag, datatype: 12, eu: undefined },
}));

export interface Told {
	readonly lot: string;
	readonly test: string;
	readonly value: number;
	readonly repeats: readonly number[];
	readonly atMs: number;
	readonly version?: number;
}

export interface ToldSample {
	readonly series: number;
	readonly atMs: number;
	readonly value: SampleValue;
	readonly status: number;
}

const badNoData = 0x80b10000;

/** The fields of a result, as an agent flattens them: all of them, each time. */
export function samplesOf({ lot, test, value, repeats, atMs, version = 1 }: Told): ToldSample[] {
	const fields: Record<string, SampleValue> = {
		...{ Lot: lot, Sample: `${lot}-S1`, Test: test, Value: value, EngineeringUnit: "um" },
		...{ BelowDetectionLimit: 0, Operator: "lab-1", Instrument: "LD-1", Method: "Laser" },
		...{ DetectionLimit: Number.NaN, SampleTemperature: 25.1, MeasuredTime: atMs - 1, Version: version },
		Reason: "",
		...Object.fromEntries(repeats.map((one, index) => [`Repeats[${index}]`, one])),
	};
	return tags.map((tag, index) => {
		const told = fields[tag.slice("Result.".length)];
		return { series: index + 2, atMs, value: told ?? null, status: told === undefined ? badNoData : 0 };
	});
}

/** Samples cut into records of one epoch, from offset 1; heartbeats are among them. */
export function recordsOf(samples: readonly ToldSample[], cuts: readonly number[], epoch = 7): ToldRecord[] {
	const ends = [...new Set([...cuts, samples.length])].toSorted((a, b) => a - b);
	return ends.map((end, index) => ({
		samples: samples.slice(ends[index - 1] ?? 0, end),
		...{ epoch, offset: index + 1 },
	}));
}

export interface ToldRecord {
	readonly samples: readonly ToldSample[];
	readonly epoch: number;
	readonly offset: number;
}

/** Records as one batch of the intake. */
export function batchOf(records: readonly ToldRecord[], throughMs?: number) {
	const count = records.reduce((sum, { samples }) => sum + samples.length, 0);
	const columns = new SampleColumns(count);
	for (const { samples } of records)
		for (const sample of samples) {
			const index = columns.count++;
			columns.tagId[index] = sample.series;
			columns.sourceMs[index] = sample.atMs;
			columns.status[index] = sample.status;
			columns.setValue(index, sample.value);
		}
	const rows = records.map(
		({ samples, epoch, offset }, index): RecordRow => ({
			...{ seq: index + 1, edgeNode: 1, epoch, offset, last: offset, device: "L900" },
			...{ samples: samples.length, sourceMinMs: 0, sourceMaxMs: 0, throughMs: undefined },
			...{ hash: new Uint8Array(), receivedMs: 1_000 },
		}),
	);
	const throughs = throughMs === undefined ? [] : [{ edgeNode: 1, device: "L900", throughMs }];
	return { records: rows, samples: columns, throughs };
}
