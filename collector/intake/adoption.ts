// Takes records over from files that lie in the adopt folder: parts that were set aside when another copy of the store
// was put in their place. They go the way of any record, so that nothing is stored twice and all of it is judged.

import type { SampleColumns } from "../../common/contract/samples.ts";
import { SampleColumns as Columns } from "../../common/contract/samples.ts";
import type { Clock } from "../../common/runtime/clock.ts";
import { errorText } from "../../common/runtime/coded-error.ts";
import type { Part } from "../../common/runtime/lifecycle.ts";
import type { AdoptableFile, AdoptableRecord, AdoptPort } from "../adoption-port.ts";
import { foreignEpoch, type KnownSamplesPort } from "../foreign.ts";
import type { EdgeNodeRow, IncomingRecord, Series } from "../pipeline.ts";
import type { CollectorTelemetry } from "../telemetry.ts";

const tellEveryMs = 2_000;

export interface AdoptionOptions {
	readonly files: AdoptPort;
	readonly known: KnownSamplesPort;
	readonly intake: {
		adopt(record: IncomingRecord): Promise<void> | undefined;
		settled(): Promise<void>;
		known(edgeNode: number, epoch: number): { readonly highestOffset: number };
	};
	readonly directory: {
		edgeNode(group: string, edgeNode: string): EdgeNodeRow;
		series(
			...series: [edgeNode: number, device: string, tag: string, datatype: number, eu: string | undefined]
		): Series | undefined;
	};
	readonly clock: Clock;
	readonly telemetry: Pick<CollectorTelemetry, "adopting" | "adopted" | "notAdopted">;
}

/** Ids of a file, by what this store calls them. */
interface Ids {
	readonly edgeNodes: ReadonlyMap<number, number>;
	readonly series: ReadonlyMap<number, number>;
}

interface Found {
	/** Not stored here. */
	readonly news: IncomingRecord[];
	readonly known: number;
	/** Some of their samples are missing. */
	readonly incomplete: number;
	/** Where to read on; undefined at the end. */
	readonly lastSeq: number | undefined;
}

/**
 * Before agents are spoken to: what they no longer hold would be written off otherwise. What fails stays where it is for
 * the next start.
 */
export class Adoption implements Part {
	readonly name = "adoption";
	readonly #options: AdoptionOptions;
	#stopped = false;

	constructor(options: AdoptionOptions) {
		this.#options = options;
	}

	async start(): Promise<void> {
		const { files, telemetry } = this.#options;
		const done: string[] = [];
		for (const file of await files.adoptable()) {
			try {
				if (await this.#take(file)) done.push(file.file);
			} catch (error) {
				telemetry.notAdopted({ file: file.file, reason: errorText(error) });
			}
			if (this.#stopped) return;
		}
		if (done.length > 0) await files.adopted(done);
	}

	stop(): void {
		this.#stopped = true;
	}

	/** Whether everything of a file is stored now. */
	async #take({ file, names, reason = "" }: AdoptableFile): Promise<boolean> {
		const { telemetry, clock, intake } = this.#options;
		const ids = names === undefined ? undefined : this.#idsOf(names);
		if (ids === undefined) {
			telemetry.notAdopted({
				file,
				reason: names === undefined ? reason : "there are too many tags already",
			});
			return false;
		}
		const sums = { records: 0, samples: 0, known: 0, incomplete: 0 };
		let toldMs = clock.monotonicMs();
		for (let seq = 0; ; ) {
			const { news, known, incomplete, lastSeq } = await this.#next(file, seq, ids);
			for (const record of news) {
				sums.samples += record.samples.count;
				await intake.adopt(record);
			}
			sums.records += news.length;
			sums.known += known;
			sums.incomplete += incomplete;
			if (this.#stopped) return false;
			if (lastSeq === undefined) break;
			seq = lastSeq;
			if (clock.monotonicMs() - toldMs < tellEveryMs) continue;
			toldMs = clock.monotonicMs();
			telemetry.adopting({ file, records: sums.records });
		}
		await intake.settled();
		const left = await this.#left(file, ids);
		if (left > 0) telemetry.notAdopted({ file, reason: `${left} records could not be committed` });
		else telemetry.adopted({ file, ...sums });
		return left === 0 && sums.incomplete === 0;
	}

	/** Records of a file that are whole and still not stored. */
	async #left(file: string, ids: Ids): Promise<number> {
		let left = 0;
		for (let seq = 0; ; ) {
			const { news, lastSeq } = await this.#next(file, seq, ids);
			left += news.length;
			if (lastSeq === undefined) return left;
			seq = lastSeq;
		}
	}

	async #next(file: string, afterSeq: number, { edgeNodes, series }: Ids): Promise<Found> {
		const records = await this.#options.files.adoptableRecords(file, afterSeq);
		const mapped = records.map((record) => ({
			...record,
			edgeNode: edgeNodes.get(record.edgeNode) ?? 0,
			samples: withIds(record.samples, series),
		}));
		const places = await this.#options.files.placesKnown(
			mapped.filter(({ epoch }) => epoch !== foreignEpoch),
		);
		const news: IncomingRecord[] = [];
		let [known, incomplete, at] = [0, 0, 0];
		for (const record of mapped) {
			const isForeign = record.epoch === foreignEpoch;
			if (!isForeign && places[at++] === true) known++;
			else if (record.samples.count < record.count) incomplete++;
			else {
				const taken = isForeign ? await this.#foreign(record, news) : incoming(record);
				if (taken === undefined) known++;
				else news.push(taken);
			}
		}
		return { news, known, incomplete, lastSeq: records.at(-1)?.seq };
	}

	/** Offsets of a foreign edge node mean nothing: it gets a new one, with the samples that are not stored. */
	async #foreign(
		record: AdoptableRecord,
		before: readonly IncomingRecord[],
	): Promise<IncomingRecord | undefined> {
		const { edgeNode, device, samples } = record;
		const known = await this.#options.known.samplesKnown(edgeNode, device, samples);
		const left = new Columns(samples.count);
		for (let index = 0; index < samples.count; index++)
			if (known[index] !== true) left.copyFrom(samples, index);
		if (left.count === 0) return undefined;
		const others = before.filter((each) => each.edgeNode === edgeNode && each.epoch === foreignEpoch);
		if (others.length === 0) await this.#options.intake.settled();
		const offset = this.#options.intake.known(edgeNode, foreignEpoch).highestOffset + 1 + others.length;
		return { ...incoming(record), offset, last: offset, samples: left };
	}

	#idsOf(names: NonNullable<AdoptableFile["names"]>): Ids | undefined {
		const { directory } = this.#options;
		const edgeNodes = new Map(
			names.edgeNodes.map(({ id, group, edgeNode }) => [id, directory.edgeNode(group, edgeNode).id]),
		);
		const series = new Map<number, number>();
		for (const { id, edgeNode, device, tag, datatype, eu } of names.series) {
			const own = directory.series(edgeNodes.get(edgeNode) ?? 0, device, tag, datatype, eu);
			if (own === undefined) return undefined;
			series.set(id, own.id);
		}
		return { edgeNodes, series };
	}
}

function incoming({
	edgeNode,
	epoch,
	offset,
	last,
	device,
	samples,
	...record
}: AdoptableRecord): IncomingRecord {
	const { throughMs, hash, receivedMs } = record;
	return {
		...{ edgeNode, epoch, offset, last, device, throughMs, hash, samples, receivedMs },
		...{ historical: true, adopted: true },
	};
}

function withIds(samples: SampleColumns, series: ReadonlyMap<number, number>): SampleColumns {
	for (let index = 0; index < samples.count; index++)
		samples.tagId[index] = series.get(samples.tagId[index] as number) ?? 0;
	return samples;
}
